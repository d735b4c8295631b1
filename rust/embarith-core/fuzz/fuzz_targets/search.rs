//! Exact search against sorting all scores, with and without a shadow, on every instruction set
//! that this CPU has.
#![no_main]

use std::cmp::Ordering;

use arbitrary::{Arbitrary, Result, Unstructured};
use embarith_core::kernel::available;
use embarith_core::score::Method;
use embarith_core::search::{Answers, Atoms, Ranks, Request, Response, Table, solve_on};
use embarith_core::shadow::Shadow;
use embarith_core::{Control, Matrix, Norms};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|case: Case| {
    let want = case.sort_all();
    let matrix = Matrix::new(&case.rows, case.dim).unwrap();
    let norms = Norms::of(matrix, &Control::default()).unwrap();
    let plain = Table::new(matrix, &norms).unwrap();
    let shadow = Shadow::new(&plain, &Control::default()).unwrap();
    for kernel in available() {
        for table in [plain, plain.with_shadow(Some(&shadow))] {
            let got = solve_on(kernel, &table, &case.request(), &Control::default()).unwrap();
            assert_eq!(bits(&got.fair), bits(&want.fair), "fair, {}", kernel.name);
            assert_eq!(
                bits(&got.restricted),
                bits(&want.restricted),
                "restricted, {}",
                kernel.name
            );
            assert_eq!(got.rank_fair, want.rank_fair, "{}", kernel.name);
            assert_eq!(got.rank_restricted, want.rank_restricted, "{}", kernel.name);
            if !case.request().suits_shadow(case.dim) {
                break;
            }
        }
    }
});

fn bits(answers: &Answers) -> Vec<(i64, u64)> {
    let scores = answers.scores.iter().map(|score| score.to_bits());
    answers.rows.iter().copied().zip(scores).collect()
}

/// A table and what is asked of it.
#[derive(Debug)]
struct Case {
    dim: usize,
    rows: Vec<f32>,
    method: Method,
    atoms: Vec<f64>,
    /// Atoms a question.
    terms: usize,
    places: Vec<i64>,
    weights: Vec<f64>,
    exclude: Vec<i64>,
    gold: Vec<i64>,
    k: usize,
    limit: Option<u64>,
}

/// Random values from a seed: they cost no input.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// From −1 to 1.
    fn value(&mut self) -> f32 {
        (self.next() as i32) as f32 / 2_f32.powi(31)
    }
}

const LENGTHS: [f32; 8] = [1.0, 1.0, 1e-44, 1e-38, 1e-15, 1e9, 1e19, 3e38];

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut noise = Noise(u.arbitrary()?);
        let (count, dim) = match u.arbitrary::<u8>()? % 4 {
            0 => (u.int_in_range(1..=1500)?, u.int_in_range(1..=6)?), // strips of several tiles
            1 => (u.int_in_range(1..=200)?, u.int_in_range(1..=4)?),  // many ties
            _ => (u.int_in_range(1..=200)?, u.int_in_range(1..=70)?),
        };
        let kinds: [u8; 4] = u.arbitrary()?;
        let mut rows = Vec::with_capacity(count * dim);
        for row in 0..count {
            let kind = kinds[noise.below(kinds.len())];
            add_row(&mut rows, row, dim, kind, &mut noise);
        }
        for _ in 0..u.int_in_range(0..=8)? {
            let place = u.choose_index(rows.len())?;
            rows[place] = f32::from_bits(u.arbitrary()?);
        }
        for row in rows.chunks_exact_mut(dim) {
            for value in row.iter_mut() {
                *value = if value.is_nan() {
                    0.0
                } else {
                    value.clamp(f32::MIN, f32::MAX)
                };
            }
            if row.iter().all(|&value| value == 0.0) {
                row[0] = 1.0; // every row has a direction
            }
        }

        let raw = u.arbitrary()?;
        let (method, terms) = match u.arbitrary::<u8>()? % 8 {
            0 => (Method::Offset, 2),
            1 => (Method::Offset, 3),
            2 | 3 => {
                let epsilon = *u.choose(&[1e-3, 1e-6, 1.0, 1e-30, 1e-40, 1e-300, 1e30])?;
                (Method::CosMul { epsilon }, 3)
            }
            4 => (Method::PairDistance { raw }, 2),
            5 => (Method::LogisticCosine { raw }, 2),
            _ => (Method::Offset, 1),
        };
        let most = match terms {
            _ if count > 200 => 2,
            1 => 14, // more than a kernel takes at once
            _ => 3,
        };
        let questions = u.int_in_range(1..=most)?;
        let held = u.int_in_range(1..=4)?;
        let mut atoms = Vec::with_capacity(2 * held * dim);
        for place in 0..2 * held {
            // Rows as they are come last: PairDistance's x − c takes c of the form of x.
            let kind = if place < held { u.arbitrary()? } else { 3 };
            add_atom(&mut atoms, &rows, dim, kind, raw, &mut noise);
        }
        let asked = questions * terms;
        let places = (0..asked)
            .map(|place| match method {
                Method::PairDistance { .. } if place % 2 == 1 => held + noise.below(held),
                _ => noise.below(2 * held),
            })
            .map(|place| place as i64)
            .collect();
        let kind: u8 = u.arbitrary()?;
        let weights = (0..asked)
            .map(|_| match kind % 4 {
                0 => 1.0,
                1 => [1.0, -1.0][noise.below(2)],
                2 => [1.0, -1.0, 0.5, 0.0, 1e-20, 1e20, 1.0 / 3.0][noise.below(7)],
                _ => f64::from(noise.value()),
            })
            .collect();
        let mut listed = |most: usize| -> Result<Vec<i64>> {
            let width = u.int_in_range(0..=most)?;
            Ok((0..questions * width)
                .map(|_| noise.below(count + 1) as i64 - 1)
                .collect())
        };
        let (exclude, mut gold) = (listed(4)?, listed(3)?);
        if u.arbitrary()? {
            gold.clear(); // answers alone, for which a shadow may serve
        }
        let few: bool = u.arbitrary()?;
        let k = u.int_in_range(0..=if few { 10 } else { count + 2 })?;
        let limited = k == 0 && !gold.is_empty() && u.arbitrary()?;
        let limit = limited.then(|| 1 + noise.next() % count as u64);
        Ok(Self {
            dim,
            rows,
            method,
            atoms,
            terms,
            places,
            weights,
            exclude,
            gold,
            k,
            limit,
        })
    }
}

/// A row made from nothing, or of one before it so that scores are equal or nearly so.
fn add_row(rows: &mut Vec<f32>, row: usize, dim: usize, kind: u8, noise: &mut Noise) {
    let start = rows.len();
    let length = LENGTHS[usize::from(kind / 8) % LENGTHS.len()];
    if row == 0 || kind % 8 < 3 {
        rows.extend((0..dim).map(|_| match kind % 8 {
            1 => (noise.below(5) as f32 - 2.0) * length,
            _ => noise.value() * length,
        }));
        if kind % 8 == 2 {
            rows[start + noise.below(dim)] *= 1e5; // one dimension outweighs the others
        }
        return;
    }
    let model = noise.below(row) * dim;
    rows.extend_from_within(model..model + dim);
    let new = &mut rows[start..];
    match kind % 8 {
        3 => {}
        4 => {
            let place = noise.below(dim);
            new[place] = new[place].next_up();
        }
        5 => new.iter_mut().for_each(|value| *value = value.next_down()),
        6 => new.iter_mut().for_each(|value| *value *= length),
        _ => new
            .iter_mut()
            .for_each(|value| *value *= 1.0 + 1e-6 * noise.value()),
    }
}

/// A vector to ask with: of rows as they are or (not `raw`) of unit length, as the solvers do.
fn add_atom(
    atoms: &mut Vec<f64>,
    rows: &[f32],
    dim: usize,
    kind: u8,
    raw: bool,
    noise: &mut Noise,
) {
    let mut row = || {
        let row: Vec<f64> = rows[noise.below(rows.len() / dim) * dim..][..dim]
            .iter()
            .map(|&value| f64::from(value))
            .collect();
        let length = if raw { 1.0 } else { norm(&row) };
        row.into_iter().map(move |value| value / length)
    };
    let (first, second) = (row(), row());
    let mut atom: Vec<f64> = match kind % 4 {
        0 => first.zip(second).map(|(x, y)| x - y).collect(),
        1 => first.zip(second).map(|(x, y)| x + y).collect(),
        2 => first.map(f64::next_up).collect(),
        _ => first.collect(),
    };
    if atom.iter().all(|&value| value == 0.0) {
        atom[0] = 1.0;
    }
    atoms.append(&mut atom);
}

/// The definition of every answer.
impl Case {
    fn request(&self) -> Request<'_> {
        Request {
            method: self.method,
            atoms: Atoms::Double(&self.atoms),
            ranked: false,
            terms: &self.places,
            weights: &self.weights,
            terms_per_question: self.terms,
            exclude: &self.exclude,
            gold: &self.gold,
            k: self.k,
            fair: true,
            limit: self.limit,
        }
    }

    fn sort_all(&self) -> Response {
        let questions = self.places.len() / self.terms;
        let rows: Vec<f64> = self.rows.iter().map(|&value| value.into()).collect();
        let mut response = Response::default();
        for question in 0..questions {
            let of_question = |listed: &[i64]| -> Vec<i64> {
                let width = listed.len() / questions;
                listed[question * width..][..width].to_vec()
            };
            let (excluded, gold) = (of_question(&self.exclude), of_question(&self.gold));
            let mut scored: Vec<(i64, f64)> = rows
                .chunks_exact(self.dim)
                .map(|row| self.score(question, row))
                .enumerate()
                .map(|(row, score)| (row as i64, score))
                .collect();
            scored.sort_by(best_first);
            let mut allowed = scored.clone();
            allowed.retain(|(row, _)| !excluded.contains(row));
            self.answer(&scored, &mut response.fair);
            self.answer(&allowed, &mut response.restricted);
            if !self.gold.is_empty() {
                self.rank(&scored, &gold, &mut response.rank_fair);
                self.rank(&allowed, &gold, &mut response.rank_restricted);
            }
        }
        response
    }

    fn answer(&self, sorted: &[(i64, f64)], answers: &mut Answers) {
        for place in 0..self.k {
            let (row, score) = sorted.get(place).copied().unwrap_or((-1, f64::NAN));
            answers.rows.push(row);
            answers.scores.push(score);
        }
    }

    fn rank(&self, sorted: &[(i64, f64)], gold: &[i64], ranks: &mut Ranks) {
        let best = sorted.iter().find(|(row, _)| gold.contains(row));
        let [above, tied, right] = best.map_or([-1, 0, 0], |&(_, best)| {
            let count = |wanted: &dyn Fn(&(i64, f64)) -> bool| {
                sorted.iter().filter(|scored| wanted(scored)).count() as i64
            };
            [
                count(&|&(_, score)| score > best),
                count(&|&(_, score)| score == best),
                count(&|&(row, score)| score == best && gold.contains(&row)),
            ]
        });
        let limit = self.limit.map_or(i64::MAX, |limit| limit as i64);
        let cut = above >= limit;
        ranks.above.push(if cut { limit } else { above });
        ranks.tied.push(if cut { 1 } else { tied });
        ranks.right.push(if cut { 1 } else { right });
    }

    fn score(&self, question: usize, row: &[f64]) -> f64 {
        let atom = |term: usize| -> &[f64] {
            let place = self.places[question * self.terms + term] as usize;
            &self.atoms[place * self.dim..][..self.dim]
        };
        let weight = |term: usize| self.weights[question * self.terms + term];
        let length = norm(row);
        let cosine = |term: usize| dot(atom(term), row) / (norm(atom(term)) * length);
        match self.method {
            Method::Offset => {
                let sum: Vec<f64> = (0..self.dim)
                    .map(|i| {
                        (1..self.terms).fold(weight(0) * atom(0)[i], |sum, term| {
                            sum + weight(term) * atom(term)[i]
                        })
                    })
                    .collect();
                let size = if norm(&sum) > 0.0 { norm(&sum) } else { 1.0 };
                dot(&sum, row) / (size * length)
            }
            Method::CosMul { epsilon } => {
                let shifted = |term| (0.5 * (1.0 + cosine(term))).max(0.0);
                shifted(0) * shifted(1) / (shifted(2) + epsilon)
            }
            Method::PairDistance { raw } => {
                let scale = if raw { 1.0 } else { length };
                let difference: Vec<f64> = row
                    .iter()
                    .zip(atom(1))
                    .map(|(x, c)| x / scale - c)
                    .collect();
                if norm(&difference) == 0.0 {
                    f64::NEG_INFINITY
                } else {
                    dot(atom(0), &difference) / (norm(atom(0)) * norm(&difference))
                }
            }
            Method::LogisticCosine { raw } => {
                let scale = if raw { 1.0 } else { length };
                let z = dot(atom(0), row) / scale + weight(0);
                cosine(1) / (1.0 + libm::exp(-z))
            }
        }
    }
}

fn best_first(left: &(i64, f64), right: &(i64, f64)) -> Ordering {
    right
        .1
        .partial_cmp(&left.1)
        .unwrap()
        .then(left.0.cmp(&right.0))
}

/// Eight partial sums by position, added in the one order that makes the last bit.
fn dot(left: &[f64], right: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    for (i, (x, y)) in left.iter().zip(right).enumerate() {
        sums[i % 8] += x * y;
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

fn norm(vector: &[f64]) -> f64 {
    dot(vector, vector).sqrt()
}
