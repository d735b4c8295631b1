"""The figures of a report, each a plain function of arrays.

`directions` compares vectors, `credit` turns ranks into scores, `resampling` gives intervals and
nulls, `parallelism` asks whether a relation's offsets point one way. All sums are float64.
"""

from embarith.statistics.credit import credit, reciprocal_rank, vocabulary_credit
from embarith.statistics.directions import (
    EQUAL,
    angles,
    cosines,
    pearson,
    rotated_spearman,
    spearman,
    unit,
)
from embarith.statistics.parallelism import parallelism
from embarith.statistics.resampling import (
    Bootstrap,
    PermutationNull,
    auc,
    crossed_bootstrap,
    holm,
    interval,
    mean_interval,
    permutation_null,
)

__all__ = [
    "EQUAL",
    "Bootstrap",
    "PermutationNull",
    "angles",
    "auc",
    "cosines",
    "credit",
    "crossed_bootstrap",
    "holm",
    "interval",
    "mean_interval",
    "parallelism",
    "pearson",
    "permutation_null",
    "reciprocal_rank",
    "rotated_spearman",
    "spearman",
    "unit",
    "vocabulary_credit",
]
