//! The hot core of embarith: exact cosine search over large tables, gold ranks, rank correlation,
//! resampling and word-vector parsing. Pure Rust; it knows no Python.
//!
//! A search has two stages. The first estimates every row's score, in `f32` or from a [`shadow`]
//! of 8-bit integers, and keeps the rows that a proven error bound cannot rule out; the second
//! scores those in `f64`, in one fixed order of summation. Answers are therefore the same for every
//! instruction set, number of threads and batch size. See [`search`].

pub mod control;
pub mod error;
pub mod exact;
pub mod kernel;
pub mod labels;
pub mod matrix;
pub mod norms;
pub mod pages;
pub mod photograph;
pub mod random;
pub mod rank;
pub mod resampling;
pub mod score;
pub mod search;
mod select;
pub mod shadow;
pub mod sweep;
pub mod vectors_io;

pub use control::{Control, pool};
pub use error::{Error, Result};
pub use matrix::Matrix;
pub use norms::Norms;
