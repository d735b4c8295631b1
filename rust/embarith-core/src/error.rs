//! The one error type of this crate; every message carries the values at fault.

/// What can go wrong in the core.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An array whose shape does not fit the others.
    #[error("{0}")]
    Shape(String),
    /// A row that is zero or not finite and so has no direction.
    #[error("row {0} is zero or not finite and has no direction")]
    Direction(usize),
    /// An instruction set that is unknown or that the CPU lacks.
    #[error("{0}")]
    InstructionSet(String),
    /// A saved shadow that cannot be used.
    #[error("{0}")]
    Shadow(String),
    /// A number of threads that is not an integer from 1 to 1,024.
    #[error("EMBARITH_THREADS={0:?}; expected an integer from 1 to 1024")]
    Threads(String),
    /// A file of word vectors with a fault.
    #[error(transparent)]
    Vectors(#[from] crate::vectors_io::Fault),
    /// A computation stopped because the caller asked for it (Ctrl-C).
    #[error("interrupted")]
    Interrupted,
}

/// The result of this crate's fallible functions.
pub type Result<T> = std::result::Result<T, Error>;
