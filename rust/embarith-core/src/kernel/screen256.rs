//! The 8-bit kernel on 256-bit registers, which AVX2 and AVX-VNNI share.

#![expect(
    clippy::inline_always,
    reason = "these take on the target features of the function they are inlined into"
)]

use std::arch::x86_64::{
    __m256i, _mm256_castsi256_ps, _mm256_cmpgt_epi32, _mm256_loadu_si256, _mm256_movemask_ps,
    _mm256_set1_epi32, _mm256_setzero_si256, _mm256_storeu_si256,
};

use super::{Codes, GROUP, Hit, TILE, fetch};

/// How an instruction set multiplies rows' unsigned codes with a query's signed ones and adds the
/// four products of each row to its sum.
pub(super) trait AddProducts {
    /// # Safety
    ///
    /// The CPU has the instructions.
    unsafe fn add_products(sums: __m256i, rows: __m256i, query: __m256i) -> __m256i;
}

/// Queries a block: with two registers of rows, as many sums as the sixteen registers hold.
pub(super) const BLOCK: usize = 6;
/// Rows a step.
const ROWS: usize = 16;

/// [`super::Screen`].
///
/// # Safety
///
/// The CPU has AVX2 and what `P` needs.
#[inline(always)]
pub(super) unsafe fn screen<P: AddProducts>(
    codes: &[Codes],
    next: &[Codes],
    queries: &[i8],
    limits: &[i32],
    hit: Hit<'_>,
) {
    let (queries, _) = queries.as_chunks();
    let blocks = limits.len().div_ceil(BLOCK);
    for number in 0..blocks {
        let first = number * BLOCK;
        fetch(next, number, blocks);
        // SAFETY: as the caller says.
        unsafe {
            match limits.len() - first {
                1 => block::<P, 1>(codes, queries, limits, first, hit),
                2 => block::<P, 2>(codes, queries, limits, first, hit),
                3 => block::<P, 3>(codes, queries, limits, first, hit),
                4 => block::<P, 4>(codes, queries, limits, first, hit),
                5 => block::<P, 5>(codes, queries, limits, first, hit),
                _ => block::<P, BLOCK>(codes, queries, limits, first, hit),
            }
        }
    }
}

#[inline(always)]
unsafe fn block<P: AddProducts, const QUERIES: usize>(
    codes: &[Codes],
    queries: &[[i8; GROUP]],
    limits: &[i32],
    first: usize,
    hit: Hit<'_>,
) {
    let queries: [&[[i8; GROUP]]; QUERIES] =
        std::array::from_fn(|i| &queries[(first + i) * codes.len()..][..codes.len()]);
    let mut out = [[0; TILE]; QUERIES];
    // SAFETY: as the caller says; chunks are as long as what is loaded and stored.
    unsafe {
        for start in (0..TILE).step_by(ROWS) {
            let mut sums = [[_mm256_setzero_si256(); ROWS / 8]; QUERIES];
            for (group, codes) in codes.iter().enumerate() {
                let (rows, _) = codes[start * GROUP..].as_chunks::<32>();
                let rows: [__m256i; ROWS / 8] =
                    std::array::from_fn(|i| _mm256_loadu_si256(rows[i].as_ptr().cast()));
                for (sums, query) in sums.iter_mut().zip(&queries) {
                    // Every query has as many groups as the tile; a check would take a port that
                    // the products need.
                    let query = query.get_unchecked(group).map(i8::cast_unsigned);
                    let query = _mm256_set1_epi32(i32::from_le_bytes(query));
                    for (sum, &rows) in sums.iter_mut().zip(&rows) {
                        *sum = P::add_products(*sum, rows, query);
                    }
                }
            }
            for (out, sums) in out.iter_mut().zip(&sums) {
                let (out, _) = out[start..].as_chunks_mut::<8>();
                for (out, &sum) in out.iter_mut().zip(sums) {
                    _mm256_storeu_si256(out.as_mut_ptr().cast(), sum);
                }
            }
        }
        for (number, sums) in out.iter().enumerate() {
            let limit = _mm256_set1_epi32(limits[first + number]);
            let mut below = 0;
            for (i, eight) in sums.as_chunks::<8>().0.iter().enumerate() {
                let less = _mm256_cmpgt_epi32(limit, _mm256_loadu_si256(eight.as_ptr().cast()));
                let less = _mm256_movemask_ps(_mm256_castsi256_ps(less));
                below |= u64::from(less.cast_unsigned()) << (8 * i);
            }
            if below != u64::MAX {
                hit(first + number, !below, sums);
            }
        }
    }
}
