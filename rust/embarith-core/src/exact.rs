//! Dot products and lengths in `f64`, in one fixed order of summation.
//!
//! Everything that decides a rank goes through [`dot`]: eight partial sums by position modulo
//! eight, added in a fixed tree. No fused multiply-add, so every instruction set gives the same
//! bits.

use rayon::prelude::*;

use crate::Result;
use crate::control::{Control, pool};
use crate::matrix::Matrix;

const LANES: usize = 8;

/// Dot product of two vectors of equal length.
#[must_use]
#[expect(
    clippy::inline_always,
    reason = "takes on the target features of the kernels that it is inlined into"
)]
#[inline(always)]
pub fn dot<A: Copy + Into<f64>, B: Copy + Into<f64>>(left: &[A], right: &[B]) -> f64 {
    debug_assert_eq!(left.len(), right.len());
    let mut sums = [0.0_f64; LANES];
    let (left_blocks, left_tail) = left.as_chunks::<LANES>();
    let (right_blocks, right_tail) = right.as_chunks::<LANES>();
    for (l, r) in left_blocks.iter().zip(right_blocks) {
        for i in 0..LANES {
            sums[i] += l[i].into() * r[i].into();
        }
    }
    for (i, (l, r)) in left_tail.iter().zip(right_tail).enumerate() {
        sums[i] += (*l).into() * (*r).into();
    }
    ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
}

/// Euclidean length.
#[must_use]
pub fn norm<A: Copy + Into<f64>>(vector: &[A]) -> f64 {
    dot(vector, vector).sqrt()
}

/// Length of every row; not finite exactly where the row holds a value that is not, zero exactly
/// where the row is all zero (squares of `f32` neither overflow nor vanish in `f64`).
///
/// # Errors
///
/// [`crate::Error::Interrupted`] if `control` was cancelled; as [`pool`].
pub fn row_norms(matrix: Matrix<'_>, control: &Control) -> Result<Vec<f64>> {
    let rows = (0..matrix.rows()).into_par_iter().with_min_len(1024);
    let lengths = rows.map(|row| {
        control.check()?;
        Ok(norm(matrix.row(row)))
    });
    pool()?.install(|| lengths.collect())
}
