//! AVX-512 (F, BW, VNNI): 6 queries by 64 rows of accumulators fill twenty-four of the thirty-two
//! registers, in `f32` as in 8-bit integers.

use std::arch::x86_64::{
    __m512i, _CMP_GE_OQ, _mm512_cmp_ps_mask, _mm512_cmpge_epi32_mask, _mm512_dpbusd_epi32,
    _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_max_epi32, _mm512_mul_ps,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_si512, _mm512_storeu_si512,
};

use crate::exact;
use crate::shadow::{QueryScales, Scale};

use super::body::{self, Fused};
use super::{Codes, Draws, GROUP, Hit, Kernel, Lanes, Places, TILE, blend256, fetch};

pub(super) const KERNEL: Kernel = Kernel {
    name: "avx512",
    dots,
    dot_rows,
    dot_exact,
    combine,
    at_least,
    reach,
    count,
    reach_cos_mul,
    sift,
    limits,
    largest_code: i8::MAX,
    screen,
    cos_mul,
    pair_distance,
    add_weighted,
    blend,
};

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vnni")
}

fn dots(atoms: &[f32], tile: &[Lanes], out: &mut [Lanes]) {
    #[target_feature(enable = "avx512f")]
    fn inner(atoms: &[f32], tile: &[Lanes], out: &mut [Lanes]) {
        body::dots::<Fused, 6, 64>(atoms, tile, out);
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(atoms, tile, out) }
}

fn dot_rows(vector: &[f32], rows: &[f32], out: &mut [f32]) {
    #[target_feature(enable = "avx512f")]
    fn inner(vector: &[f32], rows: &[f32], out: &mut [f32]) {
        body::dot_rows::<Fused, 64>(vector, rows, out);
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(vector, rows, out) }
}

fn dot_exact(left: &[f64], right: &[f32]) -> f64 {
    #[target_feature(enable = "avx512f")]
    fn inner(left: &[f64], right: &[f32]) -> f64 {
        exact::dot(left, right)
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(left, right) }
}

fn add_weighted(values: &[f64], weights: &[Draws], sums: &mut [Draws]) {
    #[target_feature(enable = "avx512f")]
    fn inner(values: &[f64], weights: &[Draws], sums: &mut [Draws]) {
        body::add_weighted::<4, 32>(values, weights, sums);
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(values, weights, sums) }
}

fn blend(source: &[u8], stride: usize, places: Places<'_>, out: &mut [u8]) {
    #[target_feature(enable = "avx2")]
    fn inner(source: &[u8], stride: usize, places: Places<'_>, out: &mut [u8]) {
        // SAFETY: this is the feature that it needs.
        unsafe { blend256::blend(source, stride, places, out) }
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(source, stride, places, out) }
}

fn combine(terms: [&Lanes; 3], weights: [f32; 3], out: &mut Lanes) {
    #[target_feature(enable = "avx512f")]
    fn inner(terms: [&Lanes; 3], weights: [f32; 3], out: &mut Lanes) {
        body::combine::<Fused>(terms, weights, out);
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(terms, weights, out) }
}

fn at_least(lanes: &Lanes, bound: f32) -> u64 {
    #[target_feature(enable = "avx512f")]
    fn inner(lanes: &Lanes, bound: f32) -> u64 {
        let bound = _mm512_set1_ps(bound);
        let mut mask = 0;
        for (i, sixteen) in lanes.as_chunks::<16>().0.iter().enumerate() {
            // SAFETY: `sixteen` is sixteen readable floats.
            let values = unsafe { _mm512_loadu_ps(sixteen.as_ptr()) };
            mask |= u64::from(_mm512_cmp_ps_mask::<_CMP_GE_OQ>(values, bound)) << (16 * i);
        }
        mask
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(lanes, bound) }
}

fn reach(cosines: &[Lanes], stride: usize, places: [u32; 3], weights: [f32; 3], bound: f32) -> u16 {
    #[target_feature(enable = "avx512f")]
    fn inner(
        cosines: &[Lanes],
        stride: usize,
        places: [u32; 3],
        weights: [f32; 3],
        bound: f32,
    ) -> u16 {
        body::reach::<Fused>(cosines, stride, places, weights, bound)
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(cosines, stride, places, weights, bound) }
}

fn count(
    cosines: &[Lanes],
    stride: usize,
    places: [u32; 3],
    weights: [f32; 3],
    bounds: [f32; 2],
) -> (u32, u16) {
    #[target_feature(enable = "avx512f")]
    fn inner(
        cosines: &[Lanes],
        stride: usize,
        places: [u32; 3],
        weights: [f32; 3],
        bounds: [f32; 2],
    ) -> (u32, u16) {
        body::count::<Fused>(cosines, stride, places, weights, bounds)
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(cosines, stride, places, weights, bounds) }
}

fn reach_cos_mul(
    cosines: &[Lanes],
    stride: usize,
    places: [u32; 3],
    epsilon: f32,
    error: f32,
    bound: f32,
) -> u16 {
    #[target_feature(enable = "avx512f")]
    fn inner(
        cosines: &[Lanes],
        stride: usize,
        places: [u32; 3],
        epsilon: f32,
        error: f32,
        bound: f32,
    ) -> u16 {
        body::reach_cos_mul(cosines, stride, places, epsilon, error, bound)
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(cosines, stride, places, epsilon, error, bound) }
}

fn cos_mul(terms: [&Lanes; 3], epsilon: f32, error: f32, lower: &mut Lanes, upper: &mut Lanes) {
    #[target_feature(enable = "avx512f")]
    fn inner(terms: [&Lanes; 3], epsilon: f32, error: f32, lower: &mut Lanes, upper: &mut Lanes) {
        body::cos_mul(terms, epsilon, error, lower, upper);
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(terms, epsilon, error, lower, upper) }
}

fn pair_distance(terms: [&Lanes; 3], fixed: f32, error: f32, lower: &mut Lanes, upper: &mut Lanes) {
    #[target_feature(enable = "avx512f")]
    fn inner(terms: [&Lanes; 3], fixed: f32, error: f32, lower: &mut Lanes, upper: &mut Lanes) {
        body::pair_distance(terms, fixed, error, lower, upper);
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(terms, fixed, error, lower, upper) }
}

fn sift(terms: [&Lanes; 3], weights: [f32; 3], bounds: [f32; 3]) -> [u64; 3] {
    #[target_feature(enable = "avx512f")]
    fn inner(terms: [&Lanes; 3], weights: [f32; 3], bounds: [f32; 3]) -> [u64; 3] {
        let weights = weights.map(|weight| _mm512_set1_ps(weight));
        let bounds = bounds.map(|bound| _mm512_set1_ps(bound));
        let [first, second, third] = terms.map(|term| term.as_chunks::<16>().0);
        let mut masks = [0; 3];
        for (i, ((first, second), third)) in first.iter().zip(second).zip(third).enumerate() {
            // SAFETY: each chunk is sixteen readable floats.
            let [first, second, third] =
                [first, second, third].map(|sixteen| unsafe { _mm512_loadu_ps(sixteen.as_ptr()) });
            let sum = _mm512_mul_ps(first, weights[0]);
            let sum = _mm512_fmadd_ps(second, weights[1], sum);
            let sum = _mm512_fmadd_ps(third, weights[2], sum);
            for (mask, bound) in masks.iter_mut().zip(bounds) {
                let bits = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(sum, bound);
                *mask |= u64::from(bits) << (16 * i);
            }
        }
        masks
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(terms, weights, bounds) }
}

fn limits(queries: &QueryScales, tile: Scale, bounds: &[f32], limits: &mut [i32]) {
    #[target_feature(enable = "avx512f,avx512bw")]
    fn inner(queries: &QueryScales, tile: Scale, bounds: &[f32], limits: &mut [i32]) {
        queries.limits(tile, bounds, limits);
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(queries, tile, bounds, limits) }
}

fn screen(codes: &[Codes], next: &[Codes], queries: &[i8], limits: &[i32], hit: Hit<'_>) {
    const BLOCK: usize = 6;

    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn block<const QUERIES: usize>(
        codes: &[Codes],
        queries: &[[i8; GROUP]],
        limits: &[i32],
        first: usize,
        hit: Hit<'_>,
    ) {
        let queries: [&[[i8; GROUP]]; QUERIES] =
            std::array::from_fn(|i| &queries[(first + i) * codes.len()..][..codes.len()]);
        let mut sums = [[_mm512_setzero_si512(); TILE / 16]; QUERIES];
        for (group, codes) in codes.iter().enumerate() {
            let (rows, _) = codes.as_chunks::<64>();
            let rows: [__m512i; TILE / 16] = std::array::from_fn(|i| {
                // SAFETY: a chunk is sixty-four readable bytes.
                unsafe { _mm512_loadu_si512(rows[i].as_ptr().cast()) }
            });
            for (sums, query) in sums.iter_mut().zip(&queries) {
                // SAFETY: every query has as many groups as the tile; a check would take a port
                // that the products need.
                let query = unsafe { query.get_unchecked(group) }.map(i8::cast_unsigned);
                let query = _mm512_set1_epi32(i32::from_le_bytes(query));
                for (sum, &rows) in sums.iter_mut().zip(&rows) {
                    *sum = _mm512_dpbusd_epi32(*sum, rows, query);
                }
            }
        }
        for (number, sums) in sums.iter().enumerate() {
            let best = _mm512_max_epi32(
                _mm512_max_epi32(sums[0], sums[1]),
                _mm512_max_epi32(sums[2], sums[3]),
            );
            let limit = _mm512_set1_epi32(limits[first + number]);
            if _mm512_cmpge_epi32_mask(best, limit) != 0 {
                let (mut out, mut rows) = ([0; TILE], 0);
                let outs = out.as_chunks_mut::<16>().0.iter_mut();
                for (i, (out, &sum)) in outs.zip(sums).enumerate() {
                    rows |= u64::from(_mm512_cmpge_epi32_mask(sum, limit)) << (16 * i);
                    // SAFETY: a chunk is sixteen writable integers.
                    unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), sum) };
                }
                hit(first + number, rows, &out);
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
                3 => block::<3>(codes, queries, limits, first, hit),
                4 => block::<4>(codes, queries, limits, first, hit),
                5 => block::<5>(codes, queries, limits, first, hit),
                _ => block::<BLOCK>(codes, queries, limits, first, hit),
            }
        }
    }
}
