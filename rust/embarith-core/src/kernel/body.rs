//! The kernels as plain loops over fixed-size arrays.
//!
//! Each instruction-set file instantiates these under its own target features with the block
//! sizes that fill its registers; the compiler does the rest.

#![expect(
    clippy::inline_always,
    reason = "these take on the target features of the function they are inlined into"
)]

use super::{DRAWS, Draws, FRACTION, Lanes, Places, TILE, Taps};

/// How an instruction set multiplies and adds.
pub(super) trait MulAdd {
    fn mul_add(a: f32, b: f32, sum: f32) -> f32;
}

/// Two roundings; for instruction sets without a fused form.
pub(super) struct Separate;

/// One rounding.
#[cfg(target_arch = "x86_64")]
pub(super) struct Fused;

impl MulAdd for Separate {
    #[inline(always)]
    fn mul_add(a: f32, b: f32, sum: f32) -> f32 {
        a * b + sum
    }
}

#[cfg(target_arch = "x86_64")]
impl MulAdd for Fused {
    #[inline(always)]
    fn mul_add(a: f32, b: f32, sum: f32) -> f32 {
        a.mul_add(b, sum)
    }
}

/// `ATOMS` atoms by `LANES` lanes of accumulators stay in registers over the whole dimension.
#[inline(always)]
fn block<M: MulAdd, const ATOMS: usize, const LANES: usize>(
    atoms: [&[f32]; ATOMS],
    tile: &[Lanes],
    lane: usize,
    out: &mut [Lanes],
) {
    let mut sums = [[0.0_f32; LANES]; ATOMS];
    for (i, row) in tile.iter().enumerate() {
        let row: &[f32; LANES] = row[lane..].first_chunk().expect("LANES divides TILE");
        for (sum, atom) in sums.iter_mut().zip(&atoms) {
            let value = atom[i];
            for (lane, &x) in sum.iter_mut().zip(row) {
                *lane = M::mul_add(value, x, *lane);
            }
        }
    }
    for (target, sum) in out.iter_mut().zip(&sums) {
        target[lane..lane + LANES].copy_from_slice(sum);
    }
}

#[inline(always)]
pub(super) fn dots<M: MulAdd, const ATOMS: usize, const LANES: usize>(
    atoms: &[f32],
    tile: &[Lanes],
    out: &mut [Lanes],
) {
    let dim = tile.len();
    assert_eq!(atoms.len(), dim * out.len());
    let mut done = 0;
    while done + ATOMS <= out.len() {
        let block_atoms: [&[f32]; ATOMS] =
            std::array::from_fn(|r| &atoms[(done + r) * dim..][..dim]);
        for lane in (0..TILE).step_by(LANES) {
            block::<M, ATOMS, LANES>(block_atoms, tile, lane, &mut out[done..done + ATOMS]);
        }
        done += ATOMS;
    }
    for atom in done..out.len() {
        for lane in (0..TILE).step_by(LANES) {
            let one = [&atoms[atom * dim..][..dim]];
            block::<M, 1, LANES>(one, tile, lane, &mut out[atom..=atom]);
        }
    }
}

#[inline(always)]
pub(super) fn dot_rows<M: MulAdd, const LANES: usize>(
    vector: &[f32],
    rows: &[f32],
    out: &mut [f32],
) {
    assert_eq!(rows.len(), vector.len() * out.len());
    for (row, sum) in out.iter_mut().enumerate() {
        *sum = dot::<M, LANES>(vector, &rows[row * vector.len()..][..vector.len()]);
    }
}

#[inline(always)]
fn dot<M: MulAdd, const LANES: usize>(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let rest = add_blocks::<M, LANES, LANES>(left, right, &mut sums);
    // Vectors of words are often shorter than all lanes together.
    let rest = add_blocks::<M, LANES, 16>(rest.0, rest.1, &mut sums);
    let rest = add_blocks::<M, LANES, 4>(rest.0, rest.1, &mut sums);
    add_blocks::<M, LANES, 1>(rest.0, rest.1, &mut sums);
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            sums[i] += sums[i + width];
        }
    }
    sums[0]
}

/// Adds products to the first `BLOCK` lanes while there are as many; returns what is left.
#[inline(always)]
fn add_blocks<'a, M: MulAdd, const LANES: usize, const BLOCK: usize>(
    left: &'a [f32],
    right: &'a [f32],
    sums: &mut [f32; LANES],
) -> (&'a [f32], &'a [f32]) {
    let (left, left_rest) = left.as_chunks::<BLOCK>();
    let (right, right_rest) = right.as_chunks::<BLOCK>();
    for (l, r) in left.iter().zip(right) {
        for i in 0..BLOCK {
            sums[i] = M::mul_add(l[i], r[i], sums[i]);
        }
    }
    (left_rest, right_rest)
}

#[inline(always)]
pub(super) fn combine<M: MulAdd>(terms: [&Lanes; 3], weights: [f32; 3], out: &mut Lanes) {
    for lane in 0..TILE {
        let first = terms[0][lane] * weights[0];
        let second = M::mul_add(terms[1][lane], weights[1], first);
        out[lane] = M::mul_add(terms[2][lane], weights[2], second);
    }
}

/// Marks the tiles in which `score` of any lane is at least `bound`.
///
/// Looks for the largest lane of each tile: a maximum costs less than a mask.
#[inline(always)]
fn any_reaches(
    cosines: &[Lanes],
    stride: usize,
    places: [u32; 3],
    bound: f32,
    score: impl Fn([f32; 3]) -> f32,
) -> u16 {
    let mut tiles = 0;
    for (number, tile) in cosines.chunks_exact(stride).enumerate() {
        let [first, second, third] = places.map(|place| tile[place as usize].as_chunks::<16>().0);
        let mut best = [f32::NEG_INFINITY; 16];
        for ((first, second), third) in first.iter().zip(second).zip(third) {
            for (i, best) in best.iter_mut().enumerate() {
                let score = score([first[i], second[i], third[i]]);
                *best = if score > *best { score } else { *best };
            }
        }
        let reached = best
            .iter()
            .fold(0, |any, &score| any | u16::from(score >= bound));
        tiles |= reached << number;
    }
    tiles
}

#[inline(always)]
pub(super) fn reach<M: MulAdd>(
    cosines: &[Lanes],
    stride: usize,
    places: [u32; 3],
    weights: [f32; 3],
    bound: f32,
) -> u16 {
    any_reaches(cosines, stride, places, bound, |terms| {
        let sum = M::mul_add(terms[1], weights[1], terms[0] * weights[0]);
        M::mul_add(terms[2], weights[2], sum)
    })
}

/// Counts the lanes that are at least the first bound, and marks the tiles in which a lane lies
/// between the second bound and the first.
#[inline(always)]
pub(super) fn count<M: MulAdd>(
    cosines: &[Lanes],
    stride: usize,
    places: [u32; 3],
    weights: [f32; 3],
    [surely, perhaps]: [f32; 2],
) -> (u32, u16) {
    let (mut above, mut open) = ([0_u32; 16], 0);
    for (number, tile) in cosines.chunks_exact(stride).enumerate() {
        let [first, second, third] = places.map(|place| tile[place as usize].as_chunks::<16>().0);
        let mut between = [0_u32; 16];
        for ((first, second), third) in first.iter().zip(second).zip(third) {
            for i in 0..16 {
                let sum = M::mul_add(second[i], weights[1], first[i] * weights[0]);
                let sum = M::mul_add(third[i], weights[2], sum);
                above[i] += u32::from(sum >= surely);
                between[i] |= u32::from(sum >= perhaps) & u32::from(sum < surely);
            }
        }
        open |= u16::from(between.iter().fold(0, |any, lane| any | lane) != 0) << number;
    }
    (above.iter().sum(), open)
}

/// Compares the numerator of the upper bound that [`cos_mul`] gives with `bound` times its
/// denominator, which saves the division.
#[inline(always)]
pub(super) fn reach_cos_mul(
    cosines: &[Lanes],
    stride: usize,
    places: [u32; 3],
    epsilon: f32,
    error: f32,
    bound: f32,
) -> u16 {
    let half = 0.5 * error + 1e-7;
    any_reaches(cosines, stride, places, 0.0, |[b, c, a]| {
        let (b, c, a) = (0.5 + 0.5 * b, 0.5 + 0.5 * c, 0.5 + 0.5 * a);
        let product = (b + half) * (c + half) * (1.0 + 2e-6);
        product - bound * (positive(a - half) + epsilon)
    })
}

/// Bounds of `3CosMul` from cosines that are each within `error` of the exact ones.
#[inline(always)]
pub(super) fn cos_mul(
    [b, c, a]: [&Lanes; 3],
    epsilon: f32,
    error: f32,
    lower: &mut Lanes,
    upper: &mut Lanes,
) {
    // Shifting to [0, 1] halves the error; the last factors cover the rounding of this formula.
    let half = 0.5 * error + 1e-7;
    for lane in 0..TILE {
        let (b, c, a) = (
            0.5 + 0.5 * b[lane],
            0.5 + 0.5 * c[lane],
            0.5 + 0.5 * a[lane],
        );
        upper[lane] = (b + half) * (c + half) / (positive(a - half) + epsilon) * (1.0 + 1e-6);
        lower[lane] = positive(b - half) * positive(c - half) / (a + half + epsilon) * (1.0 - 1e-6);
    }
}

/// Bounds of `PairDistance`, cos(o, x − c), in units of ‖c‖.
///
/// `along` and `beside` are the cosines of x with o and with c, `ratio` is ‖x‖/‖c‖, and
/// `fixed` is cos(o, c); each is within `error` of the exact one.
#[inline(always)]
pub(super) fn pair_distance(
    [along, beside, ratio]: [&Lanes; 3],
    fixed: f32,
    error: f32,
    lower: &mut Lanes,
    upper: &mut Lanes,
) {
    for lane in 0..TILE {
        let length = 1.0 + ratio[lane];
        let slack = error * length;
        let projected = ratio[lane] * along[lane] - fixed;
        let squared = 1.0 + ratio[lane] * (ratio[lane] - 2.0 * beside[lane]);
        let squared_slack = error * length * length;
        let (high, low) = (projected + slack, projected - slack);
        let (near, far) = (
            positive(squared - squared_slack).sqrt(),
            (squared + squared_slack).sqrt(),
        );
        let above = high / if high >= 0.0 { near } else { far } * 1.000_001 + 1e-6;
        let below = low / if low >= 0.0 { far } else { near } * 1.000_001 - 1e-6;
        // Where x may equal c the exact score may be −∞ or anything up to 1; nothing is known
        // either where the ratio of their lengths overflows.
        let apart = near > 0.0 && far < f32::INFINITY;
        upper[lane] = if apart && above < 1.0 {
            above
        } else {
            1.000_001
        };
        lower[lane] = if apart { below } else { f32::NEG_INFINITY };
    }
}

/// `COLUMNS` columns by `LANES` draws of sums stay in registers over all rows.
#[inline(always)]
fn add_block<const COLUMNS: usize, const LANES: usize>(
    values: &[f64],
    weights: &[Draws],
    first: usize,
    sums: &mut [Draws],
) {
    let columns = sums.len();
    for draw in (0..DRAWS).step_by(LANES) {
        let mut held: [[f64; LANES]; COLUMNS] = std::array::from_fn(|column| {
            let sums = sums[first + column][draw..].first_chunk();
            *sums.expect("LANES divides DRAWS")
        });
        for (row, weights) in values.chunks_exact(columns).zip(weights) {
            let row: &[f64; COLUMNS] = row[first..].first_chunk().expect("within the columns");
            let weights: &[f64; LANES] =
                weights[draw..].first_chunk().expect("LANES divides DRAWS");
            for (held, value) in held.iter_mut().zip(row) {
                for (sum, weight) in held.iter_mut().zip(weights) {
                    *sum += value * weight;
                }
            }
        }
        for (column, held) in held.iter().enumerate() {
            sums[first + column][draw..draw + LANES].copy_from_slice(held);
        }
    }
}

#[inline(always)]
pub(super) fn add_weighted<const COLUMNS: usize, const LANES: usize>(
    values: &[f64],
    weights: &[Draws],
    sums: &mut [Draws],
) {
    assert_eq!(values.len(), sums.len() * weights.len());
    let blocks = sums.len() / COLUMNS * COLUMNS;
    for first in (0..blocks).step_by(COLUMNS) {
        add_block::<COLUMNS, LANES>(values, weights, first, sums);
    }
    for first in blocks..sums.len() {
        add_block::<1, LANES>(values, weights, first, sums);
    }
}

#[inline(always)]
fn positive(value: f32) -> f32 {
    if value > 0.0 { value } else { 0.0 }
}

#[inline(always)]
pub(super) fn blend(source: &[u8], stride: usize, places: Places<'_>, out: &mut [u8]) {
    for ((first, taps), out) in places.iter().zip(out.chunks_exact_mut(stride)) {
        let rows = &source[first * stride..(first + places.width) * stride];
        let whole = stride - stride % BLEND_LANES;
        let (blocks, tail) = out.as_chunks_mut::<BLEND_LANES>();
        for (number, block) in blocks.iter_mut().enumerate() {
            *block = blend_block(&rows[number * BLEND_LANES..], stride, places.width, taps);
        }
        for (place, byte) in tail.iter_mut().enumerate() {
            [*byte] = blend_block(&rows[whole + place..], stride, places.width, taps);
        }
    }
}

const BLEND_LANES: usize = 16;

#[inline(always)]
fn blend_block<const LANES: usize>(
    rows: &[u8],
    stride: usize,
    width: usize,
    taps: &[Taps],
) -> [u8; LANES] {
    let mut sums = [1_i32 << (FRACTION - 1); LANES];
    for (tap, weight) in taps
        .iter()
        .flat_map(|taps| taps.weights())
        .take(width)
        .enumerate()
    {
        let row: &[u8; LANES] = rows[tap * stride..]
            .first_chunk()
            .expect("a row reaches as far as what is asked of it");
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += i32::from(value) * weight;
        }
    }
    sums.map(|sum| (sum >> FRACTION).clamp(0, 255) as u8)
}
