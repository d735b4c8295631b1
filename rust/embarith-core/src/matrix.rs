//! A borrowed row-major matrix whose shape is checked once.

use crate::{Error, Result};

/// A borrowed, contiguous, row-major matrix of `f32`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    data: &'a [f32],
    dim: usize,
}

impl<'a> Matrix<'a> {
    /// Wraps `data` as rows of `dim` values.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `dim` is zero or does not divide the length of `data`.
    pub fn new(data: &'a [f32], dim: usize) -> Result<Self> {
        if dim == 0 || !data.len().is_multiple_of(dim) {
            return Err(Error::Shape(format!(
                "{} values do not make rows of {dim}",
                data.len()
            )));
        }
        Ok(Self { data, dim })
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.data.len() / self.dim
    }

    /// Values a row.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// One row.
    #[must_use]
    pub fn row(&self, index: usize) -> &'a [f32] {
        &self.data[index * self.dim..][..self.dim]
    }

    /// Several rows, one after the other.
    #[must_use]
    pub fn run(&self, start: usize, count: usize) -> &'a [f32] {
        &self.data[start * self.dim..][..count * self.dim]
    }
}
