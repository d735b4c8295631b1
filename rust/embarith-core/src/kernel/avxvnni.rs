//! AVX-VNNI: the 8-bit kernel on 256-bit registers, the rest as in AVX2.

use std::arch::x86_64::{
    __m256i, _mm256_dpbusd_avx_epi32, _mm256_loadu_si256, _mm256_set1_epi32, _mm256_setzero_si256,
    _mm256_storeu_si256,
};

use super::{Codes, GROUP, Kernel, Sums, TILE, avx2, fetch};

pub(super) const KERNEL: Kernel = Kernel {
    name: "avxvnni",
    screen,
    ..avx2::KERNEL
};

pub(super) fn is_available() -> bool {
    avx2::is_available() && is_x86_feature_detected!("avxvnni")
}

/// Rows a step: four registers of eight sums, for each of three queries.
const ROWS: usize = 32;
const BLOCK: usize = 3;

fn screen(
    codes: &[Codes],
    next: &[Codes],
    queries: &[i8],
    limits: &[i32],
    hit: &mut dyn FnMut(usize, &Sums),
) {
    #[target_feature(enable = "avx2,avxvnni")]
    fn block<const QUERIES: usize>(
        codes: &[Codes],
        queries: &[[i8; GROUP]],
        limits: &[i32],
        first: usize,
        hit: &mut dyn FnMut(usize, &Sums),
    ) {
        let queries: [&[[i8; GROUP]]; QUERIES] =
            std::array::from_fn(|i| &queries[(first + i) * codes.len()..][..codes.len()]);
        let mut out = [[0; TILE]; QUERIES];
        for start in (0..TILE).step_by(ROWS) {
            let mut sums = [[_mm256_setzero_si256(); ROWS / 8]; QUERIES];
            for (group, codes) in codes.iter().enumerate() {
                let (rows, _) = codes[start * GROUP..].as_chunks::<32>();
                let rows: [__m256i; ROWS / 8] = std::array::from_fn(|i| {
                    // SAFETY: a chunk is thirty-two readable bytes.
                    unsafe { _mm256_loadu_si256(rows[i].as_ptr().cast()) }
                });
                for (sums, query) in sums.iter_mut().zip(&queries) {
                    let query = i32::from_le_bytes(query[group].map(i8::cast_unsigned));
                    let query = _mm256_set1_epi32(query);
                    for (sum, &rows) in sums.iter_mut().zip(&rows) {
                        *sum = _mm256_dpbusd_avx_epi32(*sum, rows, query);
                    }
                }
            }
            for (out, sums) in out.iter_mut().zip(&sums) {
                let (out, _) = out[start..].as_chunks_mut::<8>();
                for (out, &sum) in out.iter_mut().zip(sums) {
                    // SAFETY: a chunk is eight writable integers.
                    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), sum) };
                }
            }
        }
        for (number, sums) in out.iter().enumerate() {
            let limit = limits[first + number];
            if sums.iter().fold(i32::MIN, |most, &sum| most.max(sum)) >= limit {
                hit(first + number, sums);
            }
        }
    }

    let (queries, _) = queries.as_chunks();
    let blocks = limits.len().div_ceil(BLOCK);
    for number in 0..blocks {
        let first = number * BLOCK;
        fetch(next, number, blocks);
        // SAFETY: a kernel of this file is reachable only after `is_available`.
        unsafe {
            match limits.len() - first {
                1 => block::<1>(codes, queries, limits, first, hit),
                2 => block::<2>(codes, queries, limits, first, hit),
                _ => block::<BLOCK>(codes, queries, limits, first, hit),
            }
        }
    }
}
