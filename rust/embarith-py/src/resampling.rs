//! The loops of the crossed bootstrap and of the permutation null.

use embarith_core::random::Key;
use embarith_core::resampling::{Answered, Crossed, count};
use numpy::{
    IntoPyArray, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2,
    PyUntypedArrayMethods,
};
use pyo3::prelude::*;

use crate::support::{interruptible, slice, to_python};

/// Sums of values, weighed by products of exponential weights, by draw, relation and column.
#[pyfunction]
#[pyo3(signature = (values, first, second, relation, *, draws, key, progress))]
#[expect(
    clippy::too_many_arguments,
    reason = "a call from Python passes them by name"
)]
pub fn weighted_sums<'py>(
    py: Python<'py>,
    values: PyReadonlyArray2<'py, f64>,
    first: PyReadonlyArray1<'py, i64>,
    second: PyReadonlyArray1<'py, i64>,
    relation: PyReadonlyArray1<'py, i64>,
    draws: usize,
    key: Key,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyArray3<f64>>> {
    let crossed = Crossed {
        values: slice(&values)?,
        columns: values.shape()[1],
        units: [slice(&first)?, slice(&second)?],
        relation: slice(&relation)?,
    };
    let relations = count(crossed.relation).map_err(to_python)?;
    let sums = interruptible(py, progress.as_ref(), draws as u64, |control| {
        crossed.weighted_sums(draws, key, control)
    })?;
    sums.into_pyarray(py)
        .reshape([draws, relations, crossed.columns])
}

/// Right answers by relation and draw, the right ones permuted within relations.
#[pyfunction]
#[pyo3(signature = (answers, gold, relation, *, draws, key))]
pub fn permuted_hits<'py>(
    py: Python<'py>,
    answers: PyReadonlyArray1<'py, i64>,
    gold: PyReadonlyArray2<'py, i64>,
    relation: PyReadonlyArray1<'py, i64>,
    draws: usize,
    key: Key,
) -> PyResult<Bound<'py, PyArray2<i64>>> {
    let answered = Answered {
        answers: slice(&answers)?,
        gold: slice(&gold)?,
        relation: slice(&relation)?,
    };
    let relations = count(answered.relation).map_err(to_python)?;
    let hits = interruptible(py, None, 0, |control| {
        answered.permuted_hits(draws, key, control)
    })?;
    hits.into_pyarray(py).reshape([relations, draws])
}
