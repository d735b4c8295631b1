//! Weighted sums of rows of bytes on 256-bit registers, which AVX2 and the sets above it share.

#![expect(
    clippy::inline_always,
    reason = "these take on the target features of the function they are inlined into"
)]

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_packus_epi16,
    _mm256_packus_epi32, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_slli_epi32,
    _mm256_srai_epi32, _mm256_storeu_si256, _mm256_unpackhi_epi8, _mm256_unpacklo_epi8,
};

use super::{FRACTION, Places, Taps, body};

/// Bytes a block.
const BLOCK: usize = 32;

/// [`super::Kernel::blend`].
///
/// # Safety
///
/// The CPU has AVX2.
#[inline(always)]
pub(super) unsafe fn blend(source: &[u8], stride: usize, places: Places<'_>, out: &mut [u8]) {
    if stride < BLOCK {
        body::blend(source, stride, places, out);
        return;
    }
    for ((first, taps), out) in places.iter().zip(out.chunks_exact_mut(stride)) {
        let rows = &source[first * stride..(first + places.width) * stride];
        for start in (0..stride).step_by(BLOCK) {
            // The last block begins within the one before it.
            let start = start.min(stride - BLOCK);
            // SAFETY: a block ends within its row; AVX2 is there, as the caller says.
            unsafe {
                let sums = block(rows.as_ptr().add(start), stride, places.width, taps);
                _mm256_storeu_si256(out[start..start + BLOCK].as_mut_ptr().cast(), sums);
            }
        }
    }
}

/// The sums of 32 columns.
///
/// # Safety
///
/// The CPU has AVX2, and 32 bytes can be read at `rows`, as in each of the next `width` rows.
#[inline(always)]
unsafe fn block(rows: *const u8, stride: usize, width: usize, taps: &[Taps]) -> __m256i {
    // SAFETY: as the caller says.
    unsafe {
        let zero = _mm256_setzero_si256();
        // Four registers of eight columns each, of the weights' upper parts and of their lower.
        let mut high = [zero; 4];
        let mut low = [_mm256_set1_epi32(1 << (FRACTION - 1)); 4];
        for (pair, taps) in taps.iter().enumerate() {
            let upper = 2 * pair;
            // Of an odd number of rows the last one stands in for the next, with a weight of zero.
            let lower = (upper + 1).min(width - 1);
            let [upper, lower] =
                [upper, lower].map(|row| _mm256_loadu_si256(rows.add(row * stride).cast()));
            let left = _mm256_unpacklo_epi8(upper, lower);
            let right = _mm256_unpackhi_epi8(upper, lower);
            let pairs = [
                _mm256_unpacklo_epi8(left, zero),
                _mm256_unpackhi_epi8(left, zero),
                _mm256_unpacklo_epi8(right, zero),
                _mm256_unpackhi_epi8(right, zero),
            ];
            let (upper, lower) = (_mm256_set1_epi32(taps.high), _mm256_set1_epi32(taps.low));
            for (at, pairs) in pairs.into_iter().enumerate() {
                high[at] = _mm256_add_epi32(high[at], _mm256_madd_epi16(pairs, upper));
                low[at] = _mm256_add_epi32(low[at], _mm256_madd_epi16(pairs, lower));
            }
        }
        let sums: [__m256i; 4] = std::array::from_fn(|at| {
            let high = _mm256_slli_epi32::<{ Taps::SPLIT as i32 }>(high[at]);
            _mm256_srai_epi32::<{ FRACTION as i32 }>(_mm256_add_epi32(high, low[at]))
        });
        // Packing holds to the range and puts the columns back in their order.
        _mm256_packus_epi16(
            _mm256_packus_epi32(sums[0], sums[1]),
            _mm256_packus_epi32(sums[2], sums[3]),
        )
    }
}
