"""The result of word similarity (WordSim-353, SimLex-999, own pairs)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from embarith.result.analogy import Null
from embarith.result.codec import Record
from embarith.result.figures import Coverage, EncoderInfo, Interval, QuestionsInfo, Run


@dataclass(frozen=True, slots=True)
class Correlation:
    """A correlation, or a difference of two, and its 95 % interval from resampling words.

    `ci` is None without draws and where fewer than five words stand behind it.
    """

    value: float
    ci: Interval | None = None


@dataclass(frozen=True, slots=True)
class SimilarityScores:
    """Spearman's rho and Pearson's r of cosines and ratings; None where either is constant."""

    rho: Correlation | None
    pearson: Correlation | None


@dataclass(frozen=True, slots=True)
class SharedPairs:
    """The pairs that all tables of the same call cover, and the difference to the first of them.

    `difference` is this table's rho minus that of the table named in `to`, by the paired
    bootstrap; both are None for the first table itself.
    """

    pairs: int
    rho: Correlation | None
    to: str | None = None
    difference: Correlation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarityResult(Record):
    """Correlation of cosines with human ratings: `covered` pairs, and `all` with missing ones at 0.

    `questions` and `coverage` count rated pairs; `null` is rho over the covered pairs with the
    ratings permuted, and p is (1 + #{null >= observed}) / (draws + 1); `draws` stand behind every
    interval.
    """

    schema: Literal["embarith.similarity/1"] = "embarith.similarity/1"
    encoder: EncoderInfo
    questions: QuestionsInfo
    coverage: Coverage
    case: str
    covered: SimilarityScores
    all: SimilarityScores
    null: Null | None
    shared: SharedPairs | None
    draws: int
    seed: int
    run: Run
