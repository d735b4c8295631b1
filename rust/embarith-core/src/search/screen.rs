//! The first stage where a shadow serves ([`Request::suits_shadow`]): 8-bit estimates for every row.
//!
//! [`Request::suits_shadow`]: super::Request::suits_shadow

use std::sync::atomic::{AtomicUsize, Ordering};

use super::batch::Batch;
use super::scan::Share;
use crate::Result;
use crate::control::Control;
use crate::kernel::{Sums, TILE};
use crate::select::{Bounds, Candidate, Candidates};
use crate::shadow::{Coded, Shadow};

/// What the threads of one pass share.
pub(super) struct Screen<'a> {
    batch: &'a Batch<'a>,
    shadow: &'a Shadow,
    coded: Coded,
    control: &'a Control,
    /// Tiles a step.
    grain: usize,
    next: AtomicUsize,
    bounds: Bounds,
}

impl<'a> Screen<'a> {
    pub(super) fn new(
        batch: &'a Batch<'a>,
        shadow: &'a Shadow,
        control: &'a Control,
        threads: usize,
    ) -> Self {
        let tiles = batch.table.matrix().rows().div_ceil(TILE);
        let load = |index: usize, query: &mut Vec<f64>| batch.question(index).sum_into(query);
        Self {
            batch,
            shadow,
            coded: shadow.code(batch.questions(), load, batch.kernel.largest_code),
            control,
            // Several steps a thread, so that all of them are busy to the end.
            grain: (tiles / (16 * threads)).clamp(1, 16),
            next: AtomicUsize::new(0),
            bounds: Bounds::new(batch.questions()),
        }
    }

    /// Bounds every row of the tiles that this thread gets hold of.
    pub(super) fn run(&self) -> Result<Share> {
        let batch = self.batch;
        let tiles = batch.table.matrix().rows().div_ceil(TILE);
        let mut candidates = Candidates::of(batch.questions());
        let mut bounds = vec![f32::NEG_INFINITY; batch.questions()];
        let mut limits = vec![0; batch.questions()];
        let mut keeper = batch.keeper();
        loop {
            let first = self.next.fetch_add(self.grain, Ordering::Relaxed);
            if first >= tiles {
                keeper.scorer.check()?;
                return Ok(Share {
                    candidates,
                    ..Share::default()
                });
            }
            self.control.check()?;
            for tile in first..tiles.min(first + self.grain) {
                (batch.kernel.limits)(
                    &self.coded.scales,
                    self.shadow.scale(tile),
                    &bounds,
                    &mut limits,
                );
                let codes = self.shadow.codes(tile);
                let next = self.shadow.codes((tile + 1).min(tiles - 1));
                let queries = &self.coded.codes;
                (batch.kernel.screen)(codes, next, queries, &limits, &mut |index, rows, sums| {
                    let candidates = &mut candidates[index];
                    self.each_reaching(tile, index, rows, sums, |candidate| {
                        keeper.keep(index, candidate, candidates);
                    });
                    self.bounds.trade(index, candidates);
                    bounds[index] = candidates.bound();
                });
            }
            let rows = (tiles.min(first + self.grain) - first) * TILE;
            self.control.advance((rows * batch.questions()) as u64);
        }
    }

    /// Bounds the rows of a tile whose sums reach a query's limit.
    fn each_reaching(
        &self,
        tile: usize,
        index: usize,
        mut rows: u64,
        sums: &Sums,
        mut take: impl FnMut(Candidate),
    ) {
        let (scales, scale) = (&self.coded.scales, self.shadow.scale(tile));
        let margin = scales.margin(index, scale);
        let start = tile * TILE;
        // The last tile may be short.
        let lanes = TILE.min(self.batch.table.matrix().rows() - start);
        rows &= u64::MAX >> (TILE - lanes);
        while rows != 0 {
            let lane = rows.trailing_zeros() as usize;
            rows &= rows - 1;
            let estimate = scales.estimate(index, scale, sums[lane]);
            take(Candidate {
                lower: (estimate - margin).next_down(),
                upper: (estimate + margin).next_up(),
                row: (start + lane) as u32,
            });
        }
    }
}
