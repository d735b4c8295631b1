//! The nearest rows to x + λ·(t − v), for many λ at once, from products that are taken once.
//!
//! The score of a row is the line base + λ·step, and over a stretch of λ few lines can come out on
//! top: those that reach, at one of its ends, the least of the best found at its beginning. Each
//! stretch looks at all rows once, whatever the number of its λ.

use rayon::prelude::*;

use crate::{Control, Error, Result, pool};

/// Products of unit vectors closer than this are one: no order of a float64 sum separates them.
const EQUAL: f64 = 1e-12;

/// Scores at a λ closer than this are one: rounding grows with x + λ·t − λ·v.
fn equal(lam: f64) -> f64 {
    EQUAL * (1.0 + 2.0 * lam.abs())
}

/// λ a stretch: longer ones let more lines through, shorter ones look at all rows more often.
const STRETCH: usize = 5;

/// Queries x + λ·(t − v) in products with the rows that may answer.
#[derive(Clone, Copy, Debug)]
pub struct Sweep<'a> {
    /// Row-major, x · row.
    pub bases: &'a [f64],
    /// Row-major, t · row and v · row.
    pub steps: &'a [f64],
    /// Rows that may answer: the columns of both.
    pub rows: usize,
    /// Which of `bases` is the x of every query.
    pub base: &'a [i64],
    /// Which of `steps` is the v of every query.
    pub from: &'a [i64],
    /// Which of `steps` is the t of every query.
    pub to: &'a [i64],
    /// The row that may not answer; negative for none.
    pub own: &'a [i64],
}

/// Answers by query, λ and place.
#[derive(Debug, Default, PartialEq)]
pub struct Nearest {
    /// Best first, equals by the lower row, −1 where rows run out.
    pub rows: Vec<i64>,
    /// Products with the query, NaN where rows run out.
    pub scores: Vec<f64>,
    /// Rows that score as high as the first, itself counted, by query and λ.
    pub tied: Vec<i64>,
}

impl Sweep<'_> {
    /// The `k` nearest rows to every query at every λ.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] for numbers out of range or λ that do not rise, [`Error::Interrupted`], and
    /// as [`pool`].
    pub fn nearest(&self, lams: &[f64], k: usize, control: &Control) -> Result<Nearest> {
        self.check(lams, k)?;
        let queries = self.base.len();
        let mut found = Nearest {
            rows: vec![-1; queries * lams.len() * k],
            scores: vec![f64::NAN; queries * lams.len() * k],
            tied: vec![0; queries * lams.len()],
        };
        let width = lams.len() * k;
        pool()?.install(|| -> Result<()> {
            (0..queries)
                .into_par_iter()
                .zip(found.rows.par_chunks_mut(width))
                .zip(found.scores.par_chunks_mut(width))
                .zip(found.tied.par_chunks_mut(lams.len()))
                .try_for_each_init(
                    || Scratch::new(self.rows),
                    |scratch, (((query, rows), scores), tied)| {
                        control.check()?;
                        self.lines(query, scratch);
                        scratch.best.clear();
                        let outs = rows.chunks_mut(k).zip(scores.chunks_mut(k)).zip(tied);
                        let mut outs = outs.map(|((rows, scores), tied)| (rows, scores, tied));
                        for stretch in lams.chunks(STRETCH) {
                            scratch.stretch(stretch, k, &mut outs);
                        }
                        control.advance(1);
                        Ok(())
                    },
                )
        })?;
        Ok(found)
    }

    fn check(&self, lams: &[f64], k: usize) -> Result<()> {
        let queries = self.base.len();
        let rows = self.rows;
        let whole = |products: &[f64]| rows > 0 && products.len().is_multiple_of(rows);
        if !whole(self.bases) || !whole(self.steps) || k == 0 || lams.is_empty() {
            return Err(Error::Shape(format!(
                "{} and {} products do not fit {rows} rows, {} λ and {k} answers",
                self.bases.len(),
                self.steps.len(),
                lams.len(),
            )));
        }
        if !lams.iter().all(|lam| lam.is_finite()) || !lams.is_sorted() {
            return Err(Error::Shape(String::from("λ must be finite and rise")));
        }
        let limits = [
            (self.base, 0, self.bases.len() / rows),
            (self.from, 0, self.steps.len() / rows),
            (self.to, 0, self.steps.len() / rows),
            (self.own, i64::MIN, rows),
        ];
        for (numbers, least, end) in limits {
            let fits = |number: &i64| *number >= least && *number < end as i64;
            if numbers.len() != queries || !numbers.iter().all(fits) {
                return Err(Error::Shape(format!(
                    "{} numbers for {queries} queries, or one that is none of the {end}",
                    numbers.len()
                )));
            }
        }
        Ok(())
    }

    fn lines(&self, query: usize, scratch: &mut Scratch) {
        let place = |number: i64| number as usize * self.rows;
        let bases = &self.bases[place(self.base[query])..][..self.rows];
        let from = &self.steps[place(self.from[query])..][..self.rows];
        let to = &self.steps[place(self.to[query])..][..self.rows];
        scratch.base.copy_from_slice(bases);
        for ((step, to), from) in scratch.step.iter_mut().zip(to).zip(from) {
            *step = to - from;
        }
        if let Ok(own) = usize::try_from(self.own[query]) {
            scratch.base[own] = f64::NEG_INFINITY;
        }
    }
}

/// One query's lines, and those of them that a stretch has to look at.
struct Scratch {
    base: Vec<f64>,
    step: Vec<f64>,
    close: Vec<Line>,
    best: Vec<(f64, Line)>,
}

#[derive(Clone, Copy)]
struct Line {
    base: f64,
    step: f64,
    row: usize,
}

impl Line {
    fn at(self, lam: f64) -> f64 {
        self.base + lam * self.step
    }
}

impl Scratch {
    fn new(rows: usize) -> Self {
        Self {
            base: vec![0.0; rows],
            step: vec![0.0; rows],
            close: Vec::with_capacity(rows),
            best: Vec::new(),
        }
    }

    /// Finds the best at every λ of a stretch; `best` holds those of the λ before, or none.
    fn stretch<'o>(
        &mut self,
        lams: &[f64],
        k: usize,
        outs: &mut impl Iterator<Item = (&'o mut [i64], &'o mut [f64], &'o mut i64)>,
    ) {
        let (first, last) = (lams[0], lams[lams.len() - 1]);
        if self.best.is_empty() {
            self.keep_close(first, last, f64::NEG_INFINITY, f64::NEG_INFINITY);
            self.choose(first, k);
        }
        // Any k lines will do: what lies below all of them at both ends is not among the k best
        // in between. With fewer rows than answers wanted none may be left out.
        let least = |lam: f64| {
            let scores = self.best.iter().map(|(_, line)| line.at(lam));
            scores.fold(f64::INFINITY, f64::min) - equal(lam)
        };
        if self.best.len() == k {
            self.keep_close(first, last, least(first), least(last));
        }
        for &lam in lams {
            self.choose(lam, k);
            let Some((rows, scores, tied)) = outs.next() else {
                return;
            };
            for (place, &(score, line)) in self.best.iter().enumerate() {
                rows[place] = line.row as i64;
                scores[place] = score;
            }
            let floor = self.best.first().map_or(f64::INFINITY, |best| best.0) - equal(lam);
            *tied = match self.best.get(1) {
                Some(second) if second.0 < floor => 1,
                _ => self
                    .close
                    .iter()
                    .filter(|line| line.at(lam) >= floor)
                    .count() as i64,
            };
        }
    }

    /// Keeps the lines that reach `low` at the first λ or `high` at the last.
    fn keep_close(&mut self, first: f64, last: f64, low: f64, high: f64) {
        const HELD: usize = 16;
        self.close.clear();
        let held = self.base.chunks(HELD).zip(self.step.chunks(HELD));
        for (chunk, (base, step)) in held.enumerate() {
            // Most chunks hold none; without a branch a line they are looked at together.
            let mut any = false;
            for (base, step) in base.iter().zip(step) {
                any |= base + first * step >= low;
                any |= base + last * step >= high;
            }
            if !any {
                continue;
            }
            for (place, (&base, &step)) in base.iter().zip(step).enumerate() {
                if base + first * step >= low || base + last * step >= high {
                    let row = chunk * HELD + place;
                    self.close.push(Line { base, step, row });
                }
            }
        }
    }

    /// Keeps the `k` best of the close lines; of equals the lower row, since rows come in order.
    fn choose(&mut self, lam: f64, k: usize) {
        self.best.clear();
        let mut floor = f64::NEG_INFINITY;
        for &line in &self.close {
            let score = line.at(lam);
            if score <= floor {
                continue;
            }
            let place = self
                .best
                .iter()
                .position(|kept| score > kept.0 + equal(lam))
                .unwrap_or(self.best.len());
            if place < k {
                self.best.insert(place, (score, line));
                self.best.truncate(k);
                if self.best.len() == k {
                    floor = self.best[k - 1].0;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::words;

    fn numbers(count: usize, purpose: u64) -> Vec<f64> {
        let scale = |word: u64| (word >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
        words([1, purpose], [0, 0]).take(count).map(scale).collect()
    }

    /// Every row at every λ, sorted.
    fn brute(sweep: &Sweep, lams: &[f64], k: usize) -> Vec<i64> {
        let part = |products: &[f64], place: i64| {
            products[place as usize * sweep.rows..][..sweep.rows].to_vec()
        };
        let mut found = Vec::new();
        for query in 0..sweep.base.len() {
            let base = part(sweep.bases, sweep.base[query]);
            let from = part(sweep.steps, sweep.from[query]);
            let to = part(sweep.steps, sweep.to[query]);
            for lam in lams {
                let score = |row: usize| base[row] + lam * (to[row] - from[row]);
                let mut order: Vec<usize> = (0..sweep.rows)
                    .filter(|row| *row as i64 != sweep.own[query])
                    .collect();
                order.sort_by(|one, other| score(*other).total_cmp(&score(*one)));
                let mut order: Vec<i64> = order.iter().map(|row| *row as i64).collect();
                order.resize(k.max(order.len()), -1);
                found.extend(&order[..k]);
            }
        }
        found
    }

    #[test]
    fn finds_what_every_row_at_every_lambda_finds() {
        for rows in [1, 2, 5, 40, 333] {
            let (bases, steps) = (numbers(6 * rows, 0), numbers(4 * rows, 1));
            let base = [0, 5, 3, 3];
            let (from, to) = ([0, 1, 2, 3], [1, 0, 3, 3]);
            let own = [0, -1, rows as i64 - 1, 0];
            let sweep = Sweep {
                bases: &bases,
                steps: &steps,
                rows,
                base: &base,
                from: &from,
                to: &to,
                own: &own,
            };
            for lams in [vec![1.0], (0..26).map(|i| 0.2 * f64::from(i)).collect()] {
                for k in [1, 3, 50] {
                    let found = sweep.nearest(&lams, k, &Control::default()).unwrap();
                    assert_eq!(found.rows, brute(&sweep, &lams, k), "{rows} rows, {k}");
                    assert!(found.tied.iter().all(|tied| *tied <= 1));
                }
            }
        }
    }

    #[test]
    fn equal_rows_go_by_number_and_are_counted() {
        let steps = [0.0; 4];
        let sweep = Sweep {
            bases: &[0.25, 0.5, 0.5 + 1e-15, 0.5],
            steps: &steps,
            rows: 4,
            base: &[0, 0],
            from: &[0, 0],
            to: &[0, 0],
            own: &[-1, 1],
        };
        let found = sweep.nearest(&[1.0], 2, &Control::default()).unwrap();
        assert_eq!(found.rows, [1, 2, 2, 3]);
        assert_eq!(found.tied, [3, 2]);
    }

    #[test]
    fn rounding_that_lambda_multiplies_separates_no_rows() {
        let sweep = Sweep {
            bases: &[0.5, 0.5, 0.5],
            steps: &[0.0, 0.0, 0.0, 0.25, 0.25 + 4e-15, 0.25 - 4e-12],
            rows: 3,
            base: &[0],
            from: &[0],
            to: &[1],
            own: &[-1],
        };
        for lams in [vec![1000.0], vec![-1000.0, 0.0, 1000.0]] {
            let found = sweep.nearest(&lams, 2, &Control::default()).unwrap();
            assert_eq!(found.rows[found.rows.len() - 2..], [0, 1]);
            assert_eq!(found.tied.last(), Some(&2));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let good = Sweep {
            bases: &[0.0; 4],
            steps: &[0.0; 2],
            rows: 2,
            base: &[1],
            from: &[0],
            to: &[0],
            own: &[-1],
        };
        let refused = |sweep: Sweep, lams: &[f64], k| {
            let found = sweep.nearest(lams, k, &Control::default());
            matches!(found, Err(Error::Shape(_)))
        };
        assert!(!refused(good, &[1.0], 1));
        assert!(refused(good, &[1.0, 0.5], 1));
        assert!(refused(good, &[f64::NAN], 1));
        assert!(refused(good, &[], 1));
        assert!(refused(good, &[1.0], 0));
        assert!(refused(Sweep { base: &[2], ..good }, &[1.0], 1));
        assert!(refused(Sweep { to: &[-1], ..good }, &[1.0], 1));
        assert!(refused(Sweep { own: &[2], ..good }, &[1.0], 1));
        assert!(refused(Sweep { from: &[], ..good }, &[1.0], 1));
        assert!(refused(Sweep { rows: 3, ..good }, &[1.0], 1));
    }
}
