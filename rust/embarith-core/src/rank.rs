//! Average ranks with ties, and Spearman's rank correlation from them.
//!
//! Ranks are kept doubled and centred, `2·rank − (d + 1)`: small integers even for ties, so sums
//! of their products are exact.

use rayon::prelude::*;

use crate::control::Control;
use crate::pages::zeros;
use crate::{Error, Result, exact, pool};

/// A value's place in the order of all values, as an integer; −0 equals 0.
fn ordered(value: impl Into<f64>) -> u64 {
    // Adding zero turns −0 into 0; the sign bit then orders negatives below positives.
    let bits = (value.into() + 0.0_f64).to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

/// Doubled, centred average ranks of one row, written to `out`.
///
/// What is sorted is one integer a value, its column in place of the last bits, which compares
/// faster than a pair. Few values differ in those bits alone, and they are sorted once more.
pub(crate) fn centered_row<T: Copy + Into<f64>>(row: &[T], keys: &mut Vec<u64>, out: &mut [f32]) {
    let columns = row.len().next_power_of_two() as u64 - 1;
    let value_of = |key: &u64| ordered(row[(key & columns) as usize]);
    keys.clear();
    keys.extend(
        (0..)
            .zip(row)
            .map(|(column, &value)| ordered(value) & !columns | column),
    );
    keys.sort_unstable();
    let mut start = 0;
    let mut share = |group: &[u64]| {
        let doubled = (2 * start + group.len()) as f32 - row.len() as f32;
        for key in group {
            out[(key & columns) as usize] = doubled;
        }
        start += group.len();
    };
    for near in keys.chunk_by_mut(|left, right| (left ^ right) & !columns == 0) {
        let Some((first, others)) = near.split_first() else {
            continue;
        };
        let value = value_of(first);
        if others.iter().all(|key| value_of(key) == value) {
            share(near);
        } else {
            near.sort_unstable_by_key(value_of);
            near.chunk_by(|left, right| value_of(left) == value_of(right))
                .for_each(&mut share);
        }
    }
}

/// Doubled, centred average ranks of every row of `data`, rows of `dim` values that are not NaN.
///
/// # Errors
///
/// [`Error::Shape`] for data that is no whole number of rows; [`Error::Memory`] for more of it than
/// there is room for; [`Error::Interrupted`] if `control` was cancelled; as [`pool`].
pub fn centered_ranks<T: Copy + Into<f64> + Sync>(
    data: &[T],
    dim: usize,
    control: &Control,
) -> Result<Vec<f32>> {
    check(data, dim)?;
    let mut out = zeros(data.len())?;
    pool()?.install(|| {
        out.par_chunks_exact_mut(dim)
            .zip(data.par_chunks_exact(dim))
            .with_min_len(64)
            .try_for_each_init(Vec::new, |keys, (out, row)| {
                centered_row(row, keys, out);
                control.check()
            })
    })?;
    Ok(out)
}

/// Spearman's rank correlation of row i of `left` with row i of `right`; NaN for a row that is
/// constant or holds NaN.
///
/// # Errors
///
/// [`Error::Shape`] for data that is no whole number of rows; [`Error::Interrupted`] if `control`
/// was cancelled; as [`pool`].
pub fn spearman<T: Copy + Into<f64> + Sync>(
    left: &[T],
    right: &[T],
    dim: usize,
    control: &Control,
) -> Result<Vec<f64>> {
    check(left, dim)?;
    check(right, dim)?;
    let rows = left
        .par_chunks_exact(dim)
        .zip(right.par_chunks_exact(dim))
        .with_min_len(64)
        .map_init(
            || (Vec::new(), vec![0.0; dim], vec![0.0; dim]),
            |(keys, x, y), (left, right)| {
                control.check()?;
                if left.iter().chain(right).any(|&value| value.into().is_nan()) {
                    return Ok(f64::NAN);
                }
                centered_row(left, keys, x);
                centered_row(right, keys, y);
                Ok(exact::dot(x, y) / (exact::dot(x, x) * exact::dot(y, y)).sqrt())
            },
        );
    pool()?.install(|| rows.collect())
}

fn check<T>(data: &[T], dim: usize) -> Result<()> {
    if dim == 0 || !data.len().is_multiple_of(dim) {
        return Err(Error::Shape(format!(
            "{} values in rows of {dim}",
            data.len()
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_the_mean_of_their_ranks() {
        let doubled =
            centered_ranks(&[3.0, -0.0, 0.0, -1.5, 3.0, 3.0], 6, &Control::default()).unwrap();
        assert_eq!(doubled, [3.0, -2.0, -2.0, -5.0, 3.0, 3.0]);
    }

    #[test]
    fn values_that_differ_in_the_last_bit_are_no_tie() {
        let next = |value: f64| value.next_up();
        let row = [next(1.0), 1.0, -1.0, next(next(1.0)), next(-1.0), 1.0];
        let doubled = centered_ranks(&row, 6, &Control::default()).unwrap();
        assert_eq!(doubled, [3.0, 0.0, -5.0, 5.0, -3.0, 0.0]);
    }

    #[test]
    fn ranking_can_be_stopped() {
        let control = Control::default();
        control.cancel();
        assert!(matches!(
            centered_ranks(&[1.0, 2.0], 2, &control),
            Err(Error::Interrupted)
        ));
        let rho = spearman(&[1.0, 2.0], &[1.0, 2.0], 2, &control);
        assert!(matches!(rho, Err(Error::Interrupted)));
    }

    #[test]
    fn spearman_is_one_for_any_increasing_change() {
        let x: Vec<f64> = (0..50).map(|i| f64::from(i * 37 % 50)).collect();
        let y: Vec<f64> = x.iter().map(|v| v.exp()).collect();
        let rho = |x: &[f64], y: &[f64]| spearman(x, y, x.len(), &Control::default());
        assert_eq!(rho(&x, &y).unwrap(), [1.0]);
        assert!(rho(&[1.0, 1.0], &[1.0, 2.0]).unwrap()[0].is_nan());
        assert!(rho(&[1.0, f64::NAN], &[1.0, 2.0]).unwrap()[0].is_nan());
        assert!(rho(&[], &[]).is_err());
    }
}
