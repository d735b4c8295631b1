//! The first stage's copy of a table: every row's direction, centred and rounded to eight bits.
//!
//! A code stands for `scale · code + mean`, with one scale a tile. What rounding costs is known
//! exactly when the copy is made, and with it how far any estimate may lie from the true cosine;
//! `docs/exactness.md` derives the bound from the fields below.

mod file;

use std::ops::{Deref, Range};

use memmap2::Mmap;
use rayon::prelude::*;

use crate::control::{Control, pool};
use crate::exact;
use crate::kernel::{Codes, GROUP, TILE};
use crate::pages::zeros;
use crate::search::Table;
use crate::{Error, Result};

pub use file::Key;

/// Rows' codes lie in ±`REACH`, shifted by [`SHIFT`] and held as unsigned bytes.
const REACH: f64 = 127.0;
const SHIFT: i16 = 128;

/// More dimensions could overflow a sum of products of codes.
pub const MAX_DIM: usize = 60_000;

/// What rounding may add to an estimate: converting the sum of products, the four `f32` products
/// and sums made with it, and the `f64` score itself, none of which exceeds 2 in size.
pub(crate) const SLACK: f32 = 2e-6;

/// Eight-bit codes of all rows, tile by tile, group by group of dimensions.
#[derive(Debug)]
pub struct Shadow {
    codes: Stock,
    tiles: Vec<Scale>,
    mean: Vec<f32>,
    groups: usize,
}

/// Codes where they are: made here, or in a part of a mapped file.
#[derive(Debug)]
enum Stock {
    Made(Vec<Codes>),
    Mapped(Mmap, Range<usize>),
}

impl Deref for Stock {
    type Target = [Codes];

    fn deref(&self) -> &[Codes] {
        match self {
            Self::Made(codes) => codes,
            Self::Mapped(map, part) => {
                // SAFETY: any bytes are codes.
                let (before, codes, after) = unsafe { map[part.clone()].align_to() };
                assert!(
                    before.is_empty() && after.is_empty(),
                    "maps begin on a page"
                );
                codes
            }
        }
    }
}

/// What the codes of a tile mean, and how far they are off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Size of one step.
    pub(crate) step: f32,
    /// Largest distance of a centred row from what its codes stand for.
    pub(crate) error: f32,
    /// Largest length of what a row's codes stand for.
    pub(crate) length: f32,
}

impl Shadow {
    /// Rounds a table.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] if `control` was cancelled, [`Error::Shape`] above 60,000 dimensions,
    /// [`Error::Memory`] for more rows than there is room for.
    pub fn new(table: &Table<'_>, control: &Control) -> Result<Self> {
        let (matrix, dim) = (table.matrix(), table.matrix().dim());
        if dim > MAX_DIM {
            return Err(Error::Shape(format!(
                "{dim} dimensions; 8-bit search takes {MAX_DIM}"
            )));
        }
        let groups = dim.div_ceil(GROUP);
        let count = matrix.rows().div_ceil(TILE);
        let mut codes = zeros(count * groups)?;
        let tiles = pool()?.install(|| {
            let mean = mean(table);
            let tiles = codes
                .par_chunks_exact_mut(groups)
                .enumerate()
                .map_init(
                    || vec![0.0; dim * TILE],
                    |rows, (tile, codes)| {
                        control.check()?;
                        // Of lanes without a row, and of dimensions that fill up a group.
                        codes.fill(Codes([SHIFT as u8; TILE * GROUP]));
                        let first = tile * TILE;
                        let lanes = TILE.min(matrix.rows() - first);
                        for (lane, row) in rows.chunks_exact_mut(dim).take(lanes).enumerate() {
                            let norm = table.norms()[first + lane];
                            let values = row.iter_mut().zip(matrix.row(first + lane)).zip(&mean);
                            for ((out, &x), &mean) in values {
                                *out = f64::from(x) / norm - f64::from(mean);
                            }
                        }
                        Ok(encode(&rows[..lanes * dim], dim, codes))
                    },
                )
                .collect::<Result<Vec<Scale>>>()?;
            Ok::<_, Error>((tiles, mean))
        });
        let (tiles, mean) = tiles?;
        Ok(Self {
            codes: Stock::Made(codes),
            tiles,
            mean,
            groups,
        })
    }

    pub(crate) fn codes(&self, tile: usize) -> &[Codes] {
        &self.codes[tile * self.groups..][..self.groups]
    }

    pub(crate) fn scale(&self, tile: usize) -> Scale {
        self.tiles[tile]
    }
}

/// Mean of the unit rows, which estimates leave to one product a query.
fn mean(table: &Table<'_>) -> Vec<f32> {
    let (matrix, dim) = (table.matrix(), table.matrix().dim());
    // A sample will do: any vector no longer than 1 gives right answers, a central one tight bounds.
    let step = (matrix.rows() / 8192).max(1);
    let mut total = vec![0.0; dim];
    let mut count = 0.0_f64;
    for row in (0..matrix.rows()).step_by(step) {
        let norm = table.norms()[row];
        for (sum, &x) in total.iter_mut().zip(matrix.row(row)) {
            *sum += f64::from(x) / norm;
        }
        count += 1.0;
    }
    total
        .iter()
        .map(|sum| (sum / count.max(1.0)) as f32)
        .collect()
}

/// Writes a tile's codes and measures their error in `f64`.
fn encode(rows: &[f64], dim: usize, codes: &mut [Codes]) -> Scale {
    let largest = rows
        .iter()
        .fold(0.0_f64, |most, value| most.max(value.abs()));
    // Rows that all equal the mean need a step too; none so small matters to an estimate.
    let step = ((largest / REACH) as f32).next_up().max(1e-30);
    let inverse = 1.0 / f64::from(step);
    let (mut error, mut length) = (0.0_f64, 0.0_f64);
    for (lane, row) in rows.chunks_exact(dim).enumerate() {
        let (mut off, mut size) = (0.0, 0.0);
        for (i, &value) in row.iter().enumerate() {
            let code = nearest(value * inverse);
            codes[i / GROUP][lane * GROUP + i % GROUP] = (code + SHIFT) as u8;
            let stands_for = f64::from(code) * f64::from(step);
            off += (value - stands_for) * (value - stands_for);
            size += stands_for * stands_for;
        }
        error = error.max(off);
        length = length.max(size);
    }
    Scale {
        step,
        error: above(error.sqrt()),
        length: above(length.sqrt()),
    }
}

/// Rounds halves away from zero; `f64::round` would be a call for every value.
fn nearest(value: f64) -> i16 {
    (value + 0.5_f64.copysign(value)) as i16
}

/// Rounds up, past what summing squares in `f64` may have lost.
fn above(value: f64) -> f32 {
    ((value * (1.0 + 1e-9)) as f32).next_up()
}

/// Queries as the shadow's kernels take them.
pub(crate) struct Coded {
    /// Signed codes, row-major, each query padded with zeros to whole groups.
    pub(crate) codes: Vec<i8>,
    pub(crate) scales: QueryScales,
}

/// What the codes of queries mean, and how far they are off: in each field one entry a query.
#[derive(Clone, Debug, Default)]
pub struct QueryScales {
    /// Size of one step.
    step: Vec<f32>,
    /// Distance of the unit query from what its codes stand for.
    error: Vec<f32>,
    /// Product of the unit query with the shadow's mean.
    offset: Vec<f32>,
    /// What the rows' shift adds to every sum of products.
    shift: Vec<i32>,
}

impl Shadow {
    /// Rounds `count` queries, that `load` writes one by one, to codes in ±`reach`, scaling each to
    /// unit length first.
    pub(crate) fn code(
        &self,
        count: usize,
        load: impl Fn(usize, &mut Vec<f64>),
        reach: i8,
    ) -> Coded {
        let width = self.groups * GROUP;
        let mut codes = vec![0_i8; count * width];
        let mut unit = Vec::new();
        let mut scales = QueryScales::default();
        for (index, codes) in codes.chunks_exact_mut(width).enumerate() {
            load(index, &mut unit);
            let length = exact::norm(&unit);
            let length = if length > 0.0 { length } else { 1.0 };
            for value in &mut unit {
                *value /= length;
            }
            let largest = unit
                .iter()
                .fold(0.0_f64, |most, value| most.max(value.abs()));
            let step = ((largest / f64::from(reach)) as f32).next_up().max(1e-30);
            let (mut off, mut shift) = (0.0, 0);
            for (code, &value) in codes.iter_mut().zip(&unit) {
                *code = nearest(value / f64::from(step)) as i8;
                shift += i32::from(*code) * i32::from(SHIFT);
                let lost = value - f64::from(*code) * f64::from(step);
                off += lost * lost;
            }
            scales.step.push(step);
            scales.error.push(above(off.sqrt()));
            scales.offset.push(exact::dot(&unit, &self.mean) as f32);
            scales.shift.push(shift);
        }
        Coded { codes, scales }
    }
}

impl QueryScales {
    /// How far an estimate for a row of the tile may lie from the true cosine.
    pub(crate) fn margin(&self, query: usize, tile: Scale) -> f32 {
        margin(self.error[query], tile)
    }

    /// Estimate of a cosine from its sum.
    pub(crate) fn estimate(&self, query: usize, tile: Scale, sum: i32) -> f32 {
        self.offset[query] + (self.step[query] * tile.step) * (sum - self.shift[query]) as f32
    }

    /// Per query, the smallest sum, as the kernels give it, of a row whose cosine may reach the
    /// query's bound. The kernels compile it, each for its instruction set.
    #[expect(
        clippy::inline_always,
        reason = "takes on the target features of the kernel that it is inlined into"
    )]
    #[inline(always)]
    pub(crate) fn limits(&self, tile: Scale, bounds: &[f32], limits: &mut [i32]) {
        let count = limits.len();
        let (steps, errors) = (&self.step[..count], &self.error[..count]);
        let (offsets, shifts) = (&self.offset[..count], &self.shift[..count]);
        let bounds = &bounds[..count];
        for i in 0..count {
            let least = (bounds[i] - offsets[i] - margin(errors[i], tile)) / (steps[i] * tile.step);
            // Saturates; −∞ asks for every row. One less covers the rounding of this division.
            let least = least * if least > 0.0 { 1.0 - 1e-6 } else { 1.0 + 1e-6 };
            limits[i] = (least as i32).saturating_sub(1).saturating_add(shifts[i]);
        }
    }
}

/// |q·z − q̂·ẑ| ≤ ‖q‖·‖z − ẑ‖ + ‖q − q̂‖·‖ẑ‖, and what rounding adds.
#[inline]
fn margin(query_error: f32, tile: Scale) -> f32 {
    (tile.error + query_error * tile.length) * (1.0 + 1e-6) + SLACK
}
