"""The compiled core of embarith."""

from collections.abc import Callable
from os import PathLike
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LabelIndex",
    "Searcher",
    "__version__",
    "centered_ranks",
    "isa",
    "parse_words",
    "permuted_hits",
    "photograph_to_tensor",
    "read_words",
    "row_norms",
    "spearman",
    "sweep",
    "threads",
    "weighted_sums",
]

__version__: str

_Answers = tuple[NDArray[np.int64], NDArray[np.float64]]
_Ranks = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
_Words = tuple[str, NDArray[np.int32], NDArray[np.uint8], NDArray[np.float32], int]

@final
class LabelIndex:
    """Row numbers by label; the labels stay where Arrow holds them.

    Parameters
    ----------
    offsets : ndarray of int32, shape (n + 1,)
        Label i is ``text[offsets[i]:offsets[i + 1]]``; of equal labels the first row counts.
    text : ndarray of uint8
        Labels end to end in UTF-8; not written to while this object lives.

    Raises
    ------
    ValueError
        Offsets that do not fit the text.
    """

    def __new__(cls, offsets: NDArray[np.int32], text: NDArray[np.uint8]) -> LabelIndex: ...
    def __len__(self) -> int:
        """Return how many labels differ from each other."""

    def rows(self, labels: list[str]) -> NDArray[np.int64]:
        """Return the row of every label, −1 where there is none."""

@final
class Searcher:
    """Rows of a matrix with their lengths; the matrix stays where NumPy holds it.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, d), C-contiguous
        Finite, non-zero rows; not written to while this object lives.
    shadow : (str, bytes), optional
        The file of the saved shadow and the 32 bytes that tell its table from others.

    Raises
    ------
    TableError
        A row that is zero or not finite, or a shadow that is damaged or of another table.
    """

    def __new__(
        cls, vectors: NDArray[np.float32], shadow: tuple[str | PathLike[str], bytes] | None = None
    ) -> Searcher: ...
    @property
    def norms(self) -> NDArray[np.float64]:
        """Length of every row, shape (n,), in float64."""

    @property
    def repays_shadow(self) -> bool:
        """Whether the table is large enough for a shadow to save noticeable time."""

    def save_shadow(self, path: str | PathLike[str], key: bytes) -> None:
        """Write the shadow, made if need be, for the table that the 32 bytes of `key` name."""

    def search(
        self,
        queries: NDArray[np.float32] | NDArray[np.float64],
        k: int,
        exclude: NDArray[np.int64],
        *,
        ranked: bool = False,
    ) -> _Answers:
        """Find the k rows of highest cosine for every query, but for its excluded rows.

        Parameters
        ----------
        queries : ndarray of float32 or float64, shape (n, d), C-contiguous
        k : int
        exclude : ndarray of int64, shape (n, m)
            Padded with −1.
        ranked : bool
            Compare the queries' ranks, as `centered_ranks` gives them.

        Returns
        -------
        rows : ndarray of int64, shape (n, k)
            Best first, equal scores by the lower row, −1 where candidates run out.
        scores : ndarray of float64, shape (n, k)

        Raises
        ------
        ValueError
            Shapes that do not fit together, or rows out of range.
        OptionError
            A query shorter than 1e-100 or longer than 1e100.
        TableError
            A row whose length is no longer the one that the shadow holds.
        MemoryError
            More answers than there is room for.
        KeyboardInterrupt
            Ctrl-C was pressed.
        """

    def solve(
        self,
        method: Literal["offset", "cosmul", "pairdistance", "logistic"],
        atoms: NDArray[np.int64] | NDArray[np.float64],
        terms: NDArray[np.int64],
        weights: NDArray[np.float64],
        *,
        exclude: NDArray[np.int64],
        gold: NDArray[np.int64],
        k: int,
        limit: int | None,
        raw: bool,
        epsilon: float,
        progress: Callable[[int, int], Any] | None,
    ) -> tuple[_Answers, _Answers, _Ranks, _Ranks]:
        """Answer questions that combine one to three atoms, and rank their right answers.

        Parameters
        ----------
        method : str
            `offset`: cos(Σ weights·atoms, x). `cosmul`: 3CosMul on the atoms b, c, a.
            `pairdistance`: cos(o, x − c) on the atoms o, c. `logistic`: σ(w·x + w₀)·cos(c, x) on
            the atoms w, c, with w₀ the first weight.
        atoms : ndarray of float64, shape (m, d), or of int64, shape (m,)
            Vectors, or rows of the table.
        terms : ndarray of int64, shape (n, t)
            Rows of `atoms`.
        weights : ndarray of float64, shape (n, t)
        exclude : ndarray of int64, shape (n, e)
            Rows that may not answer, padded with −1.
        gold : ndarray of int64, shape (n, g)
            Right answers, padded with −1; g = 0 ranks none.
        k : int
            Answers a question; 0 ranks right answers alone.
        limit : int or None
            With k = 0: right answers below that many candidates count as just below them.
        raw : bool
            `pairdistance` and `logistic`: x keeps its length.
        epsilon : float
            `cosmul`: added to the denominator.
        progress : callable
            Called now and then with (done, total).

        Returns
        -------
        fair, restricted : (rows, scores)
            Answers among all rows, and without the excluded ones.
        rank_fair, rank_restricted : (above, tied, right)
            Candidates that score strictly higher than the best right answer (−1 where none is a
            candidate), and equally high, itself counted; how many of these are right answers.

        Raises
        ------
        ValueError
            Shapes that do not fit together, or places out of range.
        OptionError, TableError, MemoryError
            As `search`.
        KeyboardInterrupt
            Ctrl-C was pressed.
        """

def sweep(
    bases: NDArray[np.float64],
    steps: NDArray[np.float64],
    base: NDArray[np.int64],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    own: NDArray[np.int64],
    lams: NDArray[np.float64],
    k: int,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Find the k rows nearest to x + λ·(t − v), for every query and λ, from products with all rows.

    Parameters
    ----------
    bases : ndarray of float64, shape (b, n), C-contiguous
        Products of every x with every row.
    steps : ndarray of float64, shape (s, n), C-contiguous
        Products of every t and v with every row.
    base, start, end : ndarray of int64, shape (q,)
        Which x, v and t a query has.
    own : ndarray of int64, shape (q,)
        The row that may not answer, negative for none.
    lams : ndarray of float64, shape (l,)
        Rising.
    k : int

    Returns
    -------
    rows : ndarray of int64, shape (q, l, k)
        Best first, scores within 1e-12·(1 + 2|λ|) by the lower row, −1 where rows run out.
    scores : ndarray of float64, shape (q, l, k)
        Products with the query, which is not scaled to unit length; NaN where rows run out.
    tied : ndarray of int64, shape (q, l)
        Rows within 1e-12·(1 + 2|λ|) of the first, itself counted.

    Raises
    ------
    ValueError
        Shapes that do not fit together, numbers out of range, or λ that do not rise.
    KeyboardInterrupt
        Ctrl-C was pressed.
    """

def row_norms(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Length of every row, shape (n,); NaN or infinite exactly where a value of the row is."""

def centered_ranks(x: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.float32]:
    """Doubled, centred average ranks of every row, 2·rank − (d + 1): whole numbers, exact.

    Rows hold no NaN. Ctrl-C raises KeyboardInterrupt, too many rows for the memory MemoryError.
    """

def spearman(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spearman's rank correlation of row i of `x` with row i of `y`; NaN for a constant row."""

def weighted_sums(
    values: NDArray[np.float64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    relation: NDArray[np.int64],
    *,
    draws: int,
    key: tuple[int, int],
    progress: Callable[[int, int], Any] | None,
) -> NDArray[np.float64]:
    """Add up values by relation, weighed by random weights of the two units of every question.

    The weight of unit u in a draw is `-log(1 - x)`, with x in [0, 1) the first 53 bits of word u
    of Philox4x64-10 with the counter `[0, draw, 0, 0]`: as NumPy draws it from its Philox of that
    key and counter.

    Parameters
    ----------
    values : ndarray of float64, shape (n, m), C-contiguous
    first, second, relation : ndarray of int64, shape (n,)
        Numbers from 0; fastest where questions of one relation stand together.
    draws : int
    key : (int, int)
    progress : callable, optional
        Called now and then with (draws done, draws in all).

    Returns
    -------
    ndarray of float64, shape (draws, r, m)

    Raises
    ------
    ValueError
        Shapes that do not fit together, or negative numbers.
    KeyboardInterrupt
        Ctrl-C was pressed.
    """

def permuted_hits(
    answers: NDArray[np.int64],
    gold: NDArray[np.int64],
    relation: NDArray[np.int64],
    *,
    draws: int,
    key: tuple[int, int],
) -> NDArray[np.int64]:
    """Count right answers by relation, the right ones permuted among the relation's questions.

    Only answers that are right somewhere in the relation, l of its n, are looked at. They have the
    first l places of a Fisher–Yates shuffle: place i is exchanged with i + ⌊w · (n - i) / 2⁶⁴⌋,
    with w word i of Philox4x64-10 with the counter `[0, draw, relation, 0]`.

    Parameters
    ----------
    answers : ndarray of int64, shape (n,)
        Negative where there is none.
    gold : ndarray of int64, shape (n, g), C-contiguous
        Padded with negative numbers.
    relation : ndarray of int64, shape (n,)
        Numbers from 0.
    draws : int
    key : (int, int)

    Returns
    -------
    ndarray of int64, shape (r, draws)

    Raises
    ------
    ValueError
        Shapes that do not fit together, or negative relations.
    KeyboardInterrupt
        Ctrl-C was pressed.
    """

def isa() -> str:
    """Name of the instruction set in use: `avx512`, `avxvnni`, `avx2` or `portable`."""

def threads() -> int:
    """Return the number of threads in use."""

def read_words(
    path: str,
    *,
    limit: int | None = None,
    errors: str = "strict",
    drop_bad: bool = False,
) -> _Words:
    """Parse a file of word vectors from a memory map.

    Returns
    -------
    layout : str
        The format that was found.
    offsets : ndarray of int32, shape (n + 1,)
    label_bytes : ndarray of uint8
    vectors : ndarray of float32, shape (n, d)
    dropped : int

    Raises
    ------
    embarith.errors.FormatError
        The line or byte at fault.
    """

def parse_words(
    data: bytes,
    *,
    limit: int | None = None,
    errors: str = "strict",
    drop_bad: bool = False,
) -> _Words:
    """Parse word vectors that lie in memory; as `read_words`."""

def photograph_to_tensor(
    rgb: NDArray[np.uint8],
    out: NDArray[np.float32],
    *,
    scaled: tuple[int, int],
    corner: tuple[int, int],
    interpolation: str,
    antialias: bool,
    mean: tuple[float, float, float],
    std: tuple[float, float, float],
) -> None:
    """Write a photograph, scaled, cut and normalised, into a tensor; as Pillow, to the bit.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w, 3), C-contiguous
    out : ndarray of float32, shape (3, rows, columns), C-contiguous
        Takes ``(value / 255 - mean) / std`` of the scaled photograph from `corner` on.
    scaled, corner : (int, int)
        Height and width after scaling; top and left of the cut.
    interpolation : {"bilinear", "bicubic"}
    antialias : bool
        Whether the filter widens where the photograph shrinks.
    mean, std : tuple of float
        Of each channel.

    Raises
    ------
    ValueError
        Shapes that do not fit each other, or an unknown interpolation.
    """
