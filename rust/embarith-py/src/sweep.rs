//! Transformed queries at many λ.

use embarith_core::sweep::Sweep;
use numpy::{
    IntoPyArray, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2,
    PyUntypedArrayMethods,
};
use pyo3::prelude::*;

use crate::support::{interruptible, option_error, slice};

type Found<'py> = (
    Bound<'py, PyArray3<i64>>,
    Bound<'py, PyArray3<f64>>,
    Bound<'py, PyArray2<i64>>,
);

/// The nearest rows to every query at every λ, from products.
#[pyfunction]
#[pyo3(signature = (bases, steps, base, start, end, own, lams, k))]
#[expect(
    clippy::too_many_arguments,
    reason = "a call from Python passes them by name"
)]
pub fn sweep<'py>(
    py: Python<'py>,
    bases: PyReadonlyArray2<'py, f64>,
    steps: PyReadonlyArray2<'py, f64>,
    base: PyReadonlyArray1<'py, i64>,
    start: PyReadonlyArray1<'py, i64>,
    end: PyReadonlyArray1<'py, i64>,
    own: PyReadonlyArray1<'py, i64>,
    lams: PyReadonlyArray1<'py, f64>,
    k: usize,
) -> PyResult<Found<'py>> {
    let rows = bases.shape()[1];
    if steps.shape()[1] != rows {
        return Err(option_error(format!(
            "products with {rows} and {} rows do not fit",
            steps.shape()[1]
        )));
    }
    let (queries, count) = (base.len(), lams.len());
    let asked = Sweep {
        bases: slice(&bases)?,
        steps: slice(&steps)?,
        rows,
        base: slice(&base)?,
        from: slice(&start)?,
        to: slice(&end)?,
        own: slice(&own)?,
    };
    let lams = slice(&lams)?;
    let found = interruptible(py, None, 0, |control| asked.nearest(lams, k, control))?;
    Ok((
        found.rows.into_pyarray(py).reshape([queries, count, k])?,
        found.scores.into_pyarray(py).reshape([queries, count, k])?,
        found.tied.into_pyarray(py).reshape([queries, count])?,
    ))
}
