//! Ranks and rank correlation over the rows of arrays.

use embarith_core::{Control, rank};
use numpy::{
    Element, IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray2,
    PyUntypedArrayMethods,
};
use pyo3::prelude::*;

use crate::support::{interruptible, option_error, slice};

/// Rows of either float type.
#[derive(FromPyObject)]
pub enum Rows<'py> {
    /// float32.
    #[pyo3(transparent)]
    Single(PyReadonlyArray2<'py, f32>),
    /// float64.
    #[pyo3(transparent)]
    Double(PyReadonlyArray2<'py, f64>),
}

impl Rows<'_> {
    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Single(rows) => rows.shape()[0],
            Self::Double(rows) => rows.shape()[0],
        }
    }
}

/// Doubled, centred average ranks of every row.
#[pyfunction]
pub fn centered_ranks<'py>(py: Python<'py>, x: Rows<'py>) -> PyResult<Bound<'py, PyArray2<f32>>> {
    match &x {
        Rows::Single(x) => by_row(py, x, rank::centered_ranks),
        Rows::Double(x) => by_row(py, x, rank::centered_ranks),
    }
}

/// Spearman's rank correlation, row by row.
#[pyfunction]
pub fn spearman<'py>(
    py: Python<'py>,
    x: PyReadonlyArray2<'py, f64>,
    y: PyReadonlyArray2<'py, f64>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    if x.shape() != y.shape() {
        return Err(option_error(format!(
            "shapes {:?} and {:?} differ",
            x.shape(),
            y.shape()
        )));
    }
    let (left, right, dim) = (slice(&x)?, slice(&y)?, x.shape()[1]);
    let rho = interruptible(py, None, 0, |control| {
        rank::spearman(left, right, dim, control)
    })?;
    Ok(rho.into_pyarray(py))
}

fn by_row<'py, T: Element + Sync, U: Element>(
    py: Python<'py>,
    x: &PyReadonlyArray2<'py, T>,
    ranks: impl FnOnce(&[T], usize, &Control) -> embarith_core::Result<Vec<U>> + Send,
) -> PyResult<Bound<'py, PyArray2<U>>> {
    let (data, shape) = (slice(x)?, [x.shape()[0], x.shape()[1]]);
    let found = interruptible(py, None, 0, |control| ranks(data, shape[1], control))?;
    found.into_pyarray(py).reshape(shape)
}
