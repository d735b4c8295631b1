//! Exact search: the k best rows for many questions, and the exact rank of their right answers.
//!
//! Questions are sums (or products) of a few *atoms*, and question sets use the same words again
//! and again: Google's 19,544 questions are made of 905 words. One pass over the table therefore
//! computes the cosines of a strip of rows with the distinct atoms once, and every question
//! combines two or three of them. What the `f32` error bound cannot decide is scored in `f64`.

mod atoms;
mod batch;
mod scan;
mod screen;
pub(crate) mod strip;

use crate::control::{Control, pool};
use crate::error::room;
use crate::kernel::{Kernel, kernel};
use crate::matrix::Matrix;
use crate::norms::Norms;
use crate::score::Method;
use crate::select::Room;
use crate::shadow::Shadow;
use crate::{Error, Result};

pub use atoms::Atoms;
use batch::Batch;
pub(crate) use strip::Tile;

/// A matrix, the lengths of its rows and, where there is one, its shadow.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    matrix: Matrix<'a>,
    norms: &'a Norms,
    shadow: Option<&'a Shadow>,
}

impl<'a> Table<'a> {
    /// Borrows a matrix and its rows' lengths.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if there is not one length a row.
    pub fn new(matrix: Matrix<'a>, norms: &'a Norms) -> Result<Self> {
        let (lengths, rows) = (norms.values().len(), matrix.rows());
        if lengths != rows {
            return Err(Error::Shape(format!("{lengths} lengths for {rows} rows")));
        }
        let shadow = None;
        Ok(Self {
            matrix,
            norms,
            shadow,
        })
    }

    /// The table with a shadow made of it, which plain search then uses.
    #[must_use]
    pub fn with_shadow(self, shadow: Option<&'a Shadow>) -> Self {
        Self { shadow, ..self }
    }

    pub(crate) fn shadow(&self) -> Option<&'a Shadow> {
        self.shadow
    }

    /// The rows.
    #[must_use]
    pub fn matrix(&self) -> Matrix<'a> {
        self.matrix
    }

    /// The rows' lengths.
    #[must_use]
    pub fn norms(&self) -> &'a [f64] {
        self.norms.values()
    }

    pub(crate) fn fits_f32(&self) -> bool {
        self.norms.fits_f32()
    }
}

/// What to ask of a table: n questions as combinations of atoms.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// How atoms make a score.
    pub method: Method,
    /// What questions are made of.
    pub atoms: Atoms<'a>,
    /// Whether the atoms' ranks are meant (of a table whose rows are ranks).
    pub ranked: bool,
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
    /// Whether the answers among all rows are wanted beside the restricted ones.
    pub fair: bool,
    /// Where ranks stop mattering (with k = 0): a right answer below that many candidates is
    /// reported as just below them, which saves most of the work.
    pub limit: Option<u64>,
}

impl Request<'_> {
    /// Whether a shadow serves: answers alone are wanted, to vectors that are not many more than
    /// the atoms that they are sums of. Cosines with the atoms cost some three times as much, but
    /// are worked out once for all questions.
    #[must_use]
    pub fn suits_shadow(&self, dim: usize) -> bool {
        let questions = self.terms.len() / self.terms_per_question.max(1);
        self.method == Method::Offset
            && self.gold.is_empty()
            && self.k > 0
            && questions <= 3 * self.atoms.count(dim)
    }
}

/// The k best rows of every question, n × k, padded with −1 and NaN.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// Row numbers, best first.
    pub rows: Vec<i64>,
    /// Their scores.
    pub scores: Vec<f64>,
}

impl Answers {
    fn reserve(&mut self, count: usize) -> Result<()> {
        (self.rows, self.scores) = (room(count)?, room(count)?);
        Ok(())
    }
}

/// The place of every question's best right answer among the candidates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranks {
    /// Candidates with a strictly higher score; −1 where no right answer is a candidate.
    pub above: Vec<i64>,
    /// Candidates with the same score, the right answer counted.
    pub tied: Vec<i64>,
    /// How many of those are right answers.
    pub right: Vec<i64>,
}

/// Answers and ranks with every row a candidate (`fair`) and without the excluded ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// All rows may answer; empty where that was not wanted.
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
/// [`Error::Shape`] for arrays that do not fit together or places out of range; [`Error::Size`] for
/// vectors too short or too long; [`Error::Changed`] for a row that was damaged after its length
/// was taken; [`Error::Memory`] for more answers than there is room for; [`Error::Interrupted`] if `control` was cancelled.
pub fn solve(table: &Table<'_>, request: &Request<'_>, control: &Control) -> Result<Response> {
    solve_on(kernel()?, table, request, control)
}

/// [`solve`] on an instruction set of the caller's choice, which gives the same answers.
///
/// # Errors
///
/// As [`solve`].
pub fn solve_on(
    kernel: Kernel,
    table: &Table<'_>,
    request: &Request<'_>,
    control: &Control,
) -> Result<Response> {
    let layout = Layout::new(table, request)?;
    let pool = pool()?;
    pool.install(|| {
        let mut response = Response::default();
        let answers = layout.questions.saturating_mul(request.k);
        response.restricted.reserve(answers)?;
        if request.fair {
            response.fair.reserve(answers)?;
        }
        let mut start = 0;
        while start < layout.questions {
            let batch = Batch::new(table, request, kernel, &layout, start, control)?;
            start += batch.questions();
            batch.run(pool, control, &mut response)?;
        }
        Ok(response)
    })
}

/// The request's shapes, checked.
struct Layout {
    questions: usize,
    rows: usize,
    dim: usize,
    excluded: usize,
    golds: usize,
    /// Answers to search: enough that k are left after the excluded rows are taken out.
    depth: usize,
    /// Whether the first stage reads the table's shadow.
    screened: bool,
}

impl Layout {
    fn room(&self) -> Room {
        Room::new(self.depth, self.screened, self.rows)
    }

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
        {
            return shape("terms, weights, exclude and gold do not fit together".into());
        }
        if request.limit.is_some() && (request.k > 0 || golds == 0) {
            return shape("a limit is for ranking right answers alone".into());
        }
        request.atoms.check(table, request.ranked)?;
        let atoms = request.atoms.count(dim) as i64;
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
        check_weights(request)?;
        let depth = if request.k == 0 {
            0
        } else {
            rows.min(request.k.saturating_add(excluded))
        };
        Ok(Self {
            questions,
            rows,
            dim,
            excluded,
            golds,
            depth,
            screened: table.shadow.is_some() && request.suits_shadow(dim),
        })
    }
}

/// Squares of weighted lengths must stay in the range of `f64` too.
fn check_weights(request: &Request<'_>) -> Result<()> {
    let least = match request.method {
        Method::LogisticCosine { .. } => 0.0, // its weight is added, not multiplied
        _ => 1e-30,
    };
    let fits = |weight: f64| weight == 0.0 || (least..=1e30).contains(&weight.abs());
    match request.weights.iter().find(|&&weight| !fits(weight)) {
        Some(&weight) => Err(Error::Size("a weight".into(), weight)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
