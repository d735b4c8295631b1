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
mod tests;
