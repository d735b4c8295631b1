//! AVX-512F: 6 × 64 accumulators fill twenty-four of the thirty-two registers.

use std::arch::x86_64::{
    _CMP_GE_OQ, _mm512_cmp_ps_mask, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_mul_ps, _mm512_set1_ps,
};

use super::body::{self, Fused};
use super::{Kernel, Lanes};

pub(super) const KERNEL: Kernel = Kernel {
    name: "avx512",
    dots,
    dot,
    combine,
    at_least,
    reach,
    reach_cos_mul,
    sift,
    cos_mul,
    pair_distance,
};

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f")
}

fn dots(atoms: &[f32], tile: &[f32], out: &mut [Lanes]) {
    #[target_feature(enable = "avx512f")]
    fn inner(atoms: &[f32], tile: &[f32], out: &mut [Lanes]) {
        body::dots::<Fused, 6, 64>(atoms, tile, out);
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(atoms, tile, out) }
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    #[target_feature(enable = "avx512f")]
    fn inner(left: &[f32], right: &[f32]) -> f32 {
        body::dot::<Fused, 64>(left, right)
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(left, right) }
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
