"""The result of graded relations (SemEval-2012 Task 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from embarith.result.codec import Record
from embarith.result.figures import Coverage, EncoderInfo, Figure, QuestionsInfo, Run


@dataclass(frozen=True, slots=True)
class SemEvalFigures:
    """Mean over relations, where `count` is the sum, with the interval from resampling relations.

    Parameters
    ----------
    maxdiff_relations, rho_relations : int
        How many relations have a figure of each kind; in `covered` some may have none.
    maxdiff : Figure or None
        Accuracy in MaxDiff questions.
    rho : Figure or None
        Spearman's rho of scores and gold ratings; 0 in `all` and none in `covered` for a relation
        whose scores are all equal.
    maxdiff_only_c, rho_only_c : Figure or None
        The same with every pair rated by cos(c, d), whatever the relation.
    chance : float or None
        Expected MaxDiff accuracy of random picks in the same questions: more than 1/4, because any
        of several top-voted pairs is right.
    """

    maxdiff_relations: int
    rho_relations: int
    maxdiff: Figure | None
    rho: Figure | None
    maxdiff_only_c: Figure | None
    rho_only_c: Figure | None
    chance: float | None


@dataclass(frozen=True, slots=True)
class SemEvalScores:
    """The 69 test relations (the headline), the 10 training relations, and test ones by class."""

    maxdiff: Figure | None
    rho: Figure | None
    maxdiff_only_c: Figure | None
    rho_only_c: Figure | None
    chance: float | None
    training: SemEvalFigures
    categories: dict[str, SemEvalFigures]


@dataclass(frozen=True, slots=True)
class SemEvalRelation:
    """One relation; a figure is None where nothing is covered or all scores are equal.

    `covered` counts the rated pairs both of whose words the table has, `paradigms_covered` the
    paradigm pairs; `chance_*` is the MaxDiff accuracy of random picks, `*_only_c_*` that of rating
    every pair by cos(c, d).
    """

    id: str
    name: str
    category: str
    split: str
    pairs: int
    covered: int
    paradigms: int
    paradigms_covered: int
    questions: int
    questions_covered: int
    chance_all: float
    chance_covered: float | None
    maxdiff_all: float
    maxdiff_covered: float | None
    rho_all: float | None
    rho_covered: float | None
    maxdiff_only_c_all: float
    maxdiff_only_c_covered: float | None
    rho_only_c_all: float | None
    rho_only_c_covered: float | None


@dataclass(frozen=True, slots=True)
class Published:
    """Figures that a publication, named in `source`, gives for the 69 test relations."""

    maxdiff: float
    rho: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SemEvalResult(Record):
    """SemEval-2012 Task 2: `all` rates a pair with a missing word 0, `covered` leaves it out.

    `questions` and `coverage` count rated pairs; `published` gives figures of other systems.
    """

    schema: Literal["embarith.semeval/1"] = "embarith.semeval/1"
    encoder: EncoderInfo
    questions: QuestionsInfo
    coverage: Coverage
    case: str
    all: SemEvalScores
    covered: SemEvalScores
    relations: tuple[SemEvalRelation, ...]
    published: dict[str, Published]
    draws: int
    seed: int
    run: Run
