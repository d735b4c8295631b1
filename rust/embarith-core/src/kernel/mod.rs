//! The kernels, one file an instruction set, the same functions in each.
//!
//! The choice is made once: the best set the CPU has, or the one that `EMBARITH_ISA` names.
//! `EMBARITH_REQUIRE_ISA` turns an absent set into an error instead of a lesser path.

use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use crate::shadow::{QueryScales, Scale};
use crate::{Error, Result};

mod body;
mod portable;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avxvnni;
#[cfg(target_arch = "x86_64")]
mod blend256;
#[cfg(target_arch = "x86_64")]
mod screen256;

/// Rows a tile: one bit each in a `u64` mask.
pub const TILE: usize = 64;

/// Dimensions whose products one instruction adds up.
pub const GROUP: usize = 4;

/// One lane a row of a tile, on cache lines of their own: wide loads that straddle two lines take
/// twice as long.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Lanes(pub [f32; TILE]);

impl Lanes {
    /// All lanes alike.
    #[must_use]
    pub const fn splat(value: f32) -> Self {
        Self([value; TILE])
    }
}

impl Deref for Lanes {
    type Target = [f32; TILE];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Lanes {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// The 8-bit codes of one group of dimensions, four bytes a row of a tile, aligned as [`Lanes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Codes(pub [u8; TILE * GROUP]);

impl Deref for Codes {
    type Target = [u8; TILE * GROUP];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Codes {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// Draws of the bootstrap that are summed side by side.
pub const DRAWS: usize = 32;

/// One number a draw, aligned as [`Lanes`].
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub struct Draws(pub [f64; DRAWS]);

impl Deref for Draws {
    type Target = [f64; DRAWS];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Draws {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// The functions of one instruction set.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// Name as `EMBARITH_ISA` spells it.
    pub name: &'static str,
    /// Dot products of row-major `atoms` with a tile, one dimension after the other.
    pub dots: fn(atoms: &[f32], tile: &[Lanes], out: &mut [Lanes]),
    /// Dot products of one vector with the rows of a matrix, one after the other.
    pub dot_rows: fn(vector: &[f32], rows: &[f32], out: &mut [f32]),
    /// [`crate::exact::dot`], the same bits from wider registers.
    pub dot_exact: fn(left: &[f64], right: &[f32]) -> f64,
    /// `weights[0]·terms[0] + weights[1]·terms[1] + weights[2]·terms[2]`, lane by lane.
    pub combine: fn(terms: [&Lanes; 3], weights: [f32; 3], out: &mut Lanes),
    /// Bit i is set where lane i is at least `bound`.
    pub at_least: fn(lanes: &Lanes, bound: f32) -> u64,
    /// Which tiles of a strip hold a lane that reaches a bound, as one bit each.
    pub reach: Reach,
    /// Counts the lanes of a strip above a right answer.
    pub count: Count,
    /// Like `reach`, for the upper bound of `3CosMul`; see `cos_mul` for the constants.
    pub reach_cos_mul: ReachCosMul,
    /// `at_least` for three bounds at once, on what `combine` gives, which is not stored.
    pub sift: Sift,
    /// [`QueryScales::limits`].
    pub limits: Limits,
    /// Largest size of a query's code that `screen` takes.
    pub largest_code: i8,
    /// Sums of products of 8-bit codes, handed out where any row reaches a query's limit.
    pub screen: Screen,
    /// Bounds of `3CosMul`: `[b, c, a]`, ε and the error of each cosine.
    pub cos_mul: Bounds,
    /// Bounds of `PairDistance`: `[o·x, c·x, ‖x‖/‖c‖]`, o·c and the error of each cosine.
    pub pair_distance: Bounds,
    /// Adds every row of `values`, times its weight in each draw, to the sums of the columns, one
    /// row after the other and without fused multiply-add: the same bits from every path.
    pub add_weighted: fn(values: &[f64], weights: &[Draws], sums: &mut [Draws]),
    /// Weighted sums of rows of `stride` bytes, one row of `out` a place, rounded and held between
    /// 0 and 255.
    pub blend: fn(source: &[u8], stride: usize, places: Places<'_>, out: &mut [u8]),
}

/// Binary digits behind the point of a weight of `blend`.
pub const FRACTION: u32 = 22;

/// Which rows `blend` takes: every place `width` of them from its first on.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// Of each place.
    pub firsts: &'a [usize],
    /// Rows a place.
    pub width: usize,
    /// Of each place half of `width`, rounded up.
    pub taps: &'a [Taps],
}

impl<'a> Places<'a> {
    fn iter(self) -> impl Iterator<Item = (usize, &'a [Taps])> {
        let taps = self.taps.chunks_exact(self.width.div_ceil(2));
        self.firsts.iter().copied().zip(taps)
    }
}

/// The weights of two neighbouring rows, each in an upper and a lower part of sixteen bits, for
/// instructions that add two products of such numbers.
#[derive(Clone, Copy, Debug)]
pub struct Taps {
    high: i32,
    low: i32,
}

impl Taps {
    /// Binary digits of the lower part, which is signed.
    const SPLIT: u32 = 11;

    /// Takes weights below 16 with [`FRACTION`] binary digits behind the point.
    #[must_use]
    pub fn new(weights: [i32; 2]) -> Self {
        let high = weights.map(|weight| (weight + (1 << (Self::SPLIT - 1))) >> Self::SPLIT);
        let low = [0, 1].map(|at| weights[at] - (high[at] << Self::SPLIT));
        let [high, low] = [high, low].map(|[left, right]| right << 16 | left & 0xFFFF);
        Self { high, low }
    }

    /// What `new` took.
    pub(crate) fn weights(self) -> [i32; 2] {
        let whole = |high: i32, low: i32| (high << Self::SPLIT) + low;
        [
            whole(i32::from(self.high as i16), i32::from(self.low as i16)),
            whole(self.high >> 16, self.low >> 16),
        ]
    }
}

/// Which tiles hold a lane of a weighted sum that is at least `bound`. The lanes of a term lie at
/// `cosines[tile · stride + place]`; at most sixteen tiles.
pub type Reach =
    fn(cosines: &[Lanes], stride: usize, places: [u32; 3], weights: [f32; 3], bound: f32) -> u16;

/// On the sums that [`Reach`] looks at: how many are at least `bounds[0]`, and, as one bit each,
/// the tiles in which one lies between `bounds[1]` and that.
pub type Count = fn(
    cosines: &[Lanes],
    stride: usize,
    places: [u32; 3],
    weights: [f32; 3],
    bounds: [f32; 2],
) -> (u32, u16);

/// [`Reach`] for `3CosMul`, with ε and the error of each cosine.
pub type ReachCosMul = fn(
    cosines: &[Lanes],
    stride: usize,
    places: [u32; 3],
    epsilon: f32,
    error: f32,
    bound: f32,
) -> u16;

/// Which lanes of a weighted sum reach each of three bounds.
pub type Sift = fn(terms: [&Lanes; 3], weights: [f32; 3], bounds: [f32; 3]) -> [u64; 3];

/// One sum of products a row of a tile.
pub type Sums = [i32; TILE];

/// The smallest sum of every query that may reach its bound.
pub type Limits = fn(queries: &QueryScales, tile: Scale, bounds: &[f32], limits: &mut [i32]);

/// Multiplies queries, row-major, with a tile of `codes`, one group of dimensions after the other,
/// and tells the queries of which any sum is at least its limit. `next` is what will be multiplied
/// afterwards: it is fetched meanwhile.
pub type Screen = fn(codes: &[Codes], next: &[Codes], queries: &[i8], limits: &[i32], hit: Hit<'_>);

/// Takes a query, the rows that reach its limit, as one bit each, and the sums of all rows.
pub type Hit<'a> = &'a mut dyn FnMut(usize, u64, &Sums);

/// Lower and upper bounds, lane by lane, of a score that is not linear in its cosines.
pub type Bounds =
    fn(terms: [&Lanes; 3], constant: f32, error: f32, lower: &mut Lanes, upper: &mut Lanes);

/// Asks for the part of `next` that belongs to block `number` of `count`, so that all of it is at
/// hand when the last block is done.
#[cfg(target_arch = "x86_64")]
#[inline]
fn fetch(next: &[Codes], number: usize, count: usize) {
    prefetch(&next[number * next.len() / count..(number + 1) * next.len() / count]);
}

/// Asks for values that will be read soon.
#[inline]
pub(crate) fn prefetch<T>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for start in (0..size_of_val(values)).step_by(64) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: SSE is part of x86-64; fetching ahead reads nothing, wherever it points.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(values.as_ptr().cast::<i8>().wrapping_add(start)) };
    }
}

/// Every path this CPU can take, best first.
#[must_use]
pub fn available() -> Vec<Kernel> {
    let mut found = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        if avx512::is_available() {
            found.push(avx512::KERNEL);
        }
        if avxvnni::is_available() {
            found.push(avxvnni::KERNEL);
        }
        if avx2::is_available() {
            found.push(avx2::KERNEL);
        }
    }
    found.push(portable::KERNEL);
    found
}

const NAMES: [&str; 4] = ["avx512", "avxvnni", "avx2", "portable"];

fn choose(pinned: Option<&str>, required: Option<&str>) -> Result<Kernel> {
    let found = available();
    for (variable, name) in [("EMBARITH_ISA", pinned), ("EMBARITH_REQUIRE_ISA", required)] {
        if let Some(name) = name
            && !NAMES.contains(&name)
        {
            return Err(Error::InstructionSet(format!(
                "{variable}={name}: no such instruction set; the choices are {}",
                NAMES.join(", ")
            )));
        }
    }
    if let Some(name) = required
        && !found.iter().any(|kernel| kernel.name == name)
    {
        return Err(Error::InstructionSet(format!(
            "EMBARITH_REQUIRE_ISA={name}, but this CPU does not have it"
        )));
    }
    match pinned {
        None => Ok(found[0]),
        Some(name) => found
            .into_iter()
            .find(|kernel| kernel.name == name)
            .ok_or_else(|| {
                Error::InstructionSet(format!(
                    "EMBARITH_ISA={name}, but this CPU does not have it"
                ))
            }),
    }
}

/// The path taken by this process.
///
/// # Errors
///
/// [`Error::InstructionSet`] if the environment names a set that is unknown or absent.
pub fn kernel() -> Result<Kernel> {
    static CHOSEN: OnceLock<std::result::Result<Kernel, String>> = OnceLock::new();
    CHOSEN
        .get_or_init(|| {
            let read = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
            let (pinned, required) = (read("EMBARITH_ISA"), read("EMBARITH_REQUIRE_ISA"));
            choose(pinned.as_deref(), required.as_deref()).map_err(|error| error.to_string())
        })
        .clone()
        .map_err(Error::InstructionSet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact;

    #[test]
    fn the_environment_pins_and_requires() {
        assert_eq!(choose(Some("portable"), None).unwrap().name, "portable");
        assert_eq!(choose(None, None).unwrap().name, available()[0].name);
        let message = choose(Some("avx3"), None).unwrap_err().to_string();
        assert!(
            message.contains("avx512, avxvnni, avx2, portable"),
            "{message}"
        );
        assert!(message.starts_with("EMBARITH_ISA=avx3: "), "{message}");
        assert!(choose(None, Some("portable")).is_ok());
    }

    /// Run with `EMBARITH_REQUIRE_ISA` set, this shows that a lesser CPU takes the path named.
    #[test]
    fn the_environment_of_this_run_can_be_had() {
        assert!(kernel().is_ok(), "{:?}", kernel().map(|one| one.name));
    }

    #[test]
    fn every_path_blends_bytes_alike() {
        let byte = |i: usize| (i * 37 % 256) as u8;
        for stride in (1..=130).chain([672]) {
            for width in [1, 2, 5, 22] {
                let firsts = [0, 1, 1, 4];
                let source: Vec<u8> = (0..(4 + width) * stride).map(byte).collect();
                let weights: Vec<i32> = (0..width * firsts.len())
                    .map(|at| {
                        let tap = (at % width) as i32;
                        (at as i32 % 3 - 1) * (5 << 17) + tap + 3_000_000 / width as i32
                    })
                    .collect();
                let taps: Vec<Taps> = weights
                    .chunks(width)
                    .flat_map(|weights| weights.chunks(2))
                    .map(|pair| Taps::new([pair[0], pair.get(1).copied().unwrap_or(0)]))
                    .collect();
                let mut want = Vec::new();
                for (first, weights) in firsts.iter().zip(weights.chunks(width)) {
                    for lane in 0..stride {
                        let values = source[first * stride + lane..].iter().step_by(stride);
                        let sum: i64 = values
                            .zip(weights)
                            .map(|(&x, &w)| i64::from(x) * i64::from(w))
                            .sum();
                        let rounded = (sum + (1 << (FRACTION - 1))) >> FRACTION;
                        want.push(rounded.clamp(0, 255) as u8);
                    }
                }
                let places = Places {
                    firsts: &firsts,
                    width,
                    taps: &taps,
                };
                for kernel in available() {
                    let mut out = vec![7; want.len()];
                    (kernel.blend)(&source, stride, places, &mut out);
                    assert_eq!(out, want, "{} {stride} bytes, {width} taps", kernel.name);
                }
            }
        }
    }

    #[test]
    fn weights_are_put_together_again() {
        for weight in [
            0,
            1,
            -1,
            1023,
            1024,
            -1024,
            -1025,
            1 << FRACTION,
            -(1 << 25),
            (1 << 26) - 1025,
        ] {
            assert_eq!(Taps::new([weight, -weight]).weights(), [weight, -weight]);
        }
    }

    /// Small integers make every order of summation exact, so all paths must agree to the bit.
    #[test]
    fn every_path_agrees_on_every_tail_length() {
        for dim in (0..=130).chain([300, 512, 2048, 4096]) {
            let value = |i: usize, step: usize| ((i * step) % 7) as f32 - 3.0;
            for atoms_count in [1, 2, 5, 6, 7, 13] {
                if dim > 130 && atoms_count != 13 {
                    continue;
                }
                let atoms: Vec<f32> = (0..atoms_count * dim).map(|i| value(i, 5)).collect();
                let tile: Vec<Lanes> = (0..dim)
                    .map(|i| Lanes(std::array::from_fn(|lane| value(i * TILE + lane, 3))))
                    .collect();
                for kernel in available() {
                    let mut out = vec![Lanes::splat(f32::NAN); atoms_count];
                    (kernel.dots)(&atoms, &tile, &mut out);
                    for (atom, lanes) in out.iter().enumerate() {
                        for (lane, &got) in lanes.iter().enumerate() {
                            let left = &atoms[atom * dim..][..dim];
                            let right: Vec<f32> = tile.iter().map(|row| row[lane]).collect();
                            let want: f64 = exact::dot(left, &right);
                            assert_eq!(f64::from(got), want, "{} dim {dim}", kernel.name);
                            let wide: Vec<f64> = left.iter().map(|&x| f64::from(x) / 3.0).collect();
                            let exact: f64 = exact::dot(&wide, &right);
                            let same = (kernel.dot_exact)(&wide, &right).to_bits();
                            assert_eq!(same, exact.to_bits(), "{} dim {dim}", kernel.name);
                            if atom == 0 {
                                let rows = [&right[..], left].concat();
                                let mut both = [f32::NAN; 2];
                                (kernel.dot_rows)(left, &rows, &mut both);
                                let squared = exact::dot(left, left);
                                let both = both.map(f64::from);
                                assert_eq!(both, [want, squared], "{} dim {dim}", kernel.name);
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn screens_agree_with_plain_sums() {
        for groups in [1, 2, 3, 16, 75] {
            let codes: Vec<Codes> = (0..groups)
                .map(|group| {
                    let first = group * TILE * GROUP;
                    Codes(std::array::from_fn(|i| ((first + i) * 89 % 256) as u8))
                })
                .collect();
            for (count, kernel) in
                (1..=14).flat_map(|count| available().into_iter().map(move |one| (count, one)))
            {
                let most = i32::from(kernel.largest_code);
                let queries: Vec<i8> = (0..(count * groups * GROUP) as i32)
                    .map(|i| (i * 57 % (2 * most + 1) - most) as i8)
                    .collect();
                let sums: Vec<Sums> = queries
                    .chunks_exact(groups * GROUP)
                    .map(|query| {
                        std::array::from_fn(|row| {
                            let code = |i: usize| codes[i / GROUP][row * GROUP + i % GROUP];
                            let products =
                                |(i, &q): (usize, &i8)| i32::from(code(i)) * i32::from(q);
                            query.iter().enumerate().map(products).sum()
                        })
                    })
                    .collect();
                // Every other query misses its limit by one.
                let limit = |(i, sums): (usize, &Sums)| {
                    sums.iter().max().expect("a tile has rows") + i32::from(i % 2 == 1)
                };
                let limits: Vec<i32> = sums.iter().enumerate().map(limit).collect();
                let mut found = Vec::new();
                (kernel.screen)(&codes, &codes, &queries, &limits, &mut |i, rows, sums| {
                    found.push((i, rows, *sums));
                });
                let reaching = |i: usize| {
                    let bits = sums[i].iter().enumerate();
                    bits.map(|(row, &sum)| u64::from(sum >= limits[i]) << row)
                        .sum()
                };
                let hits: Vec<(usize, u64, Sums)> = (0..count)
                    .step_by(2)
                    .map(|i| (i, reaching(i), sums[i]))
                    .collect();
                assert_eq!(found, hits, "{} {groups} {count}", kernel.name);
            }
        }
    }

    /// The largest codes of all: sums of sixteen bits must not saturate.
    #[test]
    fn the_largest_codes_fit() {
        for kernel in available() {
            for code in [kernel.largest_code, -kernel.largest_code] {
                let (codes, queries) = ([Codes([255; TILE * GROUP]); 3], [code; 3 * GROUP]);
                let mut found = Vec::new();
                (kernel.screen)(&codes, &codes, &queries, &[i32::MIN], &mut |_, _, sums| {
                    found.push(*sums);
                });
                let want = 255 * i32::from(code) * (3 * GROUP) as i32;
                assert_eq!(found, [[want; TILE]], "{}", kernel.name);
            }
        }
    }

    #[test]
    fn weighted_sums_agree_to_the_bit() {
        for columns in 1..=9 {
            let values: Vec<f64> = (0..columns * 70).map(|i| (i as f64).sin()).collect();
            let weights: Vec<Draws> = (0..70)
                .map(|i| {
                    Draws(std::array::from_fn(|draw| {
                        ((i * DRAWS + draw) as f64).cos()
                    }))
                })
                .collect();
            for kernel in available() {
                let mut sums = vec![Draws([0.5; DRAWS]); columns];
                (kernel.add_weighted)(&values, &weights, &mut sums);
                for (column, sums) in sums.iter().enumerate() {
                    for (draw, &sum) in sums.iter().enumerate() {
                        let want = weights
                            .iter()
                            .enumerate()
                            .fold(0.5, |want, (row, weights)| {
                                want + values[row * columns + column] * weights[draw]
                            });
                        assert_eq!(sum.to_bits(), f64::to_bits(want), "{}", kernel.name);
                    }
                }
            }
        }
    }

    #[test]
    fn combining_and_masks_agree() {
        let lanes = |step: usize| Lanes(std::array::from_fn(|i| ((i * step) % 11) as f32 - 5.0));
        let terms = [&lanes(3), &lanes(5), &lanes(7)];
        for kernel in available() {
            let mut out = Lanes::splat(f32::NAN);
            (kernel.combine)(terms, [1.0, -2.0, 0.5], &mut out);
            for lane in 0..TILE {
                let want = terms[0][lane] - 2.0 * terms[1][lane] + 0.5 * terms[2][lane];
                assert_eq!(out[lane], want, "{}", kernel.name);
            }
            for bound in [
                -6.0,
                -5.0,
                0.0,
                0.25,
                5.0,
                6.0,
                f32::INFINITY,
                f32::NEG_INFINITY,
            ] {
                let want = (0..TILE).fold(0_u64, |mask, lane| {
                    mask | u64::from(terms[0][lane] >= bound) << lane
                });
                assert_eq!((kernel.at_least)(terms[0], bound), want, "{}", kernel.name);
                let strip = [*terms[0], Lanes::splat(-9.0), Lanes::splat(-9.0), *terms[0]];
                let tiles = (kernel.reach)(&strip, 2, [0, 1, 1], [1.0, 0.0, 0.0], bound);
                let second = (kernel.reach)(&strip, 2, [1, 0, 0], [0.0, 1.0, 0.0], bound);
                let any = u16::from(want != 0);
                let low = u16::from(-9.0 >= bound);
                assert_eq!(tiles, any | low << 1, "{}", kernel.name);
                assert_eq!(second, any | low << 1, "{}", kernel.name);
                let counted = (kernel.count)(&strip, 2, [0, 1, 1], [1.0, 0.0, 0.0], [2.0, bound]);
                let (above, open) = [&strip[0], &strip[2]].iter().enumerate().fold(
                    (0, 0),
                    |(above, open), (number, lanes)| {
                        let between = lanes.iter().any(|&x| x >= bound && x < 2.0);
                        let high = lanes.iter().filter(|&&x| x >= 2.0).count() as u32;
                        (above + high, open | u16::from(between) << number)
                    },
                );
                assert_eq!(counted, (above, open), "{}", kernel.name);
                // Whole numbers and halves: every instruction set adds them up exactly.
                let weights = [1.0, -2.0, 0.5];
                let bounds = [bound, 2.0, bound / 2.0];
                let reached = bounds.map(|bound| {
                    (0..TILE).fold(0_u64, |mask, lane| {
                        mask | u64::from(out[lane] >= bound) << lane
                    })
                });
                let masks = (kernel.sift)(terms, weights, bounds);
                assert_eq!(masks, reached, "{}", kernel.name);
                let strip = terms.map(|lanes| *lanes);
                let tiles = (kernel.reach)(&strip, 3, [0, 1, 2], weights, bound);
                assert_eq!(tiles, u16::from(reached[0] != 0), "{}", kernel.name);
                let counted = (kernel.count)(&strip, 3, [0, 1, 2], weights, [2.0, bound]);
                let open = u16::from(reached[0] & !reached[1] != 0);
                assert_eq!(counted, (reached[1].count_ones(), open), "{}", kernel.name);
            }
        }
    }
}
