"""A question in the plane: its words or their photographs by PCA, and what the plane hides."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embarith import statistics
from embarith.errors import MissingLabelError, OptionError, nearest
from embarith.experiments.ask import parse_question
from embarith.experiments.common import encoder_info
from embarith.experiments.thumbnails import thumbnails
from embarith.files import inside
from embarith.machine import describe_run
from embarith.result import (
    Place,
    PlaneDistance,
    PlaneOffset,
    PlanePhotograph,
    PlaneResult,
    PlaneWord,
    rounded,
)
from embarith.table import EmbeddingTable

Floats = NDArray[np.float64]

_PLACES: tuple[Place, ...] = ("a", "b", "c", "d", "y")
# Variance along an axis, over that along the first, which is rounding and no direction.
_FLAT = 1e-12


@dataclass(frozen=True)
class _Axes:
    """A plane by its centre and two axes of length one, shape (2, dimensions)."""

    centre: Floats
    axes: Floats
    variance: tuple[float, float]

    def place(self, points: Floats) -> tuple[Floats, Floats]:
        """Return where points lie in the plane, shape (n, 2), and how far off it, shape (n,)."""
        moved = points - self.centre
        inside = moved @ self.axes.T
        return inside, np.linalg.norm(moved - inside @ self.axes, axis=1)


def plane(
    table: EmbeddingTable,
    question: str,
    *,
    images: Mapping[str, Sequence[str]] | None = None,
    folder: str | Path | None = None,
) -> PlaneResult:
    """Lay out a pair or a question in the plane of its first two principal components.

    All vectors are scaled to length one first. With photographs, the plane is fitted on those of
    the question's words and a word is the mean of its photographs; without, the plane is fitted on
    the words' own vectors. y = b − a + c of these words is then placed in it. A plane shows only
    some of the distances: those in all dimensions, and how far each point lies off the plane,
    stand beside.

    Parameters
    ----------
    table : EmbeddingTable
        Vectors of words or, with `images`, of photographs.
    question : str
        A pair ``a:b`` or a question ``a:b::c:d``, whose d may be ``?``.
    images : mapping of str to sequence of str, optional
        The photographs of every word, as labels of the table. Those that it lacks are counted and
        passed over.
    folder : path, optional
        Where the files of the photographs lie, named as in `images`: makes thumbnails of at most
        128 pixels, smaller where they would be too large for a result together.

    Returns
    -------
    PlaneResult

    Raises
    ------
    OptionError
        The question cannot be read or names a word twice; its points lie on a line, as those of a
        pair without photographs; `folder` without `images`; too many photographs.
    MissingLabelError
        A word that the table lacks, or that has no photographs in it.
    FormatError
        A file in `folder` that is no photograph, or a name or a link that leads out of it.

    Examples
    --------
    >>> corners = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32)
    >>> table = EmbeddingTable.from_arrays(["man", "king", "woman"], corners)
    >>> found = plane(table, "man:king::woman:?")
    >>> found.variance
    (0.5, 0.5)
    """
    started = time.perf_counter()
    words = parse_question(question)
    if len(set(words)) < len(words):
        raise OptionError(f"{question!r} names a word twice; give words that differ")
    if folder is not None and images is None:
        raise OptionError("folder holds the files of photographs: give images too")
    points, owner, labels, absent = _points(table, words, images)
    axes = _fit(points, question, alone=images is None)
    means = np.stack([points[owner == i].mean(axis=0) for i in range(len(words))])
    spots, off = axes.place(points)
    files, side = [""] * len(labels), None
    if folder is not None:
        files, side = thumbnails([inside(Path(folder), label) for label in labels])
    marks = means
    if len(words) > 2:
        marks = np.concatenate([means, [means[1] - means[0] + means[2]]])
    places = (*_PLACES[: len(words)], *_PLACES[4:][: len(marks) - len(words)])
    mark_spots, mark_off = axes.place(marks)
    result = PlaneResult(
        encoder=encoder_info(table),
        question=_spell(words),
        fitted_on="words" if images is None else "photographs",
        variance=axes.variance,
        words=tuple(
            PlaneWord(
                place=places[i],
                word=word,
                x=float(mark_spots[i, 0]),
                y=float(mark_spots[i, 1]),
                off=float(mark_off[i]),
                photographs=0 if images is None else int((owner == i).sum()),
                spread=None if images is None else _spread(points[owner == i], means[i]),
                spread_in_plane=(
                    None if images is None else _spread(spots[owner == i], mark_spots[i])
                ),
            )
            for i, word in enumerate(words)
        ),
        photographs=tuple(
            PlanePhotograph(
                word=words[owner[i]],
                image=label,
                x=float(spots[i, 0]),
                y=float(spots[i, 1]),
                off=float(off[i]),
                thumbnail=files[i],
            )
            for i, label in enumerate(labels)
            if images is not None
        ),
        offset=_offset(marks, mark_spots, float(mark_off[-1])) if len(words) > 2 else None,
        distances=_distances(places, marks, mark_spots),
        absent=absent,
        thumbnail_side=side,
        run=describe_run(
            started,
            {} if folder is None else {"photographs": str(folder)},
            () if folder is None else ("pillow",),
        ),
    )
    return rounded(result)


def _points(
    table: EmbeddingTable, words: Sequence[str], images: Mapping[str, Sequence[str]] | None
) -> tuple[Floats, NDArray[np.int64], list[str], dict[str, int]]:
    """Return what is shown as unit vectors, the word of each, its label, and what is absent."""
    labels: list[str] = []
    owner: list[int] = []
    absent: dict[str, int] = {}
    for i, word in enumerate(words):
        listed = [word] if images is None else _listed(images, word)
        found = [label for label in listed if label in table]
        if not found and images is not None:
            raise MissingLabelError(
                f"{table.provenance.encoder} has none of the {len(listed)} photographs of {word!r}"
            )
        if images is not None and len(found) < len(listed):
            absent[word] = len(listed) - len(found)
        labels += found or listed  # which a lookup refuses, with the nearest label
        owner += [i] * len(found or listed)
    vectors = table[labels].astype(np.float64)
    table.check_rows(table.rows(labels))
    return statistics.unit(vectors), np.array(owner, np.int64), labels, absent


def _listed(images: Mapping[str, Sequence[str]], word: str) -> Sequence[str]:
    if word not in images:
        raise MissingLabelError(f"no photographs of {word!r}{nearest(word, images)}")
    return images[word]


def _fit(points: Floats, question: str, *, alone: bool) -> _Axes:
    """Fit the plane of most variance; on each axis the largest weight is positive."""
    centre = points.mean(axis=0)
    _, lengths, axes = np.linalg.svd(points - centre, full_matrices=False)
    squares = lengths**2
    if len(squares) < 2 or squares[1] <= _FLAT * squares[0]:
        advice = "; a pair takes the photographs of its words" if alone else ""
        raise OptionError(f"what {question!r} shows lies on a line and spans no plane{advice}")
    two = axes[:2]
    largest = np.take_along_axis(two, np.abs(two).argmax(axis=1)[:, None], axis=1)
    first, second = (squares[:2] / squares.sum()).tolist()
    return _Axes(centre, two * np.sign(largest), (first, second))


def _spread(points: Floats, mean: Floats) -> float:
    return float(np.sqrt(((points - mean) ** 2).sum(axis=1).mean()))


def _offset(marks: Floats, spots: Floats, off: float) -> PlaneOffset:
    """Hold y against d, marks being a, b, c, perhaps d, and y."""
    angle = only_c = offsets = in_plane = None
    if len(marks) == 5:
        a, b, c, d, y = marks
        angle, only_c, offsets = statistics.angles(
            np.stack([y, c, b - a]), np.stack([d, d, d - c])
        ).tolist()
        a, b, c, d, _ = spots
        in_plane = float(statistics.angles((b - a)[None], (d - c)[None])[0])
    x, y_ = spots[-1].tolist()
    return PlaneOffset(x, y_, off, angle, only_c, offsets, in_plane)


def _distances(places: Sequence[Place], marks: Floats, spots: Floats) -> tuple[PlaneDistance, ...]:
    pairs = list(combinations(range(len(places)), 2))
    first, second = np.array(pairs).T
    angles = statistics.angles(marks[first], marks[second])
    full = np.linalg.norm(marks[first] - marks[second], axis=1)
    flat = np.linalg.norm(spots[first] - spots[second], axis=1)
    return tuple(
        PlaneDistance(places[i], places[j], *row)
        for (i, j), row in zip(pairs, np.stack([angles, full, flat], axis=1).tolist(), strict=True)
    )


def _spell(words: Sequence[str]) -> str:
    pair = f"{words[0]}:{words[1]}"
    return pair if len(words) == 2 else f"{pair}::{words[2]}:{(*words, '?')[3]}"
