//! Average ranks with ties, and Spearman's rank correlation from them.
//!
//! Ranks are kept doubled and centred, `2·rank − (d + 1)`: small integers even for ties, so sums
//! of their products are exact and the correlation has a single rounding.

use rayon::prelude::*;

use crate::{Result, exact, pool};

/// Doubled, centred average ranks of one row, written to `out`.
fn centered_row<T: Copy + Into<f64>>(row: &[T], keys: &mut Vec<(u64, u32)>, out: &mut [f32]) {
    keys.clear();
    keys.extend(row.iter().zip(0..).map(|(&value, column)| {
        // Adding zero turns −0 into 0; the sign bit then orders negatives below positives.
        let bits = (value.into() + 0.0_f64).to_bits();
        let ordered = if bits >> 63 == 1 {
            !bits
        } else {
            bits | 1 << 63
        };
        (ordered, column)
    }));
    keys.sort_unstable();
    let offset = row.len() + 1;
    let mut start = 0;
    for group in keys.chunk_by(|left, right| left.0 == right.0) {
        let end = start + group.len();
        let doubled = (start + 1 + end) as f32 - offset as f32;
        for &(_, column) in group {
            out[column as usize] = doubled;
        }
        start = end;
    }
}

/// Doubled, centred average ranks of every row of `data`, rows of `dim` values.
///
/// # Errors
///
/// As [`pool`].
pub fn centered_ranks<T: Copy + Into<f64> + Sync>(data: &[T], dim: usize) -> Result<Vec<f32>> {
    let mut out = vec![0.0; data.len()];
    pool()?.install(|| {
        out.par_chunks_exact_mut(dim)
            .zip(data.par_chunks_exact(dim))
            .with_min_len(64)
            .for_each_init(Vec::new, |keys, (out, row)| centered_row(row, keys, out));
    });
    Ok(out)
}

/// Spearman's rank correlation of row i of `left` with row i of `right`; NaN for a constant row.
///
/// # Errors
///
/// As [`pool`].
pub fn spearman<T: Copy + Into<f64> + Sync>(
    left: &[T],
    right: &[T],
    dim: usize,
) -> Result<Vec<f64>> {
    let rows = left
        .par_chunks_exact(dim)
        .zip(right.par_chunks_exact(dim))
        .with_min_len(64)
        .map_init(
            || (Vec::new(), vec![0.0; dim], vec![0.0; dim]),
            |(keys, x, y), (left, right)| {
                centered_row(left, keys, x);
                centered_row(right, keys, y);
                exact::dot(x, y) / (exact::dot(x, x) * exact::dot(y, y)).sqrt()
            },
        );
    Ok(pool()?.install(|| rows.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_the_mean_of_their_ranks() {
        let doubled = centered_ranks(&[3.0, -0.0, 0.0, -1.5, 3.0, 3.0], 6).unwrap();
        assert_eq!(doubled, [3.0, -2.0, -2.0, -5.0, 3.0, 3.0]);
    }

    #[test]
    fn spearman_is_one_for_any_increasing_change() {
        let x: Vec<f64> = (0..50).map(|i| f64::from(i * 37 % 50)).collect();
        let y: Vec<f64> = x.iter().map(|v| v.exp()).collect();
        assert_eq!(spearman(&x, &y, 50).unwrap(), [1.0]);
        assert!(spearman(&[1.0, 1.0], &[1.0, 2.0], 2).unwrap()[0].is_nan());
    }
}
