"""Photographs and their captions as pairs of vectors, and how well each finds the other."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from embarith.errors import OptionError
from embarith.statistics import EQUAL, credit
from embarith.table import EmbeddingTable

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

DEPTHS = (1, 5, 10)
"""k of R@k."""

# Queries compared with all candidates at a time.
_BLOCK = 512


@dataclass(frozen=True)
class Pairs:
    """Photographs with their captions, as rows of two matrices.

    Parameters
    ----------
    images : tuple of str, length p
    photographs : ndarray of float32, shape (p, d)
    texts : ndarray of float32, shape (t, e)
        Every caption once, whichever photographs it is of.
    pairs : ndarray of int64, shape (n, 2)
        Photograph and caption, photographs in order.
    is_validation : ndarray of bool, shape (p,)
        Photographs that nothing is fitted on.
    source : str
        Encoders of both sides.
    held_out : int
        Photographs with captions that were left out on demand.
    to_hold_out : int
        Names of photographs to leave out, whether they have captions or not.
    """

    images: tuple[str, ...]
    photographs: NDArray[np.float32]
    texts: NDArray[np.float32]
    pairs: Ints
    is_validation: Bools
    source: str = ""
    held_out: int = 0
    to_hold_out: int = 0

    @cached_property
    def training(self) -> Ints:
        """Pairs of photographs to fit on, shape (m, 2)."""
        return self.pairs[~self.is_validation[self.pairs[:, 0]]]

    @cached_property
    def validation(self) -> Ints:
        """Pairs of the others, shape (n - m, 2)."""
        return self.pairs[self.is_validation[self.pairs[:, 0]]]

    @cached_property
    def sha256(self) -> str:
        """Hash of vectors, pairs and split."""
        digest = hashlib.sha256()
        for matrix in (self.photographs, self.texts):
            digest.update(f"{matrix.shape}\n".encode())
            digest.update(np.ascontiguousarray(matrix, "<f4").data)
        digest.update(np.ascontiguousarray(self.pairs, "<i8").data)
        digest.update(np.packbits(self.is_validation).data)
        return digest.hexdigest()

    def describe(self) -> str:
        """Return how many photographs and captions there are, and for what."""
        validation = int(self.is_validation.sum())
        held = f", {self.held_out:,} held out" if self.held_out else ""
        if self.to_hold_out and not self.held_out:
            # The same photographs under other names would be fitted on.
            held = f"; none of the {self.to_hold_out:,} to hold out has captions under its name"
        return (
            f"{len(self.images) - validation:,} photographs with {len(self.training):,} captions, "
            f"{validation:,} with {len(self.validation):,} for validation{held}"
        )


def is_validation(image: str, seed: int = 0) -> bool:
    """Whether a photograph is one for validation: a tenth of them, by a hash of seed and name.

    Examples
    --------
    >>> [number for number in range(20) if is_validation(f"{number}.jpg")]
    [8, 17]
    """
    return hashlib.sha256(f"heads {seed} {image}".encode()).digest()[0] < 26


def pair(
    images: EmbeddingTable,
    texts: EmbeddingTable,
    captions: Mapping[str, Sequence[str]],
    *,
    hold_out: Collection[str] = (),
    seed: int = 0,
) -> Pairs:
    """Look up the vectors of photographs and of all their captions.

    Parameters
    ----------
    images : EmbeddingTable
        Labels are photographs.
    texts : EmbeddingTable
        Labels are captions.
    captions : mapping of str to sequence of str
        The captions of every photograph.
    hold_out : collection of str
        Photographs to leave out, with all their captions.
    seed : int
        Of the split.

    Raises
    ------
    OptionError
        A photograph or caption without a vector, or no photograph left to fit or to validate on.
    """
    left_out = frozenset(hold_out)
    kept = {image: said for image, said in captions.items() if image not in left_out}
    names = tuple(kept)
    rows = images.rows(names)
    lost = np.flatnonzero(rows < 0)
    if len(lost):
        raise OptionError(
            f"captions without photographs: {images.provenance.encoder} has no vector of "
            f"{names[lost[0]]!r}, but one of {images.labels[0].as_py()!r} ({len(lost):,} of "
            f"{len(names):,} photographs); encode them, or take their captions out of the file"
        )
    number: dict[str, int] = {}
    pairs = [
        (place, number.setdefault(caption, len(number)))
        for place, said in enumerate(kept.values())
        for caption in dict.fromkeys(said)
    ]
    lines = texts.rows(list(number))
    lost = np.flatnonzero(lines < 0)
    if len(lost):
        raise OptionError(
            f"{texts.provenance.encoder} has no vector of the caption {list(number)[lost[0]]!r} "
            f"({len(lost):,} of {len(number):,} captions); 'embarith encode --texts' takes them "
            "one a line"
        )
    images.check_rows(rows)
    texts.check_rows(lines)
    split = np.array([is_validation(image, seed) for image in names], bool)
    for wanted, what in ((~split, "to fit heads on"), (split, "for validation")):
        if not wanted.any():
            raise OptionError(
                f"of {len(captions):,} photographs with captions {len(captions) - len(names):,} "
                f"are held out, and none of the rest is {what}; a tenth is for validation, by a "
                "hash of seed and name"
            )
    return Pairs(
        images=names,
        photographs=images.vectors[rows],
        texts=texts.vectors[lines],
        pairs=np.array(pairs, np.int64),
        is_validation=split,
        source=f"{images.provenance.encoder} and {texts.provenance.encoder}",
        held_out=len(captions) - len(names),
        to_hold_out=len(left_out),
    )


@dataclass(frozen=True, slots=True)
class Recall:
    """R@k in percent, for k of `DEPTHS`: queries with a right answer among the first k.

    A photograph is a query with each of its captions right, a caption one with its photograph:
    image-to-text and text-to-image retrieval as it is usual. A caption that several photographs
    have is one query and one candidate, and each of them is right. Of answers that are equally
    near each has its share, as in `credit`.
    """

    captions: tuple[float, ...]  # asked by a photograph
    photographs: tuple[float, ...]  # asked by a caption

    @classmethod
    def of(cls, found: tuple[Floats, Floats]) -> Recall:
        """Return the means of what `retrieve` found."""
        captions, photographs = (tuple((100 * side.mean(axis=0)).tolist()) for side in found)
        return cls(captions, photographs)

    @property
    def mean(self) -> float:
        """Mean over both ways and every k."""
        return float(np.mean((*self.captions, *self.photographs)))


def local_pairs(pairs: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the photographs and captions of some pairs, and the pairs by their places there."""
    photographs, ours = np.unique(pairs[:, 0], return_inverse=True)
    texts, theirs = np.unique(pairs[:, 1], return_inverse=True)
    return photographs, texts, np.stack([ours, theirs], axis=1)


def retrieve(photographs: Floats, texts: Floats, pairs: Ints) -> tuple[Floats, Floats]:
    """Return how far every query finds a right answer among the first k, for k of `DEPTHS`.

    Parameters
    ----------
    photographs, texts : ndarray of float64, shape (p, d) and (t, d)
        Unit vectors.
    pairs : ndarray of int64, shape (n, 2)
        Which are right, by rows of both.

    Returns
    -------
    captions : ndarray of float64, shape (p, k)
        Asked by the photographs.
    photographs : ndarray of float64, shape (t, k)
        Asked by the texts.
    """
    return _first(photographs, texts, pairs), _first(texts, photographs, pairs[:, ::-1])


def _first(queries: Floats, candidates: Floats, pairs: Ints) -> Floats:
    above, tied, alike = np.empty((3, len(queries)), np.int64)
    for start in range(0, len(queries), _BLOCK):
        part = slice(start, start + _BLOCK)
        scores = queries[part] @ candidates.T
        inside = (pairs[:, 0] >= start) & (pairs[:, 0] < start + len(scores))
        right = np.zeros(scores.shape, bool)
        right[pairs[inside, 0] - start, pairs[inside, 1]] = True
        best = np.where(right, scores, -np.inf).max(axis=1, keepdims=True)
        reached = scores >= best - EQUAL
        above[part] = (scores > best + EQUAL).sum(axis=1)
        tied[part] = reached.sum(axis=1) - above[part]
        alike[part] = (reached & right).sum(axis=1)
    return np.stack([credit(above, tied, alike, k) for k in DEPTHS], axis=1)
