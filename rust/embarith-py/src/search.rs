//! `_core.Searcher`: a table's matrix and its rows' lengths, ready to be asked.

use std::path::PathBuf;
use std::sync::OnceLock;

use embarith_core::pages::prefer_huge;
use embarith_core::score::Method;
use embarith_core::search::{self, Answers, Ranks, Request, Response, Table, solve};
use embarith_core::shadow::{Key, MAX_DIM, Shadow};
use embarith_core::{Control, Error, Matrix, Norms, exact};
use numpy::{
    IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2,
    PyUntypedArrayMethods, ToPyArray,
};
use pyo3::prelude::*;

use crate::rank::Rows;
use crate::support::{interruptible, option_error, slice, to_python};

type AnswerArrays<'py> = (Bound<'py, PyArray2<i64>>, Bound<'py, PyArray2<f64>>);
type RankArrays<'py> = (
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i64>>,
);
type Solved<'py> = (
    AnswerArrays<'py>,
    AnswerArrays<'py>,
    RankArrays<'py>,
    RankArrays<'py>,
);

/// Rows of the table, or vectors.
#[derive(FromPyObject)]
enum Atoms<'py> {
    #[pyo3(transparent)]
    Rows(PyReadonlyArray1<'py, i64>),
    #[pyo3(transparent)]
    Vectors(PyReadonlyArray2<'py, f64>),
}

/// Queries after which making a shadow has repaid itself.
const REPAYS: usize = 8;
/// Rows from which on a shadow saves noticeable time.
const WORTHWHILE: usize = 4096;

/// Rows of a matrix with their lengths; the matrix stays where `NumPy` holds it.
#[pyclass(frozen, module = "embarith._core")]
pub struct Searcher {
    vectors: Py<PyArray2<f32>>,
    norms: Norms,
    /// Set once the lengths are known to be those of the rows, and not of rows damaged since.
    checked: OnceLock<()>,
    shadow: OnceLock<Shadow>,
}

#[pymethods]
impl Searcher {
    #[new]
    #[pyo3(signature = (vectors, shadow = None))]
    fn new(
        py: Python<'_>,
        vectors: PyReadonlyArray2<'_, f32>,
        shadow: Option<(PathBuf, Key)>,
    ) -> PyResult<Self> {
        let matrix = Matrix::new(slice(&vectors)?, vectors.shape()[1]).map_err(to_python)?;
        prefer_huge(slice(&vectors)?);
        let (rows, dim) = (matrix.rows(), matrix.dim());
        let (norms, checked, shadow) = interruptible(py, None, 0, |control| match shadow {
            Some((path, key)) => {
                let (norms, shadow) = Shadow::open(&path, &key, rows, dim, control)?;
                Ok((norms, OnceLock::new(), OnceLock::from(shadow)))
            }
            None => Ok((
                Norms::of(matrix, control)?,
                OnceLock::from(()),
                OnceLock::new(),
            )),
        })?;
        let vectors = vectors.as_unbound().clone_ref(py);
        Ok(Self {
            vectors,
            norms,
            checked,
            shadow,
        })
    }

    #[getter]
    fn norms<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.norms.values().to_pyarray(py)
    }

    /// Whether the table is large enough for a shadow to save noticeable time.
    #[getter]
    fn repays_shadow(&self, py: Python<'_>) -> bool {
        let vectors = self.vectors.bind(py);
        vectors.shape()[0] >= WORTHWHILE && vectors.shape()[1] <= MAX_DIM
    }

    fn save_shadow(&self, py: Python<'_>, path: PathBuf, key: Key) -> PyResult<()> {
        let vectors = self.vectors.bind(py).readonly();
        let matrix = Matrix::new(slice(&vectors)?, vectors.shape()[1]).map_err(to_python)?;
        interruptible(py, None, 0, |control: &Control| {
            let shadow = self.made(&Table::new(matrix, &self.norms)?, control)?;
            shadow.save(&path, &key, &self.norms, control)
        })
    }

    #[pyo3(signature = (queries, k, exclude, *, ranked = false))]
    fn search<'py>(
        &self,
        py: Python<'py>,
        queries: Rows<'py>,
        k: usize,
        exclude: PyReadonlyArray2<'py, i64>,
        ranked: bool,
    ) -> PyResult<AnswerArrays<'py>> {
        let count = queries.count();
        let terms: Vec<i64> = (0..count as i64).collect();
        let request = Request {
            method: Method::Offset,
            atoms: match &queries {
                Rows::Single(values) => search::Atoms::Single(slice(values)?),
                Rows::Double(values) => search::Atoms::Double(slice(values)?),
            },
            ranked,
            terms: &terms,
            weights: &vec![1.0; count],
            terms_per_question: 1,
            exclude: slice(&exclude)?,
            gold: &[],
            k,
            fair: false,
            limit: None,
        };
        let response = self.run(py, request, count, None)?;
        answers(py, response.restricted, k)
    }

    #[pyo3(signature = (method, atoms, terms, weights, *, exclude, gold, k, limit, raw, epsilon, progress))]
    #[expect(
        clippy::too_many_arguments,
        reason = "a call from Python passes them by name"
    )]
    fn solve<'py>(
        &self,
        py: Python<'py>,
        method: &str,
        atoms: Atoms<'py>,
        terms: PyReadonlyArray2<'py, i64>,
        weights: PyReadonlyArray2<'py, f64>,
        exclude: PyReadonlyArray2<'py, i64>,
        gold: PyReadonlyArray2<'py, i64>,
        k: usize,
        limit: Option<u64>,
        raw: bool,
        epsilon: f64,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Solved<'py>> {
        let request = Request {
            method: named(method, raw, epsilon)?,
            atoms: match &atoms {
                Atoms::Rows(rows) => search::Atoms::Rows(slice(rows)?),
                Atoms::Vectors(values) => search::Atoms::Double(slice(values)?),
            },
            ranked: false,
            terms: slice(&terms)?,
            weights: slice(&weights)?,
            terms_per_question: terms.shape()[1],
            exclude: slice(&exclude)?,
            gold: slice(&gold)?,
            k,
            fair: true,
            limit,
        };
        let count = terms.shape()[0];
        let found = self.run(py, request, count, progress.as_ref())?;
        let Response {
            fair,
            restricted,
            rank_fair,
            rank_restricted,
        } = found;
        Ok((
            answers(py, fair, k)?,
            answers(py, restricted, k)?,
            ranks(py, rank_fair),
            ranks(py, rank_restricted),
        ))
    }
}

impl Searcher {
    fn run(
        &self,
        py: Python<'_>,
        request: Request<'_>,
        questions: usize,
        progress: Option<&Py<PyAny>>,
    ) -> PyResult<Response> {
        let vectors = self.vectors.bind(py).readonly();
        let matrix = Matrix::new(slice(&vectors)?, vectors.shape()[1]).map_err(to_python)?;
        let total = (matrix.rows() * questions) as u64;
        interruptible(py, progress, total, |control: &Control| {
            let table = Table::new(matrix, &self.norms)?;
            let shadow = self.shadow(&table, &request, questions, control)?;
            // A shadow leaves few rows to look at, which the search compares with their lengths.
            let screened = shadow.is_some() && request.suits_shadow(matrix.dim());
            if !screened && self.checked.get().is_none() {
                self.norms.check(matrix, control)?;
                let _ = self.checked.set(());
            }
            solve(&table.with_shadow(shadow), &request, control)
        })
    }
}

impl Searcher {
    fn made(&self, table: &Table<'_>, control: &Control) -> Result<&Shadow, Error> {
        if self.shadow.get().is_none() {
            // Another thread may have been faster; its shadow is the same.
            let _ = self.shadow.set(Shadow::new(table, control)?);
        }
        Ok(self.shadow.get().expect("set above"))
    }

    /// The shadow, made at the first batch that repays it.
    fn shadow(
        &self,
        table: &Table<'_>,
        request: &Request<'_>,
        questions: usize,
        control: &Control,
    ) -> Result<Option<&Shadow>, Error> {
        let matrix = table.matrix();
        let small = matrix.rows() < WORTHWHILE || matrix.dim() > MAX_DIM;
        let batch = questions >= REPAYS && !small;
        if batch && request.suits_shadow(matrix.dim()) {
            return self.made(table, control).map(Some);
        }
        Ok(self.shadow.get())
    }
}

fn named(method: &str, raw: bool, epsilon: f64) -> PyResult<Method> {
    Ok(match method {
        "offset" => Method::Offset,
        "cosmul" => Method::CosMul { epsilon },
        "pairdistance" => Method::PairDistance { raw },
        "logistic" => Method::LogisticCosine { raw },
        other => return Err(option_error(format!("unknown method {other:?}"))),
    })
}

/// Length of every row, in float64.
#[pyfunction]
pub fn row_norms<'py>(
    py: Python<'py>,
    vectors: PyReadonlyArray2<'py, f32>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let matrix = Matrix::new(slice(&vectors)?, vectors.shape()[1]).map_err(to_python)?;
    let lengths = interruptible(py, None, 0, |control| exact::row_norms(matrix, control))?;
    Ok(lengths.into_pyarray(py))
}

fn answers(py: Python<'_>, answers: Answers, k: usize) -> PyResult<AnswerArrays<'_>> {
    let shape = [answers.rows.len() / k.max(1), k];
    Ok((
        answers.rows.into_pyarray(py).reshape(shape)?,
        answers.scores.into_pyarray(py).reshape(shape)?,
    ))
}

fn ranks(py: Python<'_>, ranks: Ranks) -> RankArrays<'_> {
    (
        ranks.above.into_pyarray(py),
        ranks.tied.into_pyarray(py),
        ranks.right.into_pyarray(py),
    )
}
