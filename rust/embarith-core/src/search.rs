//! Exact search: the k best rows for many questions, and the exact rank of their right answers.
//!
//! Questions are sums (or products) of a few *atoms*, and question sets use the same words again
//! and again: Google's 19,544 questions are made of 905 words. One pass over the table therefore
//! computes the cosines of a tile of rows with the distinct atoms once, and every question
//! combines two or three of them. What the `f32` error bound cannot decide is scored in `f64`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::control::{Control, pool};
use crate::exact;
use crate::kernel::{Kernel, TILE, kernel};
use crate::matrix::Matrix;
use crate::score::{Method, Plan, Question, Scorer, thresholds};
use crate::select::{Candidate, Candidates, Scored, keep_best, prune};
use crate::tile::Tile;
use crate::{Error, Result};

/// Distinct atoms a pass: their cosines with one tile stay in a core's second-level cache.
const MAX_ATOMS: usize = 2048;
/// Questions a pass, which bounds the memory of a pass.
const MAX_QUESTIONS: usize = 32_768;

/// A matrix and the lengths of its rows.
#[derive(Debug)]
pub struct Table<'a> {
    matrix: Matrix<'a>,
    norms: &'a [f64],
    fits_f32: bool,
}

impl<'a> Table<'a> {
    /// Borrows a matrix and its rows' lengths, as [`exact::row_norms`] computes them.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if there is not one finite, positive length a row, or there are more rows
    /// than 32 bits count.
    pub fn new(matrix: Matrix<'a>, norms: &'a [f64]) -> Result<Self> {
        if norms.len() != matrix.rows() || matrix.rows() > u32::MAX as usize {
            return Err(Error::Shape(format!(
                "{} lengths for {} rows",
                norms.len(),
                matrix.rows()
            )));
        }
        if let Some(row) = norms.iter().position(|norm| !norm.is_normal()) {
            return Err(Error::Shape(format!(
                "row {row} is zero or not finite and has no direction"
            )));
        }
        let fits_f32 = norms.iter().all(|norm| (1e-15..1e15).contains(norm));
        Ok(Self {
            matrix,
            norms,
            fits_f32,
        })
    }

    /// The rows.
    #[must_use]
    pub fn matrix(&self) -> Matrix<'a> {
        self.matrix
    }

    /// The rows' lengths.
    #[must_use]
    pub fn norms(&self) -> &'a [f64] {
        self.norms
    }

    /// Whether dot products of rows with unit vectors neither overflow nor vanish in `f32`.
    pub(crate) fn fits_f32(&self) -> bool {
        self.fits_f32
    }
}

/// What to ask of a table: n questions as combinations of atoms.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// How atoms make a score.
    pub method: Method,
    /// Atoms, row-major, of the table's dimension.
    pub atoms: &'a [f64],
    /// n × t places of atoms, t from 1 to 3.
    pub terms: &'a [i64],
    /// n × t weights of those atoms.
    pub weights: &'a [f64],
    /// Atoms a question.
    pub terms_per_question: usize,
    /// n × e rows that may not answer (restricted answers alone), padded with −1.
    pub exclude: &'a [i64],
    /// n × g right answers, padded with −1; empty to rank none.
    pub gold: &'a [i64],
    /// Answers a question; 0 to rank right answers alone.
    pub k: usize,
    /// Where ranks stop mattering (with k = 0): a right answer below that many candidates is
    /// reported as just below them, which saves most of the work.
    pub limit: Option<u64>,
}

/// The k best rows of every question, n × k, padded with −1 and NaN.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// Row numbers, best first.
    pub rows: Vec<i64>,
    /// Their scores.
    pub scores: Vec<f64>,
}

/// The place of every question's best right answer among the candidates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranks {
    /// Candidates with a strictly higher score; −1 where no right answer is a candidate.
    pub above: Vec<i64>,
    /// Candidates with the same score, the right answer counted.
    pub tied: Vec<i64>,
}

/// Answers and ranks with every row a candidate (`fair`) and without the excluded ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// All rows may answer.
    pub fair: Answers,
    /// The question's excluded rows may not.
    pub restricted: Answers,
    /// Rank among all rows.
    pub rank_fair: Ranks,
    /// Rank among the rows that are not excluded.
    pub rank_restricted: Ranks,
}

/// Answers every question of `request`, exactly.
///
/// `control.done()` counts row–question pairs.
///
/// # Errors
///
/// [`Error::Shape`] for arrays that do not fit together or places out of range;
/// [`Error::Interrupted`] if `control` was cancelled.
pub fn solve(table: &Table<'_>, request: &Request<'_>, control: &Control) -> Result<Response> {
    let layout = Layout::new(table, request)?;
    let kernel = kernel()?;
    let pool = pool()?;
    pool.install(|| {
        let mut response = Response::default();
        let mut start = 0;
        while start < layout.questions {
            let batch = Batch::new(table, request, &layout, start);
            start += batch.plans.len();
            batch.run(&kernel, pool, control, &mut response)?;
        }
        Ok(response)
    })
}

/// The request's shapes, checked.
struct Layout {
    questions: usize,
    dim: usize,
    excluded: usize,
    golds: usize,
    /// Answers to search: enough that k are left after the excluded rows are taken out.
    depth: usize,
}

impl Layout {
    fn new(table: &Table<'_>, request: &Request<'_>) -> Result<Self> {
        let shape = |message: String| Err(Error::Shape(message));
        let (dim, rows) = (table.matrix.dim(), table.matrix.rows());
        let terms = request.terms_per_question;
        if !(1..=3).contains(&terms) || request.method.atoms().is_some_and(|fixed| fixed != terms) {
            return shape(format!("{terms} terms a question for {:?}", request.method));
        }
        let questions = request.terms.len() / terms;
        let width = |values: &[i64]| values.len() / questions.max(1);
        let (excluded, golds) = (width(request.exclude), width(request.gold));
        if request.terms.len() != questions * terms
            || request.weights.len() != request.terms.len()
            || request.exclude.len() != questions * excluded
            || request.gold.len() != questions * golds
            || !request.atoms.len().is_multiple_of(dim)
        {
            return shape("terms, weights, exclude, gold and atoms do not fit together".into());
        }
        let atoms = (request.atoms.len() / dim) as i64;
        if let Some(place) = request
            .terms
            .iter()
            .find(|place| !(0..atoms).contains(*place))
        {
            return shape(format!("a question names atom {place} of {atoms}"));
        }
        let mut listed = request.exclude.iter().chain(request.gold);
        if let Some(row) = listed.find(|row| !(-1..rows as i64).contains(*row)) {
            return shape(format!("row {row} of a table of {rows} rows"));
        }
        let depth = if request.k == 0 {
            0
        } else {
            rows.min(request.k + excluded)
        };
        Ok(Self {
            questions,
            dim,
            excluded,
            golds,
            depth,
        })
    }
}

/// A right answer whose rank is counted: rows above and level with `score`.
#[derive(Clone, Copy)]
struct Target {
    question: u32,
    score: f64,
    surely_above: f32,
    perhaps: f32,
}

/// One visit of a question to every tile.
#[derive(Clone, Copy)]
struct Job {
    question: u32,
    margin: f32,
    answers: bool,
    target: Option<usize>,
}

/// As many questions as one pass takes.
struct Batch<'a> {
    table: &'a Table<'a>,
    request: &'a Request<'a>,
    excluded: usize,
    depth: usize,
    /// Counts beyond this cannot bring a rank back under the request's limit.
    limit: Option<u64>,
    start: usize,
    plans: Vec<Plan>,
    unit_atoms: Vec<f32>,
    /// Per question, its best right answer among all rows and among those not excluded.
    golds: Vec<[Option<usize>; 2]>,
    targets: Vec<Target>,
}

/// One thread's findings.
struct Share {
    candidates: Vec<Candidates>,
    above: Vec<u64>,
    tied: Vec<u64>,
}

impl<'a> Batch<'a> {
    fn new(table: &'a Table<'a>, request: &'a Request<'a>, layout: &Layout, start: usize) -> Self {
        let terms = request.terms_per_question;
        let mut places: HashMap<i64, u32> = HashMap::new();
        let mut order = Vec::new();
        let mut local = Vec::new();
        for question in request.terms[start * terms..].chunks_exact(terms) {
            let fresh = question
                .iter()
                .filter(|place| !places.contains_key(place))
                .count();
            let full = !local.is_empty() && places.len() + fresh > MAX_ATOMS;
            if full || local.len() == MAX_QUESTIONS {
                break;
            }
            let mut own = [0; 3];
            for (slot, &place) in own.iter_mut().zip(question) {
                *slot = *places.entry(place).or_insert_with(|| {
                    order.push(place as usize);
                    order.len() as u32 - 1
                });
            }
            // Unused terms weigh nothing; any atom of the question will do.
            let any = own[0];
            own[terms..].fill(any);
            local.push(own);
        }
        let dim = layout.dim;
        let unit_atoms = order
            .par_iter()
            .flat_map_iter(|&place| {
                let atom = &request.atoms[place * dim..][..dim];
                let length = exact::norm(atom);
                let scale = if length > 0.0 { length } else { 1.0 };
                atom.iter().map(move |value| (value / scale) as f32)
            })
            .collect();
        let mut batch = Self {
            table,
            request,
            excluded: layout.excluded,
            depth: layout.depth,
            limit: request.limit.map(|limit| limit + layout.excluded as u64),
            start,
            plans: Vec::new(),
            unit_atoms,
            golds: Vec::new(),
            targets: Vec::new(),
        };
        batch.plans = local
            .par_iter()
            .enumerate()
            .map(|(index, &own)| Plan::new(request.method, &batch.question(index), own, dim))
            .collect();
        if layout.golds > 0 {
            batch.set_targets(layout.golds);
        }
        batch
    }

    fn question(&self, index: usize) -> Question<'a> {
        let terms = self.request.terms_per_question;
        let (first, dim) = ((self.start + index) * terms, self.table.matrix.dim());
        let mut question = Question {
            atoms: [&[]; 3],
            weights: [0.0; 3],
            terms,
        };
        for term in 0..terms {
            let place = self.request.terms[first + term] as usize;
            question.atoms[term] = &self.request.atoms[place * dim..][..dim];
            question.weights[term] = self.request.weights[first + term];
        }
        question
    }

    fn excluded(&self, index: usize) -> &'a [i64] {
        &self.request.exclude[(self.start + index) * self.excluded..][..self.excluded]
    }

    /// Scores every right answer and sets what is to be counted.
    fn set_targets(&mut self, golds: usize) {
        let best: Vec<[Option<f64>; 2]> = (0..self.plans.len())
            .into_par_iter()
            .map_init(
                || Scorer::new(self.table, self.request.method),
                |scorer, index| {
                    scorer.load(self.question(index));
                    let rows = &self.request.gold[(self.start + index) * golds..][..golds];
                    let mut best = [None; 2];
                    for &row in rows.iter().filter(|&&row| row >= 0) {
                        let score = scorer.score(row as u32);
                        let allowed = !self.excluded(index).contains(&row);
                        for (slot, counts) in best.iter_mut().zip([true, allowed]) {
                            if counts && slot.is_none_or(|held| score > held) {
                                *slot = Some(score);
                            }
                        }
                    }
                    best
                },
            )
            .collect();
        for (index, slots) in best.into_iter().enumerate() {
            let mut own: [Option<usize>; 2] = [None; 2];
            for (side, slot) in slots.into_iter().enumerate() {
                let Some(score) = slot else { continue };
                if side == 1 && slots[0] == Some(score) {
                    own[1] = own[0];
                    continue;
                }
                let margin = self.plans[index].outer_margin(self.request.method);
                let (surely_above, perhaps) = thresholds(score, margin);
                own[side] = Some(self.targets.len());
                self.targets.push(Target {
                    question: index as u32,
                    score,
                    surely_above,
                    perhaps,
                });
            }
            self.golds.push(own);
        }
    }

    fn run(
        &self,
        kernel: &Kernel,
        pool: &rayon::ThreadPool,
        control: &Control,
        response: &mut Response,
    ) -> Result<()> {
        let tiles = self.table.matrix.rows().div_ceil(TILE);
        // Few tiles at a time where there are few, so that every thread has work.
        let grain = (tiles / (8 * pool.current_num_threads())).clamp(1, 16);
        let next = AtomicUsize::new(0);
        let shares = pool.broadcast(|_| self.scan(kernel, tiles, grain, &next, control));
        let shares: Vec<Share> = shares.into_iter().collect::<Result<_>>()?;
        let mut above = vec![0; self.targets.len()];
        let mut tied = vec![0; self.targets.len()];
        let mut found: Vec<Vec<Candidate>> = vec![Vec::new(); self.plans.len()];
        for share in shares {
            for (total, part) in above.iter_mut().zip(&share.above) {
                *total += part;
            }
            for (total, part) in tied.iter_mut().zip(&share.tied) {
                *total += part;
            }
            for (all, part) in found.iter_mut().zip(share.candidates) {
                all.append(&mut part.into_found());
            }
        }
        if self.depth > 0 {
            self.rerank(found, control, response)?;
        }
        if !self.golds.is_empty() {
            self.count(&above, &tied, response);
        }
        Ok(())
    }

    /// First stage, one thread: bounds for every row of the tiles it gets hold of.
    fn scan(
        &self,
        kernel: &Kernel,
        tiles: usize,
        grain: usize,
        next: &AtomicUsize,
        control: &Control,
    ) -> Result<Share> {
        let (dim, method) = (self.table.matrix.dim(), self.request.method);
        let mut share = Share {
            candidates: self.plans.iter().map(|_| Candidates::new()).collect(),
            above: vec![0; self.targets.len()],
            tied: vec![0; self.targets.len()],
        };
        let mut tile = Tile::new(dim, self.unit_atoms.len() / dim);
        let mut scorer = Scorer::new(self.table, method);
        let mut lanes = [[0.0; TILE]; 2];
        let mut scratch = Vec::new();
        let mut work = self.work();
        loop {
            let first = next.fetch_add(grain, Ordering::Relaxed);
            if first >= tiles {
                return Ok(share);
            }
            if let Some(limit) = self.limit {
                work.retain(|job| share.above[job.target.expect("limits rank alone")] < limit);
            }
            for number in first..tiles.min(first + grain) {
                control.check()?;
                let start = number * TILE;
                tile.fill(self.table, kernel, &self.unit_atoms, start);
                for job in &work {
                    let index = job.question as usize;
                    let (plan, margin) = (&self.plans[index], job.margin);
                    let mut bounds = [f32::INFINITY; 3];
                    if job.answers {
                        bounds[0] = (share.candidates[index].bound() - margin).next_down();
                    }
                    let target = job.target.map(|place| (place, &self.targets[place]));
                    if let Some((_, target)) = target {
                        bounds[1..].copy_from_slice(&[target.surely_above, target.perhaps]);
                    }
                    let [mut found, surely, perhaps] =
                        plan.sift(method, kernel, &tile, &mut lanes, bounds);
                    if found != 0 {
                        let [lower, upper] = &mut lanes;
                        plan.bounds(method, kernel, &tile, lower, upper);
                    }
                    while found != 0 {
                        let lane = found.trailing_zeros() as usize;
                        found &= found - 1;
                        let candidate = Candidate {
                            lower: (lanes[0][lane] - margin).next_down(),
                            upper: (lanes[1][lane] + margin).next_up(),
                            row: (start + lane) as u32,
                        };
                        let candidates = &mut share.candidates[index];
                        candidates.push(candidate, self.depth, &mut scratch, |found| {
                            score_all(scorer.load(self.question(index)), found)
                        });
                    }
                    if let Some((place, target)) = target {
                        share.above[place] += u64::from(surely.count_ones());
                        let mut open = perhaps & !surely;
                        if open != 0 {
                            scorer.load(self.question(index));
                        }
                        while open != 0 {
                            let row = start as u32 + open.trailing_zeros();
                            open &= open - 1;
                            let score = scorer.score(row);
                            share.above[place] += u64::from(score > target.score);
                            share.tied[place] += u64::from(score == target.score);
                        }
                    }
                }
                let rows = u64::from(tile.valid.count_ones());
                control.advance(rows * self.plans.len() as u64);
            }
        }
    }

    /// What to do with every tile: a question's answers and the rank of its right answer, or of
    /// the second one, where forbidding the inputs forbids the first.
    fn work(&self) -> Vec<Job> {
        let job = |question: usize, answers, target| Job {
            question: question as u32,
            margin: self.plans[question].outer_margin(self.request.method),
            answers,
            target,
        };
        let mut work = Vec::with_capacity(self.plans.len());
        let mut target = 0;
        for question in 0..self.plans.len() {
            let first = target;
            while self
                .targets
                .get(target)
                .is_some_and(|t| t.question as usize == question)
            {
                work.push(job(
                    question,
                    self.depth > 0 && target == first,
                    Some(target),
                ));
                target += 1;
            }
            if target == first && self.depth > 0 {
                work.push(job(question, true, None));
            }
        }
        work
    }

    /// Second stage: scores the survivors exactly and writes the answers.
    fn rerank(
        &self,
        found: Vec<Vec<Candidate>>,
        control: &Control,
        response: &mut Response,
    ) -> Result<()> {
        let ranked: Vec<Vec<Scored>> = found
            .into_par_iter()
            .enumerate()
            .map_init(
                || (Scorer::new(self.table, self.request.method), Vec::new()),
                |(scorer, scratch), (index, mut found)| {
                    control.check()?;
                    prune(&mut found, self.depth, scratch);
                    let mut best = score_all(scorer.load(self.question(index)), &found);
                    keep_best(&mut best, self.depth);
                    Ok(best)
                },
            )
            .collect::<Result<_>>()?;
        let k = self.request.k;
        for (index, best) in ranked.iter().enumerate() {
            let excluded = self.excluded(index);
            let allowed = |scored: &&Scored| !excluded.contains(&i64::from(scored.row));
            push_answers(&mut response.fair, best.iter(), k);
            push_answers(&mut response.restricted, best.iter().filter(allowed), k);
        }
        Ok(())
    }

    /// Turns counts into ranks, taking the excluded rows out of the restricted ones.
    fn count(&self, above: &[u64], tied: &[u64], response: &mut Response) {
        let ranks: Vec<[(i64, i64); 2]> = self
            .golds
            .par_iter()
            .enumerate()
            .map_init(
                || Scorer::new(self.table, self.request.method),
                |scorer, (index, slots)| {
                    let counted = |target: usize| (above[target] as i64, tied[target] as i64);
                    let mut ranks = slots.map(|slot| slot.map_or((-1, 0), counted));
                    if let Some(target) = slots[1] {
                        let score = self.targets[target].score;
                        scorer.load(self.question(index));
                        let excluded = self.excluded(index);
                        for (place, &row) in excluded.iter().enumerate() {
                            if row >= 0 && !excluded[..place].contains(&row) {
                                let other = scorer.score(row as u32);
                                ranks[1].0 -= i64::from(other > score);
                                ranks[1].1 -= i64::from(other == score);
                            }
                        }
                    }
                    ranks
                },
            )
            .collect();
        let limit = self.request.limit.map_or(i64::MAX, |limit| limit as i64);
        let cut = |(above, tied)| {
            if above < limit {
                (above, tied)
            } else {
                (limit, 1)
            }
        };
        for [fair, restricted] in ranks.into_iter().map(|sides| sides.map(cut)) {
            response.rank_fair.above.push(fair.0);
            response.rank_fair.tied.push(fair.1);
            response.rank_restricted.above.push(restricted.0);
            response.rank_restricted.tied.push(restricted.1);
        }
    }
}

fn score_all(scorer: &mut Scorer<'_>, found: &[Candidate]) -> Vec<Scored> {
    found
        .iter()
        .map(|candidate| Scored {
            score: scorer.score(candidate.row),
            row: candidate.row,
        })
        .collect()
}

fn push_answers<'s>(answers: &mut Answers, best: impl Iterator<Item = &'s Scored>, k: usize) {
    let filled = answers.rows.len() + k;
    for scored in best.take(k) {
        answers.rows.push(i64::from(scored.row));
        answers.scores.push(scored.score);
    }
    answers.rows.resize(filled, -1);
    answers.scores.resize(filled, f64::NAN);
}
