"""Who says which photograph is right: the triples, a matrix, or another encoder."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from embarith import statistics
from embarith.encoders.heads import check_one_space
from embarith.errors import OptionError
from embarith.experiments.simat.space import photograph_rows, unit_vectors
from embarith.questions.simat import Simat
from embarith.result import SimatJudge
from embarith.table import EmbeddingTable

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class MatrixJudge:
    """Similarities of every photograph with every caption; right is what is above the threshold.

    Parameters
    ----------
    similarities : ndarray of float32 or float64, shape (p, k)
        Rows by `dataset_id`, columns by line of ``captions.txt``: the layout of the published
        OSCAR matrix, whose values are probabilities.
    name : str
    threshold : float
    """

    similarities: NDArray[np.floating]
    name: str = "matrix"
    threshold: float = 0.5


@dataclass(frozen=True)
class EncoderJudge:
    """Two tables of another encoder: right is a photograph whose nearest caption is the target's.

    A cosine has no threshold as the probability of OSCAR has, so the caption must come first among
    all captions of the set.
    """

    images: EmbeddingTable
    texts: EmbeddingTable


def find_right(
    task: Simat,
    images: EmbeddingTable,
    texts: EmbeddingTable,
    judge: MatrixJudge | EncoderJudge | None,
) -> tuple[Bools, SimatJudge]:
    """Return which photograph is right for which caption, shape (p, k), and who says so.

    Raises
    ------
    OptionError
        A matrix of another shape or with values that are no finite numbers; a judge of which a
        photograph or caption is absent, of two spaces, or that is the system itself.
    """
    if judge is None:
        return task.right, SimatJudge("triples")
    if isinstance(judge, MatrixJudge):
        wanted = (len(task.images), len(task.captions))
        if judge.similarities.shape != wanted:
            raise OptionError(
                f"{judge.name}: a matrix of shape {judge.similarities.shape}; {task.name} has "
                f"{wanted[0]:,} photographs and {wanted[1]:,} captions: expected {wanted}"
            )
        if judge.similarities.dtype.kind not in "fiub":
            raise OptionError(
                f"{judge.name}: a matrix of {judge.similarities.dtype}; expected real numbers"
            )
        lost = np.argwhere(~np.isfinite(judge.similarities))
        if len(lost):
            row, column = lost[0]
            raise OptionError(
                f"{judge.name}: the matrix holds {judge.similarities[row, column]} for photograph "
                f"{task.images[row]!r} and caption {task.captions[column]!r} (row {row}, column "
                f"{column}; {len(lost):,} values are not finite)"
            )
        return judge.similarities > judge.threshold, SimatJudge(
            "matrix", judge.name, judge.threshold
        )
    for ours, theirs in ((images, judge.images), (texts, judge.texts)):
        if ours.sha256 == theirs.sha256 or _model(ours) == _model(theirs):
            raise OptionError(
                f"{theirs.provenance.encoder} would judge itself; give tables of another encoder"
            )
    if judge.images.dimensions != judge.texts.dimensions:
        raise OptionError(
            f"the judge's photographs have {judge.images.dimensions:,} dimensions and its captions "
            f"{judge.texts.dimensions:,}; a judge is one encoder with both in one space"
        )
    check_one_space(judge.images.provenance, judge.texts.provenance)
    rows = judge.texts.rows(task.captions)
    if (rows < 0).any():
        raise OptionError(
            f"the judge {judge.texts.provenance.encoder} lacks "
            f"{np.count_nonzero(rows < 0):,} captions, such as "
            f"{task.captions[int(np.flatnonzero(rows < 0)[0])]!r}"
        )
    captions = unit_vectors(judge.texts, rows, None, "text")
    photographs = unit_vectors(judge.images, photograph_rows(judge.images, task), None, "visual")
    cosines = photographs @ captions.T
    first = cosines >= cosines.max(axis=1, keepdims=True) - statistics.EQUAL
    return first, SimatJudge("encoders", judge.images.provenance.encoder)


def _model(table: EmbeddingTable) -> str:
    """Return the name of a table's encoder without its precision, features and heads."""
    return table.provenance.encoder.partition(" (")[0]


def agreement(
    judged: SimatJudge, answers: Ints, task: Simat, right: Bools, triples: Bools, mask: Bools
) -> SimatJudge:
    """Add how far a judge agrees with the triples about the answers to the queries of a mask.

    Parameters
    ----------
    judged : SimatJudge
    answers : ndarray of int64, shape (n,)
        The photograph that answers each query.
    task : Simat
    right, triples : ndarray of bool, shape (p, k)
        Which photograph is right for which caption, by the judge and by triples.
    mask : ndarray of bool, shape (n,)
    """
    caption = task.caption[mask]
    same = right[answers[mask], caption] == triples[answers[mask], caption]
    own = right[task.photograph[mask], caption]
    return replace(judged, agreement=float(same.mean()), own=float(own.mean()))
