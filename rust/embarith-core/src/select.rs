//! Bounded buffers of candidates: which rows may still be among the k best.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicU32, Ordering as Memory};

/// A row and the bounds that its score is proven to lie between.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) lower: f32,
    pub(crate) upper: f32,
    pub(crate) row: u32,
}

impl Candidate {
    /// A row whose score is known.
    fn certain(scored: &Scored) -> Self {
        Self {
            lower: (scored.score as f32).next_down(),
            upper: (scored.score as f32).next_up(),
            row: scored.row,
        }
    }

    fn is_certain(&self) -> bool {
        self.lower.next_up() >= self.upper.next_down()
    }
}

/// A row and its score, in answer order: higher scores first, equal scores by the lower row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scored {
    pub(crate) score: f64,
    pub(crate) row: u32,
}

pub(crate) fn answer_order(left: &Scored, right: &Scored) -> Ordering {
    // Not `total_cmp`: −0 and 0 are a tie.
    right
        .score
        .partial_cmp(&left.score)
        .expect("scores are never NaN")
        .then(left.row.cmp(&right.row))
}

/// Keeps the `k` first in answer order, sorted.
pub(crate) fn keep_best(scored: &mut Vec<Scored>, k: usize) {
    if scored.len() > k && k > 0 {
        scored.select_nth_unstable_by(k - 1, answer_order);
    }
    scored.truncate(k);
    scored.sort_unstable_by(answer_order);
}

/// The candidates of one query in one thread's share of the rows.
#[derive(Debug)]
pub(crate) struct Candidates {
    found: Vec<Candidate>,
    /// No row whose upper bound is below this can be among the k best.
    bound: f32,
}

impl Candidates {
    /// Empty ones, one a question.
    pub(crate) fn of(questions: usize) -> Vec<Self> {
        let empty = || Self {
            found: Vec::new(),
            bound: f32::NEG_INFINITY,
        };
        std::iter::repeat_with(empty).take(questions).collect()
    }

    pub(crate) fn bound(&self) -> f32 {
        self.bound
    }

    pub(crate) fn into_found(self) -> Vec<Candidate> {
        self.found
    }

    /// Adds a candidate; when the buffer is full, drops all that the k best rule out.
    ///
    /// `score` is asked where bounds leave many rows: first for the k best alone, whose exact
    /// scores rule out most others, and for all only where even that does not (many equal rows).
    pub(crate) fn push(
        &mut self,
        candidate: Candidate,
        k: usize,
        scratch: &mut Vec<f32>,
        mut score: impl FnMut(u32) -> f64,
    ) {
        let capacity = capacity(k);
        if self.found.capacity() == 0 {
            self.found.reserve_exact(capacity);
        }
        self.found.push(candidate);
        if self.found.len() < capacity {
            return;
        }
        let crowded = capacity - capacity / 4;
        self.compact(k, scratch);
        if self.found.len() > crowded {
            self.sharpen(k, &mut score);
            self.compact(k, scratch);
        }
        if self.found.len() > crowded {
            let exactly = |candidate: &Candidate| Scored {
                score: score(candidate.row),
                row: candidate.row,
            };
            let mut scored: Vec<Scored> = self.found.iter().map(exactly).collect();
            keep_best(&mut scored, k);
            self.found.clear();
            self.found.extend(scored.iter().map(Candidate::certain));
            let worst = self
                .found
                .get(k - 1)
                .map_or(f32::NEG_INFINITY, |last| last.lower);
            self.bound = self.bound.max(worst);
        }
    }

    /// Drops what the k best here rule out or, by the bound, those that other threads found.
    fn compact(&mut self, k: usize, scratch: &mut Vec<f32>) {
        self.bound = self.bound.max(prune(&mut self.found, k, scratch));
        self.found.retain(|candidate| candidate.upper >= self.bound);
    }

    /// Scores those of the k best lower bounds that are no scores yet.
    fn sharpen(&mut self, k: usize, score: &mut impl FnMut(u32) -> f64) {
        self.found
            .select_nth_unstable_by(k - 1, |left, right| right.lower.total_cmp(&left.lower));
        for candidate in self
            .found
            .iter_mut()
            .take(k)
            .filter(|one| !one.is_certain())
        {
            let row = candidate.row;
            *candidate = Candidate::certain(&Scored {
                score: score(row),
                row,
            });
        }
    }
}

/// Candidates held before they are pruned: room for all that 8-bit bounds leave open, some ten
/// times the usual k, so that few are scored before the second stage.
pub(crate) fn capacity(k: usize) -> usize {
    (2 * k).max(128)
}

/// Drops the candidates that k others are certain to beat, and returns the bound that did it.
pub(crate) fn prune(found: &mut Vec<Candidate>, k: usize, scratch: &mut Vec<f32>) -> f32 {
    if found.len() <= k {
        return f32::NEG_INFINITY;
    }
    scratch.clear();
    scratch.extend(found.iter().map(|candidate| candidate.lower));
    let (_, bound, _) = scratch.select_nth_unstable_by(k - 1, |left, right| right.total_cmp(left));
    let bound = *bound;
    found.retain(|candidate| candidate.upper >= bound);
    bound
}

/// Per question, the highest bound that any thread's candidates have proven.
pub(crate) struct Bounds(Vec<AtomicU32>);

impl Bounds {
    pub(crate) fn new(questions: usize) -> Self {
        let lowest = ordered(f32::NEG_INFINITY);
        Self((0..questions).map(|_| AtomicU32::new(lowest)).collect())
    }

    /// How many questions there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Gives a thread's bound to the others and takes theirs.
    pub(crate) fn trade(&self, question: usize, candidates: &mut Candidates) {
        let own = ordered(candidates.bound);
        let proven = self.0[question].fetch_max(own, Memory::Relaxed);
        candidates.bound = from_ordered(proven.max(own));
    }
}

/// Maps floats to integers of the same order.
fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 0 {
        bits | 1 << 31
    } else {
        !bits
    }
}

fn from_ordered(bits: u32) -> f32 {
    f32::from_bits(if bits >> 31 == 1 {
        bits ^ 1 << 31
    } else {
        !bits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_keep_the_order_of_floats() {
        let values = [
            f32::NEG_INFINITY,
            -2.5,
            -1e-40,
            0.0,
            1e-40,
            1.0,
            f32::INFINITY,
        ];
        assert!(values.is_sorted_by(|left, right| ordered(*left) < ordered(*right)));
        assert_eq!(values.map(|value| from_ordered(ordered(value))), values);
    }
}
