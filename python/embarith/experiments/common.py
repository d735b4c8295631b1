"""What every experiment records of its surroundings, and how it finds words in a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import msgspec
import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from embarith.errors import OptionError, nearest
from embarith.result import Coverage, EncoderInfo, Interval, Measured
from embarith.statistics import EQUAL, interval
from embarith.table import EmbeddingTable

Case = Literal["exact", "lower", "fold"]


def encoder_info(table: EmbeddingTable) -> EncoderInfo:
    """Return what a result says of its table."""
    return EncoderInfo(
        name=table.provenance.encoder,
        rows=len(table),
        dimensions=table.dimensions,
        sha256=table.sha256,
        # As JSON holds it, so that a result read back equals the one written.
        provenance=msgspec.json.decode(msgspec.json.encode(table.provenance)),
    )


def settle_case(tables: Sequence[EmbeddingTable], case: str) -> Case:
    """Return the case to use: tables without capitals are asked in lower case.

    Raises
    ------
    OptionError
        If `case` is none of ``exact``, ``lower``, ``fold``.
    """
    cases = get_args(Case)
    for known in cases:
        if case == known:
            lowered = (pc.utf8_lower(table.labels).equals(table.labels) for table in tables)
            return "lower" if case == "exact" and all(lowered) else known
    raise OptionError(f"case {case!r}: give one of {', '.join(cases)}{nearest(case, cases)}")


def find_rows(table: EmbeddingTable, words: Sequence[str], case: Case) -> NDArray[np.int64]:
    """Return the row of every word, −1 where the table lacks it.

    Parameters
    ----------
    table : EmbeddingTable
    words : sequence of str, length n
    case : {"exact", "lower", "fold"}
        Words as they are; lower-cased; or as they are and, where the table lacks that spelling,
        as the first row that differs in case alone.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    if case != "fold":
        return table.rows([word.lower() for word in words] if case == "lower" else words)
    first = _first_variants(table)
    variants = (first.get(word.casefold(), -1) for word in words)
    rows = table.rows(words)
    return np.where(rows >= 0, rows, np.fromiter(variants, np.int64, len(words)))


def spellings(table: EmbeddingTable, case: Case) -> NDArray[np.int64]:
    """Return the first row of every row's word: with ``fold`` variants of case are one word.

    Returns
    -------
    ndarray of int64, shape (rows,)
    """
    if case != "fold":
        return np.arange(len(table))
    first = _first_variants(table)
    rows = (first[label.casefold()] for label in table.index_to_key)
    return np.fromiter(rows, np.int64, len(table))


def _first_variants(table: EmbeddingTable) -> dict[str, int]:
    first: dict[str, int] = {}
    for row, label in enumerate(table.index_to_key):
        first.setdefault(label.casefold(), row)
    return first


def coverage(asked: int, lost: Iterable[Iterable[str]], left_out: int = 0) -> Coverage:
    """Return the share covered of `asked` items, and the missing words by items lost.

    Parameters
    ----------
    asked : int
        Items in all.
    lost : iterable of iterable of str
        The missing words of every item that has some.
    left_out : int
        Items not asked for another reason.
    """
    items = [set(words) for words in lost]
    counts = Counter(word for words in items for word in words)
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    share = (asked - len(items) - left_out) / asked
    return Coverage(share=share, missing=dict(ordered), left_out=left_out)


def percentiles(values: NDArray[np.float64]) -> Interval | None:
    """Return the 95 % percentile interval of the draws of a figure, None where none tells any."""
    known = values[~np.isnan(values)]
    if not len(known) or np.ptp(known) == 0:
        return None
    low, high = interval(known).tolist()
    return low, high


def against(value: float, ci: Interval | None, null: NDArray[np.float64]) -> Measured:
    """Return a figure and the draws of its null, of which there may be none.

    Parameters
    ----------
    value : float
    ci : (float, float) or None
    null : ndarray of float64, shape (draws,)
    """
    if not len(null):
        return Measured(value, ci)
    low, high = interval(null).tolist()
    p = (1 + np.count_nonzero(null >= value - EQUAL)) / (len(null) + 1)
    return Measured(value, ci, float(null.mean()), (low, high), float(p))
