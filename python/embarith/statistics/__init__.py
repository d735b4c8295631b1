"""The figures of a report, each a plain function of arrays.

`directions` compares vectors, `credit` turns ranks into scores, `resampling` gives intervals and
nulls, `parallelism` asks whether a relation's offsets point one way, `shape` how a set of vectors
lies in its space, `separation` whether a plane tells two sets apart, `additivity` whether a two-way
table adds up, `agreement` how far two people agree. All sums are float64.
"""

from embarith.statistics.additivity import (
    Errors,
    Model,
    additive_model,
    components,
    errors,
    one_way_model,
)
from embarith.statistics.agreement import (
    Agreement,
    Coefficient,
    agreement,
    cohen_kappa,
    gwet_ac1,
    raw_agreement,
)
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
    FEWEST,
    Bootstrap,
    PermutationNull,
    auc,
    correlation_bootstrap,
    crossed_bootstrap,
    crossed_ratios,
    holm,
    interval,
    mean_interval,
    permutation_null,
    permuted_spearman,
)
from embarith.statistics.separation import separability
from embarith.statistics.shape import (
    bootstrap_weights,
    component_shares,
    mean_cosines,
    occurrences,
    skewness,
)

__all__ = [
    "EQUAL",
    "FEWEST",
    "Agreement",
    "Bootstrap",
    "Coefficient",
    "Errors",
    "Model",
    "PermutationNull",
    "additive_model",
    "agreement",
    "angles",
    "auc",
    "bootstrap_weights",
    "cohen_kappa",
    "component_shares",
    "components",
    "correlation_bootstrap",
    "cosines",
    "credit",
    "crossed_bootstrap",
    "crossed_ratios",
    "errors",
    "gwet_ac1",
    "holm",
    "interval",
    "mean_cosines",
    "mean_interval",
    "occurrences",
    "one_way_model",
    "parallelism",
    "pearson",
    "permutation_null",
    "permuted_spearman",
    "raw_agreement",
    "reciprocal_rank",
    "rotated_spearman",
    "separability",
    "skewness",
    "spearman",
    "unit",
    "vocabulary_credit",
]
