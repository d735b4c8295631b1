//! One pass: as many questions as fit a cache and the memory allowed, scanned, then finished.

use std::collections::{BinaryHeap, HashMap};

use rayon::prelude::*;

use super::scan::{Pass, Share};
use super::screen::Screen;
use super::{Answers, Layout, Request, Response, Table};
use crate::control::Control;
use crate::kernel::Kernel;
use crate::score::{Plan, Question, Scorer, thresholds};
use crate::select::{Candidate, Candidates, Room, Scored, prune};
use crate::{Error, Result, exact};

/// Distinct atoms a pass: their cosines with a tile or two stay in a core's second-level cache.
const MAX_ATOMS: usize = 2048;
/// Bytes of distinct atoms a pass, as `f64` and of unit length as `f32`.
const ATOM_MEMORY: usize = 16 << 20;
/// Questions a pass that only ranks right answers, each of which takes about 256 bytes.
const MAX_RANKED: usize = 1 << 17;
/// Questions a pass over a shadow: their codes and candidates stay in a core's second-level cache.
const MAX_SCREENED: usize = 512;
/// Bytes of candidates that all threads of a pass may hold.
const MEMORY: usize = 32 << 20;

/// A right answer whose rank is counted: rows above and level with `score`.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) question: u32,
    pub(super) score: f64,
    pub(super) surely_above: f32,
    pub(super) perhaps: f32,
}

/// A question's best right answer: which target it is, and how many right answers score alike.
#[derive(Clone, Copy)]
struct Gold {
    target: usize,
    right: i64,
}

/// The questions of one pass.
pub(super) struct Batch<'a> {
    pub(super) table: &'a Table<'a>,
    pub(super) request: &'a Request<'a>,
    pub(super) kernel: Kernel,
    excluded: usize,
    screened: bool,
    pub(super) depth: usize,
    room: Room,
    /// Counts beyond this cannot bring a rank back under the request's limit.
    pub(super) limit: Option<u64>,
    start: usize,
    pub(super) plans: Vec<Plan>,
    /// The distinct atoms, row-major.
    atoms: Vec<f64>,
    pub(super) unit_atoms: Vec<f32>,
    /// Per question, its best right answer among all rows and among those not excluded.
    golds: Vec<[Option<Gold>; 2]>,
    pub(super) targets: Vec<Target>,
}

impl<'a> Batch<'a> {
    /// Takes questions from `start` on, at least one.
    pub(super) fn new(
        table: &'a Table<'a>,
        request: &'a Request<'a>,
        kernel: Kernel,
        layout: &Layout,
        start: usize,
        control: &Control,
    ) -> Result<Self> {
        let terms = request.terms_per_question;
        let dim = layout.dim;
        let most = most_questions(layout);
        let most_atoms = (ATOM_MEMORY / (12 * dim)).clamp(1, MAX_ATOMS);
        let mut places: HashMap<i64, u32> = HashMap::new();
        let mut order = Vec::new();
        let mut local = Vec::new();
        for question in request.terms[start * terms..].chunks_exact(terms) {
            let fresh = question
                .iter()
                .filter(|place| !places.contains_key(place))
                .count();
            let full = !local.is_empty() && places.len() + fresh > most_atoms;
            if full || local.len() == most {
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
        let mut atoms = vec![0.0; order.len() * dim];
        let mut unit_atoms = vec![0.0; order.len() * dim];
        order
            .par_iter()
            .zip(atoms.par_chunks_exact_mut(dim))
            .zip(unit_atoms.par_chunks_exact_mut(dim))
            .try_for_each(|((&place, atom), unit)| {
                request.atoms.load(table, place, request.ranked, atom)?;
                let length = exact::norm(atom);
                let scale = if length > 0.0 { length } else { 1.0 };
                for (unit, value) in unit.iter_mut().zip(atom) {
                    *unit = (*value / scale) as f32;
                }
                Ok::<_, Error>(())
            })?;
        let mut batch = Self {
            table,
            request,
            kernel,
            excluded: layout.excluded,
            screened: layout.screened,
            depth: layout.depth,
            room: layout.room(),
            limit: request
                .limit
                .map(|limit| limit.saturating_add(layout.excluded as u64)),
            start,
            plans: Vec::new(),
            atoms,
            unit_atoms,
            golds: Vec::new(),
            targets: Vec::new(),
        };
        batch.plans = local
            .par_iter()
            .enumerate()
            .map(|(index, &own)| {
                Plan::new(request.method, &batch.question_of(index, own), own, dim)
            })
            .collect();
        if layout.golds > 0 {
            batch.set_targets(layout.golds, control)?;
        }
        Ok(batch)
    }

    pub(super) fn questions(&self) -> usize {
        self.plans.len()
    }

    pub(super) fn atoms(&self) -> usize {
        self.unit_atoms.len() / self.table.matrix().dim()
    }

    pub(super) fn question(&self, index: usize) -> Question<'_> {
        self.question_of(index, self.plans[index].atoms)
    }

    fn question_of(&self, index: usize, places: [u32; 3]) -> Question<'_> {
        let terms = self.request.terms_per_question;
        let (first, dim) = ((self.start + index) * terms, self.table.matrix().dim());
        let mut question = Question {
            atoms: [&[]; 3],
            weights: [0.0; 3],
            terms,
        };
        for (term, &place) in places.iter().enumerate().take(terms) {
            question.atoms[term] = &self.atoms[place as usize * dim..][..dim];
            question.weights[term] = self.request.weights[first + term];
        }
        question
    }

    fn excluded(&self, index: usize) -> &'a [i64] {
        &self.request.exclude[(self.start + index) * self.excluded..][..self.excluded]
    }

    pub(super) fn keeper(&self) -> Keeper<'_> {
        Keeper {
            batch: self,
            scorer: self.scorer(),
        }
    }

    fn scorer(&self) -> Scorer<'_> {
        Scorer::new(self.table, self.kernel, self.request.method)
    }

    /// Scores every right answer and sets what is to be counted.
    fn set_targets(&mut self, golds: usize, control: &Control) -> Result<()> {
        let best: Vec<[Option<(f64, i64)>; 2]> = (0..self.plans.len())
            .into_par_iter()
            .map_init(
                || self.scorer(),
                |scorer, index| {
                    control.check()?;
                    scorer.load(self.question(index));
                    let rows = &self.request.gold[(self.start + index) * golds..][..golds];
                    let mut best = [None; 2];
                    for (place, &row) in rows.iter().enumerate() {
                        if row < 0 || rows[..place].contains(&row) {
                            continue;
                        }
                        let score = scorer.score(row as u32);
                        let allowed = !self.excluded(index).contains(&row);
                        for (slot, counts) in best.iter_mut().zip([true, allowed]) {
                            *slot = match *slot {
                                _ if !counts => *slot,
                                Some((held, right)) if score == held => Some((held, right + 1)),
                                Some((held, _)) if score < held => *slot,
                                _ => Some((score, 1)),
                            };
                        }
                    }
                    scorer.check()?;
                    Ok(best)
                },
            )
            .collect::<Result<_>>()?;
        for (index, slots) in best.into_iter().enumerate() {
            let mut own: [Option<Gold>; 2] = [None; 2];
            for (side, slot) in slots.into_iter().enumerate() {
                let Some((score, right)) = slot else { continue };
                if let Some(Gold { target, .. }) = own[0]
                    && self.targets[target].score == score
                {
                    own[1] = Some(Gold { target, right });
                    continue;
                }
                let margin = self.plans[index].outer_margin(self.request.method);
                let (surely_above, perhaps) = thresholds(score, margin);
                let target = self.targets.len();
                own[side] = Some(Gold { target, right });
                self.targets.push(Target {
                    question: index as u32,
                    score,
                    surely_above,
                    perhaps,
                });
            }
            self.golds.push(own);
        }
        Ok(())
    }

    /// Answers the questions and appends them to `response`.
    pub(super) fn run(
        &self,
        pool: &rayon::ThreadPool,
        control: &Control,
        response: &mut Response,
    ) -> Result<()> {
        let threads = pool.current_num_threads();
        let shadow = self.table.shadow().filter(|_| self.screened);
        let shares: Vec<Result<Share>> = if let Some(shadow) = shadow {
            let screen = Screen::new(self, shadow, control, threads);
            pool.broadcast(|_| screen.run())
        } else {
            let pass = Pass::new(self, control, threads);
            pool.broadcast(|_| pass.run())
        };
        let mut above = vec![0; self.targets.len()];
        let mut tied = vec![0; self.targets.len()];
        let mut found: Vec<Vec<Candidate>> = Vec::new();
        for share in shares {
            let share = share?;
            for (total, part) in above.iter_mut().zip(&share.above) {
                *total += part;
            }
            for (total, part) in tied.iter_mut().zip(&share.tied) {
                *total += part;
            }
            found.resize_with(share.candidates.len(), Vec::new);
            for (all, part) in found.iter_mut().zip(share.candidates) {
                all.append(&mut part.into_found());
            }
        }
        if self.depth > 0 {
            self.rerank(found, control, response)?;
        }
        if !self.golds.is_empty() {
            self.count(&above, &tied, control, response)?;
        }
        Ok(())
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
                || (self.scorer(), Vec::new()),
                |(scorer, scratch), (index, mut found)| {
                    prune(&mut found, self.depth, scratch);
                    found.par_sort_unstable_by(|left, right| right.upper.total_cmp(&left.upper));
                    scorer.load(self.question(index));
                    self.best(&found, scorer, control)
                },
            )
            .collect::<Result<_>>()?;
        let k = self.request.k;
        for (index, best) in ranked.iter().enumerate() {
            let excluded = self.excluded(index);
            let allowed = |scored: &&Scored| !excluded.contains(&i64::from(scored.row));
            if self.request.fair {
                push_answers(&mut response.fair, best.iter(), k);
            }
            push_answers(&mut response.restricted, best.iter().filter(allowed), k);
        }
        Ok(())
    }

    /// The best candidates, best first; `found` is in the order of their upper bounds.
    fn best(
        &self,
        found: &[Candidate],
        scorer: &mut Scorer<'_>,
        control: &Control,
    ) -> Result<Vec<Scored>> {
        const AHEAD: usize = 4;
        const STEP: usize = 1024;
        // The worst on top.
        let mut best = BinaryHeap::with_capacity(self.depth);
        for one in found.iter().take(AHEAD) {
            scorer.prefetch(one.row);
        }
        for (place, &Candidate { row, upper, .. }) in found.iter().enumerate() {
            if place.is_multiple_of(STEP) {
                control.check()?;
            }
            if best.len() == self.depth
                && best
                    .peek()
                    .is_some_and(|last: &Scored| f64::from(upper) < last.score)
            {
                // Nor can any row that follows reach the last of the best.
                break;
            }
            if let Some(one) = found.get(place + AHEAD) {
                scorer.prefetch(one.row);
            }
            let scored = Scored {
                score: scorer.score(row),
                row,
            };
            scorer.check()?;
            if best.len() < self.depth {
                best.push(scored);
            } else if let Some(mut last) = best.peek_mut()
                && scored < *last
            {
                *last = scored;
            }
        }
        let mut best = best.into_vec();
        best.par_sort_unstable();
        Ok(best)
    }

    /// Turns counts into ranks, taking the excluded rows out of the restricted ones.
    fn count(
        &self,
        above: &[u64],
        tied: &[u64],
        control: &Control,
        response: &mut Response,
    ) -> Result<()> {
        let ranks: Vec<[[i64; 3]; 2]> = self
            .golds
            .par_iter()
            .enumerate()
            .map_init(
                || self.scorer(),
                |scorer, (index, slots)| {
                    control.check()?;
                    let counted =
                        |Gold { target, right }| [above[target] as i64, tied[target] as i64, right];
                    let mut ranks = slots.map(|slot| slot.map_or([-1, 0, 0], counted));
                    if let Some(Gold { target, .. }) = slots[1] {
                        let score = self.targets[target].score;
                        scorer.load(self.question(index));
                        let excluded = self.excluded(index);
                        for (place, &row) in excluded.iter().enumerate() {
                            if row >= 0 && !excluded[..place].contains(&row) {
                                let other = scorer.score(row as u32);
                                ranks[1][0] -= i64::from(other > score);
                                ranks[1][1] -= i64::from(other == score);
                            }
                        }
                    }
                    scorer.check()?;
                    Ok(ranks)
                },
            )
            .collect::<Result<_>>()?;
        let limit = self
            .request
            .limit
            .map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        for sides in ranks {
            let both = [&mut response.rank_fair, &mut response.rank_restricted];
            for (ranks, counted) in both.into_iter().zip(sides) {
                let cut = [limit, 1, 1];
                let [above, tied, right] = if counted[0] < limit { counted } else { cut };
                ranks.above.push(above);
                ranks.tied.push(tied);
                ranks.right.push(right);
            }
        }
        Ok(())
    }
}

/// What a thread needs to keep candidates.
pub(super) struct Keeper<'a> {
    batch: &'a Batch<'a>,
    pub(super) scorer: Scorer<'a>,
}

impl Keeper<'_> {
    pub(super) fn keep(&mut self, index: usize, candidate: Candidate, candidates: &mut Candidates) {
        let Self { batch, scorer } = self;
        let mut loaded = false;
        candidates.push(candidate, batch.room, |row| {
            if !loaded {
                scorer.load(batch.question(index));
                loaded = true;
            }
            scorer.score(row)
        });
    }
}

/// Questions a pass, so that the candidates of all threads stay within [`MEMORY`].
fn most_questions(layout: &Layout) -> usize {
    if layout.depth == 0 {
        return MAX_RANKED;
    }
    let held = rayon::current_num_threads() * layout.room().bytes();
    let most = (MEMORY / held).clamp(1, MAX_RANKED);
    if layout.screened {
        most.min(MAX_SCREENED)
    } else {
        most
    }
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
