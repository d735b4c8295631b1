"""The single questions of a result, one row each."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from embarith import solvers
from embarith.experiments.analogy.asked import Asked
from embarith.experiments.analogy.geometry import Geometry
from embarith.table import EmbeddingTable


def details(
    table: EmbeddingTable,
    asked: Asked,
    solved: solvers.Solutions,
    landed: NDArray[np.str_],
    found: Geometry | None,
) -> pa.Table:
    """Return the answered questions with what came of them; see `AnalogyResult.to_frame`."""
    questions, numbers = asked.questions, asked.numbers.tolist()
    absent = pa.nulls(len(asked), pa.string())
    empty = pa.nulls(len(asked), pa.float64())
    answers = solved.fair
    given = answers.indices >= 0
    offsets = pa.array(np.concatenate([[0], np.cumsum(given.sum(axis=1))]), pa.int32())
    columns = {
        "relation": pa.array([questions.relations[r] for r in asked.relation.tolist()]),
        "a": absent if asked.by_pair else pa.array([questions.a[i] for i in numbers]),
        "b": absent if asked.by_pair else pa.array([questions.b[i] for i in numbers]),
        "c": pa.array([questions.c[i] for i in numbers]),
        "gold": pa.array([questions.gold[i] for i in numbers], pa.list_(pa.string())),
        "answers": pa.ListArray.from_arrays(
            offsets, table.labels.take(pa.array(answers.indices[given]))
        ),
        "scores": pa.ListArray.from_arrays(offsets, pa.array(answers.scores[given])),
        "rank_fair": _rank(solved.rank_fair),
        "rank_restricted": _rank(solved.rank_restricted),
        "landed": pa.array(landed.tolist()),
    }
    for name in ("angle_raw", "angle_unit", "rho_raw", "rho_unit"):
        columns[name] = empty if found is None else pa.array(getattr(found, name))
    return pa.table(columns)


def _rank(ranks: solvers.Ranks) -> pa.Array:
    # Where the first right answer stands on average when ties fall at random.
    place = ranks.above + (ranks.tied + 1) / (ranks.right + 1)
    return pa.array(place, pa.float64(), mask=ranks.above < 0)
