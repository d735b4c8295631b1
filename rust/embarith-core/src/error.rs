//! The one error type of this crate; every message carries the values at fault.

/// What can go wrong in the core.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An array whose shape does not fit the others.
    #[error("{0}")]
    Shape(String),
    /// A vector or weight so short or long that squares of it leave the range of `f64`.
    #[error(
        "{0} has size {1:e}; lengths from 1e-100 to 1e100 and weights from 1e-30 to 1e30 can be \
         compared"
    )]
    Size(String, f64),
    /// A row that is zero or not finite and so has no direction.
    #[error("row {0} is zero or not finite and has no direction")]
    Direction(usize),
    /// A row whose length is not the one that was taken when the table was checked.
    #[error("row {0} was changed since it was checked")]
    Changed(usize),
    /// More memory than there is.
    #[error("no memory for {0} bytes")]
    Memory(usize),
    /// An instruction set that is unknown or that the CPU lacks.
    #[error("{0}")]
    InstructionSet(String),
    /// A saved shadow that cannot be used.
    #[error("{0}")]
    Shadow(String),
    /// What the file system said of a file that was to be written.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// A number of threads that is not an integer from 1 to 1,024.
    #[error("EMBARITH_THREADS={0:?}; expected an integer from 1 to 1024")]
    Threads(String),
    /// Threads that the system does not give.
    #[error("the system gives no threads: {0}")]
    NoThreads(String),
    /// A file of word vectors with a fault.
    #[error(transparent)]
    Vectors(#[from] crate::vectors_io::Fault),
    /// A computation stopped because the caller asked for it (Ctrl-C).
    #[error("interrupted")]
    Interrupted,
}

/// An empty vector with room for `count` values; a refusal would otherwise end the process.
pub(crate) fn room<T>(count: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    match values.try_reserve_exact(count) {
        Ok(()) => Ok(values),
        Err(_) => Err(Error::Memory(count.saturating_mul(size_of::<T>()))),
    }
}

/// The result of this crate's fallible functions.
pub type Result<T> = std::result::Result<T, Error>;
