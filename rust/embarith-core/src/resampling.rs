//! The loops of the crossed bootstrap and of the permutation null.
//!
//! What is drawn depends on the key, the draw and the place alone, and every sum is taken in one
//! fixed order: results are the same for every number of threads and instruction set.

use std::collections::HashSet;

use rayon::prelude::*;

use crate::kernel::{DRAWS, Draws, Kernel, kernel};
use crate::random::{Key, below, exponential, words};
use crate::{Control, Error, Result, pool};

/// Questions whose weights are held at a time: with their values they fit a cache.
const HELD: usize = 64;

/// Values of questions that cross two units each.
#[derive(Clone, Copy, Debug)]
pub struct Crossed<'a> {
    /// Row-major, `columns` a question.
    pub values: &'a [f64],
    /// At least one.
    pub columns: usize,
    /// The two units of every question.
    pub units: [&'a [i64]; 2],
    /// The relation of every question; fastest where questions of one relation stand together.
    pub relation: &'a [i64],
}

impl Crossed<'_> {
    /// Sums of values by draw, relation and column, weighed by the product of the exponential
    /// weights that the draw gave the two units.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`], [`Error::Interrupted`], and as [`pool`] and [`kernel`].
    pub fn weighted_sums(&self, draws: usize, key: Key, control: &Control) -> Result<Vec<f64>> {
        let questions = self.relation.len();
        if self.columns == 0
            || self.values.len() != questions * self.columns
            || self.units.iter().any(|units| units.len() != questions)
        {
            return Err(Error::Shape(format!(
                "{} values in {} columns and units of {} and {} questions do not fit {questions} \
                 relations of questions",
                self.values.len(),
                self.columns,
                self.units[0].len(),
                self.units[1].len(),
            )));
        }
        let units = count(self.units[0])?.max(count(self.units[1])?);
        let width = count(self.relation)? * self.columns;
        let kernel = kernel()?;
        let mut sums = vec![0.0; draws * width];
        pool()?.install(|| -> Result<()> {
            sums.par_chunks_mut((DRAWS * width).max(1))
                .enumerate()
                .try_for_each(|(block, out)| {
                    control.check()?;
                    let first = (block * DRAWS) as u64;
                    let found = self.block(&weights(units, first, key), width, &kernel);
                    for (draw, out) in out.chunks_exact_mut(width).enumerate() {
                        for (out, found) in out.iter_mut().zip(&found) {
                            *out = found[draw];
                        }
                    }
                    control.advance((out.len() / width) as u64);
                    Ok(())
                })
        })?;
        Ok(sums)
    }

    fn block(&self, weights: &[Draws], width: usize, kernel: &Kernel) -> Vec<Draws> {
        let mut sums = vec![Draws::default(); width];
        let mut products = [Draws::default(); HELD];
        let mut start = 0;
        for same in self.relation.chunk_by(|left, right| left == right) {
            let sums = &mut sums[same[0] as usize * self.columns..][..self.columns];
            for held in same.chunks(HELD) {
                let here = start..start + held.len();
                let [left, right] = self.units.map(|units| &units[here.clone()]);
                for ((product, &left), &right) in products.iter_mut().zip(left).zip(right) {
                    let (left, right) = (&weights[left as usize], &weights[right as usize]);
                    *product = Draws(std::array::from_fn(|draw| left[draw] * right[draw]));
                }
                let values = &self.values[start * self.columns..here.end * self.columns];
                (kernel.add_weighted)(values, &products[..held.len()], sums);
                start = here.end;
            }
        }
        sums
    }
}

/// The weights of all units in `DRAWS` draws.
fn weights(units: usize, first: u64, key: Key) -> Vec<Draws> {
    let mut weights = vec![Draws::default(); units];
    for draw in 0..DRAWS {
        let stream = words(key, [first + draw as u64, 0]);
        for (weights, word) in weights.iter_mut().zip(stream) {
            weights[draw] = exponential(word);
        }
    }
    weights
}

/// Questions whose right answers are permuted within their relation.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// One answer a question; negative where there is none.
    pub answers: &'a [i64],
    /// Row-major, as many right answers a question as its row holds; negative where it has fewer.
    pub gold: &'a [i64],
    /// The relation of every question.
    pub relation: &'a [i64],
}

impl Answered<'_> {
    /// Counts, by relation and draw, the answers that are right when the right answers are permuted
    /// among the questions of the relation.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`], [`Error::Interrupted`], and as [`pool`].
    pub fn permuted_hits(&self, draws: usize, key: Key, control: &Control) -> Result<Vec<i64>> {
        let questions = self.relation.len();
        let per_question = self.gold.len() / questions.max(1);
        if self.answers.len() != questions || self.gold.len() != questions * per_question {
            return Err(Error::Shape(format!(
                "{} answers and {} right answers do not fit {questions} relations of questions",
                self.answers.len(),
                self.gold.len(),
            )));
        }
        let mut rows = vec![Vec::new(); count(self.relation)?];
        for (row, &relation) in self.relation.iter().enumerate() {
            rows[relation as usize].push(row);
        }
        let mut hits = vec![0; rows.len() * draws];
        for (relation, rows) in rows.iter().enumerate() {
            let gold: Vec<&[i64]> = rows
                .iter()
                .map(|row| &self.gold[row * per_question..][..per_question])
                .collect();
            let right: HashSet<i64> = gold.iter().copied().flatten().copied().collect();
            // An answer that is right nowhere in the relation stays wrong under every permutation.
            let live: Vec<i64> = rows
                .iter()
                .map(|&row| self.answers[row])
                .filter(|answer| *answer >= 0 && right.contains(answer))
                .collect();
            pool()?.install(|| -> Result<()> {
                hits[relation * draws..][..draws]
                    .par_iter_mut()
                    .enumerate()
                    .with_min_len(16)
                    .try_for_each_init(Vec::new, |order, (draw, hits)| {
                        control.check()?;
                        let stream = words(key, [draw as u64, relation as u64]);
                        *hits = matches(&live, &gold, order, stream);
                        Ok(())
                    })
            })?;
        }
        Ok(hits)
    }
}

/// How many of the answers lie among the right ones that a random permutation puts in their place:
/// as much of the Fisher–Yates shuffle as there are answers.
fn matches(
    answers: &[i64],
    gold: &[&[i64]],
    order: &mut Vec<u32>,
    words: impl Iterator<Item = u64>,
) -> i64 {
    order.clear();
    order.extend(0..gold.len() as u32);
    let mut found = 0;
    for ((place, answer), word) in answers.iter().enumerate().zip(words) {
        order.swap(place, place + below(word, gold.len() - place));
        found += i64::from(gold[order[place] as usize].contains(answer));
    }
    found
}

/// One more than the largest of numbers that count from zero.
///
/// # Errors
///
/// [`Error::Shape`] if one is negative.
pub fn count(numbers: &[i64]) -> Result<usize> {
    match numbers.iter().find(|number| **number < 0) {
        Some(number) => Err(Error::Shape(format!("{number} does not count from 0"))),
        None => Ok(numbers.iter().max().map_or(0, |last| *last as usize + 1)),
    }
}
