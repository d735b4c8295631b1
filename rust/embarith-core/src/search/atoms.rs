//! The vectors that questions are made of, taken as they lie and widened a pass at a time.

use super::Table;
use crate::rank::centered_row;
use crate::{Error, Result, exact};

/// The vectors that questions are made of.
#[derive(Clone, Copy, Debug)]
pub enum Atoms<'a> {
    /// Row-major, of the table's dimension.
    Single(&'a [f32]),
    /// Likewise.
    Double(&'a [f64]),
    /// Rows of the table.
    Rows(&'a [i64]),
}

impl Atoms<'_> {
    /// How many there are.
    #[must_use]
    pub fn count(&self, dim: usize) -> usize {
        match self {
            Self::Single(values) => values.len() / dim,
            Self::Double(values) => values.len() / dim,
            Self::Rows(rows) => rows.len(),
        }
    }

    /// Checks that they are vectors of `table`'s dimension, or rows of it, and of lengths whose
    /// squares stay in the range of `f64`, also in sums that all but cancel. Ranks always are.
    pub(super) fn check(&self, table: &Table<'_>, ranked: bool) -> Result<()> {
        let (rows, dim) = (table.matrix().rows(), table.matrix().dim());
        let values = match self {
            Self::Single(values) => values.len(),
            Self::Double(values) => values.len(),
            Self::Rows(places) => {
                let absent = places.iter().find(|row| !(0..rows as i64).contains(*row));
                return match absent {
                    Some(row) => Err(Error::Shape(format!("row {row} of a table of {rows} rows"))),
                    None => Ok(()),
                };
            }
        };
        if !values.is_multiple_of(dim) {
            return Err(Error::Shape(format!("{values} values in rows of {dim}")));
        }
        match self {
            Self::Single(values) if !ranked => check_lengths(values, dim),
            Self::Double(values) if !ranked => check_lengths(values, dim),
            _ => Ok(()),
        }
    }

    /// Writes an atom, or its ranks, to `out`.
    pub(super) fn load(
        &self,
        table: &Table<'_>,
        place: usize,
        ranked: bool,
        out: &mut [f64],
    ) -> Result<()> {
        let dim = out.len();
        match self {
            Self::Single(values) => widen(&values[place * dim..][..dim], ranked, out),
            Self::Double(values) => widen(&values[place * dim..][..dim], ranked, out),
            Self::Rows(rows) => {
                let row = rows[place] as usize;
                let values = table.matrix().row(row);
                if exact::norm(values) != table.norms()[row] {
                    return Err(Error::Changed(row));
                }
                widen(values, ranked, out);
            }
        }
        Ok(())
    }
}

fn widen<T: Copy + Into<f64>>(values: &[T], ranked: bool, out: &mut [f64]) {
    if ranked {
        let mut ranks = vec![0.0; values.len()];
        centered_row(values, &mut Vec::new(), &mut ranks);
        return widen(&ranks, false, out);
    }
    for (out, &value) in out.iter_mut().zip(values) {
        *out = value.into();
    }
}

fn check_lengths<T: Copy + Into<f64>>(values: &[T], dim: usize) -> Result<()> {
    for (place, atom) in values.chunks_exact(dim).enumerate() {
        let length = exact::norm(atom);
        let sizes = atom.iter().map(|&value| value.into().abs());
        let largest = sizes.fold(0.0, f64::max);
        if !(1e-100..=1e100).contains(&length) && largest > 0.0 || length.is_nan() {
            // Of squares that may have left the range, which the length must not.
            let scaled: Vec<f64> = atom.iter().map(|&value| value.into() / largest).collect();
            return Err(Error::Size(
                format!("query {place}"),
                largest * exact::norm(&scaled),
            ));
        }
    }
    Ok(())
}
