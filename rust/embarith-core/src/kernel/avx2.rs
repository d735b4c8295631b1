//! AVX2 with FMA: 6 × 16 accumulators fill twelve of the sixteen registers.

use std::arch::x86_64::{
    __m256i, _CMP_GE_OQ, _mm256_add_epi32, _mm256_cmp_ps, _mm256_fmadd_ps, _mm256_loadu_ps,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_movemask_ps, _mm256_mul_ps, _mm256_set1_epi16,
    _mm256_set1_ps,
};

use crate::exact;
use crate::shadow::{QueryScales, Scale};

use super::blend256;
use super::body::{self, Fused};
use super::screen256::{self, AddProducts};
use super::{Codes, Draws, Hit, Kernel, Lanes, Places};

pub(super) const KERNEL: Kernel = Kernel {
    name: "avx2",
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
    // Two products of a row's byte and a query's have to fit sixteen bits: 2 · 255 · 64 < 2¹⁵.
    largest_code: 64,
    screen,
    cos_mul,
    pair_distance,
    add_weighted,
    blend,
};

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

fn dots(atoms: &[f32], tile: &[Lanes], out: &mut [Lanes]) {
    #[target_feature(enable = "avx2,fma")]
    fn inner(atoms: &[f32], tile: &[Lanes], out: &mut [Lanes]) {
        body::dots::<Fused, 6, 16>(atoms, tile, out);
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(atoms, tile, out) }
}

fn dot_rows(vector: &[f32], rows: &[f32], out: &mut [f32]) {
    #[target_feature(enable = "avx2,fma")]
    fn inner(vector: &[f32], rows: &[f32], out: &mut [f32]) {
        body::dot_rows::<Fused, 32>(vector, rows, out);
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(vector, rows, out) }
}

fn dot_exact(left: &[f64], right: &[f32]) -> f64 {
    #[target_feature(enable = "avx2,fma")]
    fn inner(left: &[f64], right: &[f32]) -> f64 {
        exact::dot(left, right)
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(left, right) }
}

fn add_weighted(values: &[f64], weights: &[Draws], sums: &mut [Draws]) {
    #[target_feature(enable = "avx2,fma")]
    fn inner(values: &[f64], weights: &[Draws], sums: &mut [Draws]) {
        body::add_weighted::<4, 8>(values, weights, sums);
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
    #[target_feature(enable = "avx2,fma")]
    fn inner(terms: [&Lanes; 3], weights: [f32; 3], out: &mut Lanes) {
        body::combine::<Fused>(terms, weights, out);
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(terms, weights, out) }
}

fn at_least(lanes: &Lanes, bound: f32) -> u64 {
    #[target_feature(enable = "avx2,fma")]
    fn inner(lanes: &Lanes, bound: f32) -> u64 {
        let bound = _mm256_set1_ps(bound);
        let mut mask = 0;
        for (i, eight) in lanes.as_chunks::<8>().0.iter().enumerate() {
            // SAFETY: `eight` is eight readable floats.
            let values = unsafe { _mm256_loadu_ps(eight.as_ptr()) };
            let bits = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(values, bound));
            mask |= u64::from(bits.cast_unsigned()) << (8 * i);
        }
        mask
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(lanes, bound) }
}

fn reach(cosines: &[Lanes], stride: usize, places: [u32; 3], weights: [f32; 3], bound: f32) -> u16 {
    #[target_feature(enable = "avx2,fma")]
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
    #[target_feature(enable = "avx2,fma")]
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
    #[target_feature(enable = "avx2,fma")]
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
    #[target_feature(enable = "avx2,fma")]
    fn inner(terms: [&Lanes; 3], epsilon: f32, error: f32, lower: &mut Lanes, upper: &mut Lanes) {
        body::cos_mul(terms, epsilon, error, lower, upper);
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(terms, epsilon, error, lower, upper) }
}

fn pair_distance(terms: [&Lanes; 3], fixed: f32, error: f32, lower: &mut Lanes, upper: &mut Lanes) {
    #[target_feature(enable = "avx2,fma")]
    fn inner(terms: [&Lanes; 3], fixed: f32, error: f32, lower: &mut Lanes, upper: &mut Lanes) {
        body::pair_distance(terms, fixed, error, lower, upper);
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(terms, fixed, error, lower, upper) }
}

fn sift(terms: [&Lanes; 3], weights: [f32; 3], bounds: [f32; 3]) -> [u64; 3] {
    #[target_feature(enable = "avx2,fma")]
    fn inner(terms: [&Lanes; 3], weights: [f32; 3], bounds: [f32; 3]) -> [u64; 3] {
        let weights = weights.map(|weight| _mm256_set1_ps(weight));
        let bounds = bounds.map(|bound| _mm256_set1_ps(bound));
        let [first, second, third] = terms.map(|term| term.as_chunks::<8>().0);
        let mut masks = [0; 3];
        for (i, ((first, second), third)) in first.iter().zip(second).zip(third).enumerate() {
            // SAFETY: each chunk is eight readable floats.
            let [first, second, third] =
                [first, second, third].map(|eight| unsafe { _mm256_loadu_ps(eight.as_ptr()) });
            let sum = _mm256_mul_ps(first, weights[0]);
            let sum = _mm256_fmadd_ps(second, weights[1], sum);
            let sum = _mm256_fmadd_ps(third, weights[2], sum);
            for (mask, bound) in masks.iter_mut().zip(bounds) {
                let bits = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(sum, bound));
                *mask |= u64::from(bits.cast_unsigned()) << (8 * i);
            }
        }
        masks
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(terms, weights, bounds) }
}

fn limits(queries: &QueryScales, tile: Scale, bounds: &[f32], limits: &mut [i32]) {
    #[target_feature(enable = "avx2,fma")]
    fn inner(queries: &QueryScales, tile: Scale, bounds: &[f32], limits: &mut [i32]) {
        queries.limits(tile, bounds, limits);
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(queries, tile, bounds, limits) }
}

struct Pairs;

impl AddProducts for Pairs {
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn add_products(sums: __m256i, rows: __m256i, query: __m256i) -> __m256i {
        let pairs = _mm256_maddubs_epi16(rows, query);
        _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
    }
}

fn screen(codes: &[Codes], next: &[Codes], queries: &[i8], limits: &[i32], hit: Hit<'_>) {
    #[target_feature(enable = "avx2")]
    fn inner(codes: &[Codes], next: &[Codes], queries: &[i8], limits: &[i32], hit: Hit<'_>) {
        // SAFETY: these are the features that it needs.
        unsafe { screen256::screen::<Pairs>(codes, next, queries, limits, hit) }
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(codes, next, queries, limits, hit) }
}
