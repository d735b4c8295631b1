//! AVX-VNNI: one instruction for four products of bytes, the rest as in AVX2.

use std::arch::x86_64::{__m256i, _mm256_dpbusd_avx_epi32};

use super::screen256::{self, AddProducts};
use super::{Codes, Hit, Kernel, avx2};

pub(super) const KERNEL: Kernel = Kernel {
    name: "avxvnni",
    largest_code: i8::MAX,
    screen,
    ..avx2::KERNEL
};

pub(super) fn is_available() -> bool {
    avx2::is_available() && is_x86_feature_detected!("avxvnni")
}

struct Vnni;

impl AddProducts for Vnni {
    #[inline]
    #[target_feature(enable = "avx2,avxvnni")]
    unsafe fn add_products(sums: __m256i, rows: __m256i, query: __m256i) -> __m256i {
        _mm256_dpbusd_avx_epi32(sums, rows, query)
    }
}

fn screen(codes: &[Codes], next: &[Codes], queries: &[i8], limits: &[i32], hit: Hit<'_>) {
    #[target_feature(enable = "avx2,avxvnni")]
    fn inner(codes: &[Codes], next: &[Codes], queries: &[i8], limits: &[i32], hit: Hit<'_>) {
        // SAFETY: these are the features that it needs.
        unsafe { screen256::screen::<Vnni>(codes, next, queries, limits, hit) }
    }
    // SAFETY: a kernel of this file is reachable only after `is_available`.
    unsafe { inner(codes, next, queries, limits, hit) }
}
