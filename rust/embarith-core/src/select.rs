//! Bounded buffers of candidates: which rows may still be among the k best.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
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

impl Ord for Scored {
    fn cmp(&self, other: &Self) -> Ordering {
        // Not `total_cmp`: −0 and 0 are a tie. A row that was damaged comes last.
        let (left, right) = (self.score, other.score);
        right
            .partial_cmp(&left)
            .unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
            .then(self.row.cmp(&other.row))
    }
}

impl PartialOrd for Scored {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Scored {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Scored {}

/// How many candidates a question wants, and how many it may hold before some are dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) k: usize,
    pub(crate) capacity: usize,
}

impl Room {
    /// Bounds of the `f32` scan leave hardly more than k rows open, those of eight bits about ten
    /// times as many; a buffer that is too small for them would have rows scored over and over.
    pub(crate) fn new(k: usize, screened: bool, rows: usize) -> Self {
        let capacity = if screened {
            (16 * k).max(128)
        } else {
            (2 * k).max(64)
        };
        Self {
            k,
            // One more than there are rows is never filled.
            capacity: capacity.min(rows + 1),
        }
    }

    pub(crate) fn bytes(self) -> usize {
        self.capacity * size_of::<Candidate>() + self.k * size_of::<u32>()
    }
}

/// The candidates of one query in one thread's share of the rows.
#[derive(Debug)]
pub(crate) struct Candidates {
    found: Vec<Candidate>,
    /// The k best lower bounds, as [`ordered`] integers, the least on top.
    best: BinaryHeap<Reverse<u32>>,
    /// No row whose upper bound is below this can be among the k best.
    bound: f32,
}

impl Candidates {
    /// Empty ones, one a question.
    pub(crate) fn of(questions: usize) -> Vec<Self> {
        let empty = || Self {
            found: Vec::new(),
            best: BinaryHeap::new(),
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

    /// Adds a candidate; when the buffer is full, drops all that the bound rules out.
    ///
    /// `score` is asked where bounds leave many rows: first for the k best alone, whose exact
    /// scores rule out most others, and for all only where even that does not (many equal rows).
    pub(crate) fn push(
        &mut self,
        candidate: Candidate,
        Room { k, capacity }: Room,
        mut score: impl FnMut(u32) -> f64,
    ) {
        if candidate.upper < self.bound {
            return;
        }
        if self.found.capacity() == 0 {
            self.found.reserve_exact(capacity);
            self.best.reserve_exact(k);
        }
        self.found.push(candidate);
        self.raise(k, candidate.lower);
        if self.found.len() < capacity {
            return;
        }
        let crowded = capacity - capacity / 4;
        self.compact();
        if self.found.len() > crowded {
            self.sharpen(k, &mut score);
            self.compact();
        }
        if self.found.len() > crowded {
            let exactly = |candidate: &Candidate| Scored {
                score: score(candidate.row),
                row: candidate.row,
            };
            let mut scored: Vec<Scored> = self.found.iter().map(exactly).collect();
            scored.select_nth_unstable(k - 1);
            scored.truncate(k);
            self.found.clear();
            self.found.extend(scored.iter().map(Candidate::certain));
            self.rank(k);
        }
    }

    /// Counts a lower bound among the k best, if it is one.
    fn raise(&mut self, k: usize, lower: f32) {
        let lower = Reverse(ordered(lower));
        if self.best.len() < k {
            self.best.push(lower);
        } else if let Some(mut least) = self.best.peek_mut()
            && lower < *least
        {
            *least = lower;
        }
        if let Some(Reverse(least)) = self.best.peek()
            && self.best.len() == k
        {
            self.bound = self.bound.max(from_ordered(*least));
        }
    }

    /// Finds the k best lower bounds anew.
    fn rank(&mut self, k: usize) {
        self.best.clear();
        for i in 0..self.found.len() {
            self.raise(k, self.found[i].lower);
        }
    }

    /// Drops what the k best here rule out or, by the bound, those that other threads found.
    fn compact(&mut self) {
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
        self.rank(k);
    }
}

/// Drops the candidates that k others are certain to beat.
pub(crate) fn prune(found: &mut Vec<Candidate>, k: usize, scratch: &mut Vec<f32>) {
    if found.len() <= k {
        return;
    }
    scratch.clear();
    scratch.extend(found.iter().map(|candidate| candidate.lower));
    let (_, bound, _) = scratch.select_nth_unstable_by(k - 1, |left, right| right.total_cmp(left));
    let bound = *bound;
    found.retain(|candidate| candidate.upper >= bound);
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
        let (own, shared) = (ordered(candidates.bound), &self.0[question]);
        // Reading alone leaves the cache line with the other threads.
        let mut proven = shared.load(Memory::Relaxed);
        if own > proven {
            proven = shared.fetch_max(own, Memory::Relaxed).max(own);
        }
        candidates.bound = from_ordered(proven);
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
