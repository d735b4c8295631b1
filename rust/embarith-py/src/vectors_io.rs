//! Word-vector files as `NumPy` arrays.

use std::path::PathBuf;

use embarith_core::vectors_io::{self, Options, Utf8, Words};
use embarith_core::{Control, Error, pool};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::support::{interruptible, to_python};

/// Layout, label offsets, label bytes, vectors (n, d) and the number of rows dropped.
type Arrays<'py> = (
    &'static str,
    Bound<'py, PyArray1<i32>>,
    Bound<'py, PyArray1<u8>>,
    Bound<'py, PyArray2<f32>>,
    usize,
);

#[pyfunction]
#[pyo3(signature = (path, *, limit=None, errors="strict", drop_bad=false))]
pub fn read_words<'py>(
    py: Python<'py>,
    path: PathBuf,
    limit: Option<usize>,
    errors: &str,
    drop_bad: bool,
) -> PyResult<Arrays<'py>> {
    let options = Options {
        limit,
        utf8: utf8(errors)?,
        drop_bad,
    };
    arrays(py, |control| vectors_io::read(&path, &options, control))
}

#[pyfunction]
#[pyo3(signature = (data, *, limit=None, errors="strict", drop_bad=false))]
pub fn parse_words<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyBytes>,
    limit: Option<usize>,
    errors: &str,
    drop_bad: bool,
) -> PyResult<Arrays<'py>> {
    let options = Options {
        limit,
        utf8: utf8(errors)?,
        drop_bad,
    };
    let bytes = data.as_bytes();
    arrays(py, |control| vectors_io::parse(bytes, &options, control))
}

fn utf8(errors: &str) -> PyResult<Utf8> {
    match errors {
        "strict" => Ok(Utf8::Strict),
        "replace" => Ok(Utf8::Replace),
        "ignore" => Ok(Utf8::Ignore),
        other => Err(PyValueError::new_err(format!(
            "errors={other:?}: use strict, replace or ignore"
        ))),
    }
}

fn arrays(
    py: Python<'_>,
    words: impl FnOnce(&Control) -> Result<Words, Error> + Send,
) -> PyResult<Arrays<'_>> {
    let pool = pool().map_err(to_python)?;
    let Words {
        layout,
        labels,
        vectors,
        dimensions,
        dropped,
    } = interruptible(py, None, 0, |control| pool.install(|| words(control)))?;
    let shape = [labels.len(), dimensions];
    let vectors = vectors.into_pyarray(py).reshape(shape)?;
    let (offsets, bytes) = (
        labels.offsets.into_pyarray(py),
        labels.bytes.into_pyarray(py),
    );
    Ok((layout.name(), offsets, bytes, vectors, dropped))
}
