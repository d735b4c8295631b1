//! The first stage: bounds for every row, one thread's share of the strips at a time.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::batch::{Batch, Keeper};
use super::strip::{self, Strip, Tile};
use crate::Result;
use crate::control::Control;
use crate::kernel::{Lanes, TILE};
use crate::score::Method;
use crate::select::{Bounds, Candidate, Candidates};

/// One visit of a question to every strip: for its answers, for the rank of a right answer, or
/// for both.
#[derive(Clone, Copy)]
struct Job {
    question: u32,
    target: Option<u32>,
    answers: bool,
    margin: f32,
    /// Rows whose upper bound lies below this are of no interest.
    reach: f32,
}

/// One thread's findings.
#[derive(Default)]
pub(super) struct Share {
    pub(super) candidates: Vec<Candidates>,
    pub(super) above: Vec<u64>,
    pub(super) tied: Vec<u64>,
}

/// What the threads of one pass share.
pub(super) struct Pass<'a> {
    batch: &'a Batch<'a>,
    control: &'a Control,
    /// Tiles a strip.
    tiles: usize,
    next: AtomicUsize,
    bounds: Bounds,
}

impl<'a> Pass<'a> {
    pub(super) fn new(batch: &'a Batch<'a>, control: &'a Control, threads: usize) -> Self {
        let all = batch.table.matrix().rows().div_ceil(TILE);
        // Several strips a thread, so that all of them are busy to the end.
        let tiles = strip::tiles(batch.atoms()).min(all.div_ceil(8 * threads));
        let searched = if batch.depth > 0 {
            batch.questions()
        } else {
            0
        };
        Self {
            batch,
            control,
            tiles,
            next: AtomicUsize::new(0),
            bounds: Bounds::new(searched),
        }
    }

    /// Bounds every row of the strips that this thread gets hold of.
    pub(super) fn run(&self) -> Result<Share> {
        let batch = self.batch;
        let rows = batch.table.matrix().rows();
        let mut worker = Worker {
            pass: self,
            share: Share {
                candidates: Candidates::of(self.bounds.len()),
                above: vec![0; batch.targets.len()],
                tied: vec![0; batch.targets.len()],
            },
            keeper: batch.keeper(),
            lanes: [Lanes::splat(0.0); 2],
        };
        let mut strip = Strip::new(batch.table.matrix().dim(), batch.atoms(), self.tiles);
        let mut jobs = self.jobs();
        loop {
            let start = self.next.fetch_add(1, Ordering::Relaxed) * self.tiles * TILE;
            if start >= rows {
                worker.keeper.scorer.check()?;
                return Ok(worker.share);
            }
            self.control.check()?;
            if let Some(limit) = batch.limit {
                jobs.retain(|job| {
                    let target = job.target.expect("limits rank alone");
                    worker.share.above[target as usize] < limit
                });
            }
            strip.fill(batch.table, &batch.kernel, &batch.unit_atoms, start);
            for job in &mut jobs {
                worker.visit(job, &strip);
            }
            self.control
                .advance((strip.rows * batch.questions()) as u64);
        }
    }

    /// A question's answers and the rank of its right answer are one job; the rank of the second
    /// one, where forbidding the inputs forbids the first, is another.
    fn jobs(&self) -> Vec<Job> {
        let batch = self.batch;
        let mut targets = batch.targets.iter().enumerate().peekable();
        let mut jobs = Vec::with_capacity(batch.questions());
        for (question, plan) in batch.plans.iter().enumerate() {
            let mut job = Job {
                question: question as u32,
                target: None,
                answers: batch.depth > 0,
                margin: plan.outer_margin(batch.request.method),
                reach: f32::NEG_INFINITY,
            };
            while let Some((place, target)) =
                targets.next_if(|(_, target)| target.question == job.question)
            {
                job.target = Some(place as u32);
                if !job.answers {
                    job.reach = target.perhaps;
                }
                jobs.push(job);
                job.answers = false;
            }
            if job.target.is_none() && job.answers {
                jobs.push(job);
            }
        }
        jobs
    }
}

/// One thread's buffers.
struct Worker<'a> {
    pass: &'a Pass<'a>,
    share: Share,
    keeper: Keeper<'a>,
    lanes: [Lanes; 2],
}

impl Worker<'_> {
    fn visit(&mut self, job: &mut Job, strip: &Strip) {
        let batch = self.pass.batch;
        let (plan, method) = (&batch.plans[job.question as usize], batch.request.method);
        let (kernel, stride) = (&self.pass.batch.kernel, batch.atoms());
        if let Some(place) = job.target
            && !job.answers
            && method == Method::Offset
            && strip.is_full()
        {
            return self.count(job, place as usize, strip);
        }
        let mut tiles = strip.filled();
        tiles &= plan.reach(method, kernel, &strip.cosines, stride, job.reach);
        while tiles != 0 {
            let tile = strip.tile(tiles.trailing_zeros() as usize);
            tiles &= tiles - 1;
            self.visit_tile(job, tile);
        }
    }

    fn visit_tile(&mut self, job: &mut Job, tile: Tile<'_>) {
        let (batch, kernel) = (self.pass.batch, &self.pass.batch.kernel);
        let method = batch.request.method;
        let index = job.question as usize;
        let plan = &batch.plans[index];
        let mut bounds = [f32::INFINITY; 3];
        if job.answers {
            bounds[0] = (self.share.candidates[index].bound() - job.margin).next_down();
        }
        let target = job.target.map(|place| &batch.targets[place as usize]);
        if let Some(target) = target {
            bounds[1..].copy_from_slice(&[target.surely_above, target.perhaps]);
        }
        let [found, surely, perhaps] = plan.sift(method, kernel, tile, &mut self.lanes, bounds);
        if let Some(place) = job.target {
            self.share.above[place as usize] += u64::from(surely.count_ones());
            self.count_open(job, place as usize, tile.start, perhaps & !surely);
        }
        // Bounds that overflowed reach even the infinite bound of a job that wants no answers.
        if job.answers && found != 0 {
            self.keep(job, tile, found);
            let bound = (self.share.candidates[index].bound() - job.margin).next_down();
            job.reach = target.map_or(bound, |target| bound.min(target.perhaps));
        }
    }

    /// Ranks a right answer alone, which takes no mask of the rows above it.
    fn count(&mut self, job: &Job, place: usize, strip: &Strip) {
        let (batch, kernel) = (self.pass.batch, &self.pass.batch.kernel);
        let plan = &batch.plans[job.question as usize];
        let target = &batch.targets[place];
        let bounds = [target.surely_above, target.perhaps];
        let (above, mut tiles) = plan.count(kernel, &strip.cosines, batch.atoms(), bounds);
        self.share.above[place] += u64::from(above);
        while tiles != 0 {
            let tile = strip.tile(tiles.trailing_zeros() as usize);
            tiles &= tiles - 1;
            let bounds = [f32::INFINITY, target.surely_above, target.perhaps];
            let method = batch.request.method;
            let [_, surely, perhaps] = plan.sift(method, kernel, tile, &mut self.lanes, bounds);
            self.count_open(job, place, tile.start, perhaps & !surely);
        }
    }

    /// Scores the rows that bounds cannot tell from the right answer.
    fn count_open(&mut self, job: &Job, place: usize, start: u32, mut open: u64) {
        if open == 0 {
            return;
        }
        let batch = self.pass.batch;
        let sought = batch.targets[place].score;
        let scorer = &mut self.keeper.scorer;
        scorer.load(batch.question(job.question as usize));
        while open != 0 {
            let score = scorer.score(start + open.trailing_zeros());
            open &= open - 1;
            self.share.above[place] += u64::from(score > sought);
            self.share.tied[place] += u64::from(score == sought);
        }
    }

    /// Adds rows to the question's candidates and trades bounds with the other threads.
    fn keep(&mut self, job: &Job, tile: Tile<'_>, mut found: u64) {
        let (batch, kernel) = (self.pass.batch, &self.pass.batch.kernel);
        let index = job.question as usize;
        let [lower, upper] = &mut self.lanes;
        batch.plans[index].bounds(batch.request.method, kernel, tile, lower, upper);
        let candidates = &mut self.share.candidates[index];
        while found != 0 {
            let lane = found.trailing_zeros() as usize;
            found &= found - 1;
            let candidate = Candidate {
                lower: (lower[lane] - job.margin).next_down(),
                upper: (upper[lane] + job.margin).next_up(),
                row: tile.start + lane as u32,
            };
            self.keeper.keep(index, candidate, candidates);
        }
        self.pass.bounds.trade(index, candidates);
    }
}
