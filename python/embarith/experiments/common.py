"""What every experiment records of its surroundings, and how it finds words in a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, get_args

import msgspec
import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from embarith.errors import OptionError, nearest
from embarith.result import Coverage, EncoderInfo
from embarith.table import EmbeddingTable

Case = Literal["exact", "lower", "fold"]
Progress = Callable[[str, int, int], None]


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
    for known in get_args(Case):
        if case == known:
            lowered = (pc.utf8_lower(table.labels).equals(table.labels) for table in tables)
            return "lower" if case == "exact" and all(lowered) else known
    raise OptionError(f"case {case!r}: give exact, lower or fold{nearest(case, get_args(Case))}")


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
    folded: dict[str, int] = {}
    for row, label in enumerate(table.index_to_key):
        folded.setdefault(label.casefold(), row)
    variants = (folded.get(word.casefold(), -1) for word in words)
    rows = table.rows(words)
    return np.where(rows >= 0, rows, np.fromiter(variants, np.int64, len(words)))


def coverage(asked: int, lost: Iterable[Iterable[str]]) -> Coverage:
    """Return the share covered of `asked` items, and the missing words by items lost.

    Parameters
    ----------
    asked : int
        Items in all.
    lost : iterable of iterable of str
        The missing words of every item that has some.
    """
    items = [set(words) for words in lost]
    counts = Counter(word for words in items for word in words)
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return Coverage(share=(asked - len(items)) / asked, missing=dict(ordered))
