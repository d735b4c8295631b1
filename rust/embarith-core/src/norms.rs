//! The lengths of a matrix's rows, checked once.

use crate::matrix::Matrix;
use crate::{Control, Error, Result, exact};

/// Length of every row: finite and not zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Norms {
    values: Vec<f64>,
    fits_f32: bool,
}

impl Norms {
    /// Computes the lengths of the rows of `matrix`.
    ///
    /// # Errors
    ///
    /// [`Error::Direction`] for a row that is zero or not finite, [`Error::Shape`] for more rows than
    /// 32 bits count, [`Error::Interrupted`] if `control` was cancelled.
    pub fn of(matrix: Matrix<'_>, control: &Control) -> Result<Self> {
        Self::new(exact::row_norms(matrix, control)?)
    }

    /// Takes lengths that [`exact::row_norms`] computed before.
    ///
    /// # Errors
    ///
    /// As [`Norms::of`].
    pub fn new(values: Vec<f64>) -> Result<Self> {
        if values.len() > u32::MAX as usize {
            return Err(Error::Shape(format!(
                "{} rows; 32 bits count fewer",
                values.len()
            )));
        }
        if let Some(row) = values.iter().position(|norm| !norm.is_normal()) {
            return Err(Error::Direction(row));
        }
        let fits_f32 = values.iter().all(|norm| (1e-15..1e15).contains(norm));
        Ok(Self { values, fits_f32 })
    }

    /// Compares lengths that were saved with the rows as they are now.
    ///
    /// # Errors
    ///
    /// [`Error::Changed`] for a row of another length, [`Error::Interrupted`] if `control` was
    /// cancelled.
    pub fn check(&self, matrix: Matrix<'_>, control: &Control) -> Result<()> {
        let now = exact::row_norms(matrix, control)?;
        match now
            .iter()
            .zip(&self.values)
            .position(|(now, norm)| now != norm)
        {
            Some(row) => Err(Error::Changed(row)),
            None => Ok(()),
        }
    }

    /// The lengths.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Whether dot products of rows with unit vectors neither overflow nor vanish in `f32`.
    pub(crate) fn fits_f32(&self) -> bool {
        self.fits_f32
    }
}
