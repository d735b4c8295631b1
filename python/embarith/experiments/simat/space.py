"""The one space that photographs and words lie in: unit vectors, after heads where given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embarith import statistics
from embarith.encoders.card import Tower
from embarith.encoders.heads import Heads, check_one_space
from embarith.errors import OptionError
from embarith.questions.simat import Simat
from embarith.result import HeadsInfo
from embarith.table import EmbeddingTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Space:
    """Unit vectors of a set's photographs, words and captions, in float64, of one dimension.

    Parameters
    ----------
    photographs : ndarray of float64, shape (p, d)
    words : ndarray of float64, shape (w, d)
    number : mapping of str to int
        The row of every word that has a vector.
    captions : ndarray of float64, shape (k, d), or None
    """

    photographs: Floats
    words: Floats
    number: Mapping[str, int]
    captions: Floats | None = None


def find_space(
    images: EmbeddingTable, texts: EmbeddingTable, task: Simat, heads: Heads | None
) -> Space:
    """Return the vectors of a set in one space.

    Raises
    ------
    OptionError
        As `check_heads` and `photograph_rows`.
    """
    check_heads(images, texts, heads)
    photographs = unit_vectors(images, photograph_rows(images, task), heads, "visual")
    rows = texts.rows(task.words)
    known = [word for word, row in zip(task.words, rows, strict=True) if row >= 0]
    words = unit_vectors(texts, rows[rows >= 0], heads, "text")
    lines = texts.rows(task.captions)
    captions = unit_vectors(texts, lines, heads, "text") if (lines >= 0).all() else None
    return Space(photographs, words, {word: place for place, word in enumerate(known)}, captions)


def photograph_rows(images: EmbeddingTable, task: Simat) -> Ints:
    """Return the row of every photograph of a set, by `image` or `region_id`.

    Raises
    ------
    OptionError
        The table lacks one: a smaller gallery would be another task.
    """
    rows = images.rows(task.images)
    if task.regions and (rows < 0).all():
        rows = images.rows(task.regions)
    lost = np.flatnonzero(rows < 0)
    if len(lost):
        raise OptionError(
            f"{images.provenance.encoder} lacks {len(lost):,} of the {len(rows):,} photographs of "
            f"{task.name}, such as {task.images[lost[0]]!r}, and the gallery must be whole; its "
            f"labels, such as {images.index_to_key[0]!r}, are to be as in the column image or "
            "region_id"
        )
    return rows


def check_heads(images: EmbeddingTable, texts: EmbeddingTable, heads: Heads | None) -> None:
    """Refuse tables that share no space, as they are or after the heads.

    Raises
    ------
    OptionError
    """
    if heads is not None:
        sides: tuple[tuple[EmbeddingTable, Tower], ...] = ((images, "visual"), (texts, "text"))
        for table, tower in sides:
            heads.check_not_applied(table.provenance, tower)
            heads.check(tower, table.dimensions, table.provenance.encoder)
    elif images.dimensions != texts.dimensions:
        raise OptionError(
            f"{images.provenance.encoder} has {images.dimensions:,} dimensions and "
            f"{texts.provenance.encoder} {texts.dimensions:,}: two spaces, whose vectors cannot be "
            "added; give heads that lead both into one"
        )
    else:
        check_one_space(images.provenance, texts.provenance)


def unit_vectors(table: EmbeddingTable, rows: Ints, heads: Heads | None, tower: Tower) -> Floats:
    """Return rows of a table, after its head, at unit length in float64."""
    table.check_rows(rows)
    raw = table.vectors[rows]
    if heads is None:
        return statistics.unit(raw.astype(np.float64))
    return heads.apply(tower, raw)


def heads_info(heads: Heads | None) -> HeadsInfo | None:
    """Return what a result says of its heads."""
    if heads is None:
        return None
    told = heads.provenance
    return HeadsInfo(told.encoder, heads.sha256, heads.dimensions, heads.temperature, told.steps)
