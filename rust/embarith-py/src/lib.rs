//! `embarith._core`: extract, check, release the GIL, call the core, wrap; nothing else.

#![expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands arguments over by value"
)]

mod labels;
mod photograph;
mod rank;
mod resampling;
mod search;
mod support;
mod sweep;
mod vectors_io;

/// The compiled core of embarith.
#[pyo3::pymodule]
mod _core {
    use pyo3::prelude::*;

    use crate::support::to_python;

    #[pymodule_export]
    use crate::labels::LabelIndex;
    #[pymodule_export]
    use crate::photograph::photograph_to_tensor;
    #[pymodule_export]
    use crate::rank::{centered_ranks, spearman};
    #[pymodule_export]
    use crate::resampling::{permuted_hits, weighted_sums};
    #[pymodule_export]
    use crate::search::{Searcher, row_norms};
    #[pymodule_export]
    use crate::sweep::sweep;
    #[pymodule_export]
    use crate::vectors_io::{parse_words, read_words};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }

    /// Name of the instruction set in use.
    #[pyfunction]
    fn isa() -> PyResult<&'static str> {
        Ok(embarith_core::kernel::kernel().map_err(to_python)?.name)
    }

    /// Number of threads in use.
    #[pyfunction]
    fn threads() -> PyResult<usize> {
        Ok(embarith_core::pool()
            .map_err(to_python)?
            .current_num_threads())
    }
}
