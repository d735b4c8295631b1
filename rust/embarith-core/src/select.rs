//! Bounded buffers of candidates: which rows may still be among the k best.

use std::cmp::Ordering;

/// A row and the bounds that its score is proven to lie between.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) lower: f32,
    pub(crate) upper: f32,
    pub(crate) row: u32,
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
    pub(crate) fn new() -> Self {
        Self {
            found: Vec::new(),
            bound: f32::NEG_INFINITY,
        }
    }

    pub(crate) fn bound(&self) -> f32 {
        self.bound
    }

    /// Takes over a bound that other candidates have proven.
    pub(crate) fn raise(&mut self, bound: f32) {
        self.bound = self.bound.max(bound);
    }

    pub(crate) fn into_found(self) -> Vec<Candidate> {
        self.found
    }

    /// Adds a candidate; when the buffer is full, drops all that the k best rule out.
    ///
    /// `score` is asked only where bounds alone no longer tell rows apart (many equal rows).
    pub(crate) fn push(
        &mut self,
        candidate: Candidate,
        k: usize,
        scratch: &mut Vec<f32>,
        score: impl FnOnce(&[Candidate]) -> Vec<Scored>,
    ) {
        let capacity = capacity(k);
        if self.found.capacity() == 0 {
            self.found.reserve_exact(capacity);
        }
        self.found.push(candidate);
        if self.found.len() < capacity {
            return;
        }
        self.bound = self.bound.max(prune(&mut self.found, k, scratch));
        if self.found.len() > capacity - capacity / 4 {
            let mut scored = score(&self.found);
            keep_best(&mut scored, k);
            let mut rows: Vec<u32> = scored.iter().map(|best| best.row).collect();
            rows.sort_unstable();
            self.found
                .retain(|candidate| rows.binary_search(&candidate.row).is_ok());
        }
    }
}

/// Candidates held before they are pruned.
pub(crate) fn capacity(k: usize) -> usize {
    (2 * k).max(64)
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
