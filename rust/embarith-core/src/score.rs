//! The scores that an analogy method gives a row: exactly in `f64`, and bounded in `f32`.

use crate::exact;
use crate::kernel::{Kernel, Lanes, TILE, prefetch};
use crate::search::{Table, Tile};
use crate::{Error, Result};

/// How the atoms of a question make a row's score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// cos(Σ wᵢ·atomᵢ, x): 3CosAdd, 3CosAvg, the baselines and plain search.
    Offset,
    /// (1+cos(b,x))/2 · (1+cos(c,x))/2 / ((1+cos(a,x))/2 + ε) on the atoms b, c, a.
    CosMul {
        /// Keeps the denominator off zero.
        epsilon: f64,
    },
    /// cos(o, x − c) on the atoms o, c; −∞ where x = c. Unit or raw x, as o and c were formed.
    PairDistance {
        /// Whether x keeps its length.
        raw: bool,
    },
    /// σ(w·x + w₀)·cos(c, x) on the atoms w, c, with w₀ the first weight. Unit or raw x.
    LogisticCosine {
        /// Whether x keeps its length.
        raw: bool,
    },
}

impl Method {
    /// How many atoms a question of this method has, or `None` for one to three.
    pub(crate) fn atoms(self) -> Option<usize> {
        match self {
            Method::Offset => None,
            Method::CosMul { .. } => Some(3),
            Method::PairDistance { .. } | Method::LogisticCosine { .. } => Some(2),
        }
    }
}

/// Distance of a first-stage cosine from the exact one, for unit vectors of `dim` dimensions.
///
/// Higham's bound for a sum of `dim` products in any order, γ = dim·u/(1 − dim·u) with
/// u = 2⁻²⁴, plus one u each for rounding the two vectors, the row's length and the scaling.
/// The last factor covers the products of these terms and the error of the `f64` score. Beyond
/// the dimensions where it does so, no bound holds.
#[must_use]
pub fn cosine_error(dim: usize) -> f64 {
    const U: f64 = 1.0 / (1_u64 << 24) as f64;
    let sum = (dim + 6) as f64 * U;
    if sum > 0.009 {
        return f64::INFINITY;
    }
    sum * 1.01
}

/// Absolute slack for values so small that `f32` loses relative precision.
const UNDERFLOW: f64 = 1e-30;

/// A question as the first stage sees it: places in the batch's atoms, and `f32` constants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) atoms: [u32; 3],
    weights: [f32; 3],
    constant: f32,
    /// How far the first stage's score may lie from the exact one (offset method; bounds of the
    /// others hold their own error).
    pub(crate) margin: f32,
}

/// A question's atoms and weights, borrowed from the request.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) atoms: [&'a [f64]; 3],
    pub(crate) weights: [f64; 3],
    pub(crate) terms: usize,
}

impl Question<'_> {
    /// The vector whose cosines are the scores of [`Method::Offset`].
    pub(crate) fn sum_into(&self, out: &mut Vec<f64>) {
        out.clear();
        out.extend(self.atoms[0].iter().map(|value| self.weights[0] * value));
        for term in 1..self.terms {
            for (sum, value) in out.iter_mut().zip(self.atoms[term]) {
                *sum += self.weights[term] * value;
            }
        }
    }
}

fn down(value: f64) -> f32 {
    (value as f32).next_down()
}

fn up(value: f64) -> f32 {
    (value as f32).next_up()
}

impl Plan {
    pub(crate) fn new(
        method: Method,
        question: &Question<'_>,
        places: [u32; 3],
        dim: usize,
    ) -> Self {
        let error = cosine_error(dim);
        let mut plan = Plan {
            atoms: places,
            weights: [0.0; 3],
            constant: 0.0,
            margin: up(error),
        };
        match method {
            Method::Offset => {
                let mut sum = Vec::with_capacity(dim);
                question.sum_into(&mut sum);
                let length = exact::norm(&sum);
                let mut total = 0.0;
                for term in 0..question.terms {
                    let weight =
                        question.weights[term] * exact::norm(question.atoms[term]) / length;
                    plan.weights[term] = weight as f32;
                    total += weight.abs();
                }
                // Adding three weighted cosines rounds five times more.
                plan.margin = up(total * cosine_error(dim + 5) + UNDERFLOW);
                if total.is_nan() || total > 1e6 {
                    // The sum all but cancels: leave every row to the second stage.
                    plan.weights = [0.0; 3];
                    plan.margin = f32::INFINITY;
                }
            }
            Method::CosMul { epsilon } => {
                plan.constant = epsilon as f32;
                if !(1e-30..1e30).contains(&epsilon) {
                    // Scores beyond the range of `f32`: leave every row to the second stage.
                    plan.constant = 1.0;
                    plan.margin = f32::INFINITY;
                }
            }
            Method::PairDistance { .. } => {
                let lengths = exact::norm(question.atoms[0]) * exact::norm(question.atoms[1]);
                let cosine = exact::dot(question.atoms[0], question.atoms[1]) / lengths;
                plan.constant = if lengths > 0.0 { cosine as f32 } else { 0.0 };
                plan.weights[0] = (1.0 / exact::norm(question.atoms[1])) as f32;
                // Products with the length ratio round a few times more.
                plan.margin = up(4.0 * error);
            }
            Method::LogisticCosine { .. } => {
                plan.weights[0] = question.weights[0] as f32;
                plan.weights[1] = exact::norm(question.atoms[0]) as f32;
            }
        }
        plan
    }

    /// Scores a tile: a lower and an upper bound by lane, before `margin` is taken off and added
    /// (offset method: the two are one).
    pub(crate) fn bounds(
        &self,
        method: Method,
        kernel: &Kernel,
        tile: Tile<'_>,
        lower: &mut Lanes,
        upper: &mut Lanes,
    ) {
        let terms = self.atoms.map(|place| &tile.cosines[place as usize]);
        match method {
            Method::Offset => {
                (kernel.combine)(terms, self.weights, upper);
                *lower = *upper;
            }
            Method::CosMul { .. } => {
                (kernel.cos_mul)(terms, self.constant, self.margin, lower, upper);
            }
            Method::PairDistance { raw } => {
                let ratio = self.ratios(raw, tile, f64::from(self.weights[0]));
                let terms = [terms[0], terms[1], &ratio];
                (kernel.pair_distance)(terms, self.constant, self.margin, lower, upper);
            }
            Method::LogisticCosine { raw } => {
                let lengths = self.ratios(raw, tile, 1.0);
                self.logistic_cosine([terms[0], terms[1], &lengths], lower, upper);
            }
        }
    }

    /// Which tiles of a strip (see [`Kernel::reach`]) may hold a row whose upper bound is at
    /// least `bound`: more than there are, but none is missed.
    pub(crate) fn reach(
        &self,
        method: Method,
        kernel: &Kernel,
        cosines: &[Lanes],
        stride: usize,
        bound: f32,
    ) -> u16 {
        match method {
            Method::Offset => (kernel.reach)(cosines, stride, self.atoms, self.weights, bound),
            Method::CosMul { .. } if bound > f32::NEG_INFINITY => (kernel.reach_cos_mul)(
                cosines,
                stride,
                self.atoms,
                self.constant,
                self.margin,
                bound,
            ),
            _ => u16::MAX,
        }
    }

    /// How many rows of a full strip are surely above a right answer, and which tiles hold rows
    /// that its bounds leave open (offset method).
    pub(crate) fn count(
        &self,
        kernel: &Kernel,
        cosines: &[Lanes],
        stride: usize,
        bounds: [f32; 2],
    ) -> (u32, u16) {
        (kernel.count)(cosines, stride, self.atoms, self.weights, bounds)
    }

    /// Which rows of a tile reach each of three bounds: by their upper bound, but the second by
    /// their lower one. `bounds` are already widened by `outer_margin`.
    pub(crate) fn sift(
        &self,
        method: Method,
        kernel: &Kernel,
        tile: Tile<'_>,
        lanes: &mut [Lanes; 2],
        bounds: [f32; 3],
    ) -> [u64; 3] {
        let masks = if method == Method::Offset {
            let terms = self.atoms.map(|place| &tile.cosines[place as usize]);
            (kernel.sift)(terms, self.weights, bounds)
        } else {
            let [lower, upper] = lanes;
            self.bounds(method, kernel, tile, lower, upper);
            let [first, second, third] = bounds;
            [(&*upper, first), (&*lower, second), (&*upper, third)]
                .map(|(lanes, bound)| (kernel.at_least)(lanes, bound))
        };
        masks.map(|mask| mask & tile.valid)
    }

    /// Margin to take off and add to what `bounds` gave.
    pub(crate) fn outer_margin(&self, method: Method) -> f32 {
        if method == Method::Offset {
            self.margin
        } else {
            0.0
        }
    }

    #[expect(clippy::unused_self, reason = "reads as a step of `bounds`")]
    fn ratios(&self, raw: bool, tile: Tile<'_>, scale: f64) -> Lanes {
        if raw {
            Lanes(tile.norms.map(|norm| (norm * scale) as f32))
        } else {
            Lanes::splat(1.0)
        }
    }

    fn logistic_cosine(&self, terms: [&Lanes; 3], lower: &mut Lanes, upper: &mut Lanes) {
        let sigmoid = |z: f32| 1.0 / (1.0 + (-z).exp());
        let [bias, steep, _] = self.weights;
        for lane in 0..TILE {
            let steep = steep * terms[2][lane];
            let (z, slack) = (
                steep * terms[0][lane] + bias,
                (2.0 * steep + bias.abs()) * self.margin,
            );
            let (least, most) = (z - slack, z + slack);
            // Overflow leaves nothing known but that a probability lies between 0 and 1.
            let low = if least.is_finite() {
                sigmoid(least) * 0.999_999
            } else {
                0.0
            };
            let high = if most.is_finite() {
                sigmoid(most) * 1.000_001
            } else {
                1.0
            };
            let (near, far) = (terms[1][lane] + self.margin, terms[1][lane] - self.margin);
            upper[lane] = near * if near >= 0.0 { high } else { low } + 1e-7;
            lower[lane] = far * if far >= 0.0 { low } else { high } - 1e-7;
        }
    }
}

/// Scores rows exactly for one question at a time.
pub(crate) struct Scorer<'a> {
    table: &'a Table<'a>,
    kernel: Kernel,
    method: Method,
    question: Option<Question<'a>>,
    target: Vec<f64>,
    lengths: [f64; 3],
    difference: Vec<f64>,
    changed: Option<u32>,
}

impl<'a> Scorer<'a> {
    pub(crate) fn new(table: &'a Table<'a>, kernel: Kernel, method: Method) -> Self {
        Self {
            table,
            kernel,
            method,
            question: None,
            target: Vec::new(),
            lengths: [0.0; 3],
            difference: Vec::new(),
            changed: None,
        }
    }

    /// Turns to a question.
    pub(crate) fn load(&mut self, question: Question<'a>) -> &mut Self {
        self.question = Some(question);
        if self.method == Method::Offset {
            // Not scaled to unit length: sums of ranks are whole numbers, whose products are
            // exact, so that equal correlations stay equal.
            question.sum_into(&mut self.target);
            let length = exact::norm(&self.target);
            self.lengths[0] = if length > 0.0 { length } else { 1.0 };
        } else {
            self.lengths = question.atoms.map(exact::norm);
        }
        self
    }

    /// The score of a row; NaN for one that was changed after its length was taken, which
    /// [`Self::check`] then names.
    pub(crate) fn score(&mut self, row: u32) -> f64 {
        let question = self.question.expect("a question is loaded first");
        let x = self.table.matrix().row(row as usize);
        let norm = self.table.norms()[row as usize];
        // Lengths may come from a file beside the table's; a second look at a row costs little.
        if exact::norm(x) != norm {
            self.changed.get_or_insert(row);
            return f64::NAN;
        }
        let lengths = self.lengths;
        let dot = self.kernel.dot_exact;
        let cosine = |atom: usize| dot(question.atoms[atom], x) / (lengths[atom] * norm);
        match self.method {
            Method::Offset => dot(&self.target, x) / (lengths[0] * norm),
            Method::CosMul { epsilon } => {
                let shifted = |atom| f64::midpoint(1.0, cosine(atom)).max(0.0);
                shifted(0) * shifted(1) / (shifted(2) + epsilon)
            }
            Method::PairDistance { raw } => {
                let scale = if raw { 1.0 } else { norm };
                self.difference.clear();
                let differences = x
                    .iter()
                    .zip(question.atoms[1])
                    .map(|(x, c)| f64::from(*x) / scale - c);
                self.difference.extend(differences);
                let length = exact::norm(&self.difference);
                if length == 0.0 {
                    f64::NEG_INFINITY
                } else if self.lengths[0] == 0.0 {
                    0.0
                } else {
                    exact::dot(question.atoms[0], &self.difference) / (self.lengths[0] * length)
                }
            }
            Method::LogisticCosine { raw } => {
                let scale = if raw { 1.0 } else { norm };
                let z = dot(question.atoms[0], x) / scale + question.weights[0];
                cosine(1) / (1.0 + libm::exp(-z))
            }
        }
    }

    /// Whether all rows scored so far were those whose lengths were taken.
    pub(crate) fn check(&self) -> Result<()> {
        self.changed
            .map_or(Ok(()), |row| Err(Error::Changed(row as usize)))
    }

    /// Asks for what scoring a row will read. Candidates lie anywhere in the table: waiting for
    /// memory row by row would take longer than all of the arithmetic.
    pub(crate) fn prefetch(&self, row: u32) {
        prefetch(self.table.matrix().row(row as usize));
        prefetch(&self.table.norms()[row as usize..][..1]);
    }
}

/// The smallest `f32` score that proves a row above `score`, and the smallest that leaves it open.
pub(crate) fn thresholds(score: f64, margin: f32) -> (f32, f32) {
    let margin = f64::from(margin);
    (up(score + margin), down(score - margin))
}

#[cfg(test)]
mod tests;
