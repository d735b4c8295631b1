//! `embarith._core`: extract, check, release the GIL, call the core, wrap; nothing else.

mod vectors_io;

/// The compiled core of embarith.
#[pyo3::pymodule]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::vectors_io::{parse_words, read_words};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
