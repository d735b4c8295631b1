//! Plain Rust for any CPU; compilers turn it into the baseline's vectors (SSE2, NEON).

use crate::exact;
use crate::shadow::{QueryScales, Scale};

use super::body::{self, Separate};
use super::{Codes, Draws, GROUP, Hit, Kernel, Lanes, TILE};

pub(super) const KERNEL: Kernel = Kernel {
    name: "portable",
    dots,
    dot_rows,
    dot_exact: exact::dot,
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
    blend: body::blend,
};

fn dots(atoms: &[f32], tile: &[Lanes], out: &mut [Lanes]) {
    body::dots::<Separate, 2, 16>(atoms, tile, out);
}

fn dot_rows(vector: &[f32], rows: &[f32], out: &mut [f32]) {
    body::dot_rows::<Separate, 16>(vector, rows, out);
}

fn add_weighted(values: &[f64], weights: &[Draws], sums: &mut [Draws]) {
    body::add_weighted::<2, 8>(values, weights, sums);
}

fn combine(terms: [&Lanes; 3], weights: [f32; 3], out: &mut Lanes) {
    body::combine::<Separate>(terms, weights, out);
}

fn at_least(lanes: &Lanes, bound: f32) -> u64 {
    let mut mask = 0;
    for (lane, &value) in lanes.iter().enumerate() {
        mask |= u64::from(value >= bound) << lane;
    }
    mask
}

fn reach(cosines: &[Lanes], stride: usize, places: [u32; 3], weights: [f32; 3], bound: f32) -> u16 {
    body::reach::<Separate>(cosines, stride, places, weights, bound)
}

fn count(
    cosines: &[Lanes],
    stride: usize,
    places: [u32; 3],
    weights: [f32; 3],
    bounds: [f32; 2],
) -> (u32, u16) {
    body::count::<Separate>(cosines, stride, places, weights, bounds)
}

fn reach_cos_mul(
    cosines: &[Lanes],
    stride: usize,
    places: [u32; 3],
    epsilon: f32,
    error: f32,
    bound: f32,
) -> u16 {
    body::reach_cos_mul(cosines, stride, places, epsilon, error, bound)
}

fn cos_mul(terms: [&Lanes; 3], epsilon: f32, error: f32, lower: &mut Lanes, upper: &mut Lanes) {
    body::cos_mul(terms, epsilon, error, lower, upper);
}

fn pair_distance(terms: [&Lanes; 3], fixed: f32, error: f32, lower: &mut Lanes, upper: &mut Lanes) {
    body::pair_distance(terms, fixed, error, lower, upper);
}

fn sift(terms: [&Lanes; 3], weights: [f32; 3], bounds: [f32; 3]) -> [u64; 3] {
    let mut sums = Lanes::splat(0.0);
    combine(terms, weights, &mut sums);
    bounds.map(|bound| at_least(&sums, bound))
}

fn limits(queries: &QueryScales, tile: Scale, bounds: &[f32], limits: &mut [i32]) {
    queries.limits(tile, bounds, limits);
}

fn screen(codes: &[Codes], _next: &[Codes], queries: &[i8], limits: &[i32], hit: Hit<'_>) {
    for (number, limit) in limits.iter().enumerate() {
        let query = &queries[number * codes.len() * GROUP..][..codes.len() * GROUP];
        let mut sums = [0; TILE];
        for (group, query) in codes.iter().zip(query.as_chunks::<GROUP>().0) {
            for (sum, codes) in sums.iter_mut().zip(group.as_chunks::<GROUP>().0) {
                for (&code, &value) in codes.iter().zip(query) {
                    *sum += i32::from(code) * i32::from(value);
                }
            }
        }
        let reaching = |(row, sum)| u64::from(sum >= limit) << row;
        let rows = sums.iter().enumerate().map(reaching).sum();
        if rows != 0 {
            hit(number, rows, &sums);
        }
    }
}
