//! Rows by label, over the buffers of an Arrow array.

use embarith_core::labels::{LabelIndex as Index, Labels};
use numpy::{IntoPyArray, PyArray1, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::support::interruptible;

/// Row numbers by label; the labels stay where Arrow holds them.
#[pyclass(frozen, module = "embarith._core")]
pub struct LabelIndex {
    offsets: Py<PyArray1<i32>>,
    text: Py<PyArray1<u8>>,
    index: Index,
}

#[pymethods]
impl LabelIndex {
    #[new]
    fn new(offsets: PyReadonlyArray1<'_, i32>, text: PyReadonlyArray1<'_, u8>) -> PyResult<Self> {
        let labels = Labels::new(offsets.as_slice()?, text.as_slice()?);
        let index = interruptible(offsets.py(), None, 0, |control| Index::new(labels, control))?;
        Ok(Self {
            index,
            offsets: offsets.as_any().clone().cast_into()?.unbind(),
            text: text.as_any().clone().cast_into()?.unbind(),
        })
    }

    /// How many labels differ from each other.
    fn __len__(&self) -> usize {
        self.index.distinct()
    }

    /// Row of every label, −1 where there is none.
    fn rows<'py>(
        &self,
        py: Python<'py>,
        labels: Vec<Bound<'py, PyString>>,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let (offsets, text) = (
            self.offsets.bind(py).readonly(),
            self.text.bind(py).readonly(),
        );
        let held = Labels::new(offsets.as_slice()?, text.as_slice()?);
        let rows: Vec<i64> = labels
            .iter()
            .map(|label| {
                // What is no UTF-8 (a lone surrogate) is no label.
                let found = label
                    .to_str()
                    .ok()
                    .and_then(|text| self.index.find(held, text.as_bytes()));
                found.map_or(-1, |row| row as i64)
            })
            .collect();
        Ok(rows.into_pyarray(py))
    }
}
