//! The hot core of embarith: exact cosine search over large tables, gold ranks, rank correlation
//! and word-vector parsing. Pure Rust; it knows no Python.

pub mod error;
pub mod vectors_io;

pub use error::{Error, Result};
