"""Results: frozen records of what was measured, on what, against which null.

A result holds no time and no path outside `run`, so that the same inputs and seed give the same
bytes everywhere. Everything printed, plotted or exported is made from results alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Figure:
    """A share of questions.

    Parameters
    ----------
    count : float
        Expected number right; whole unless a right answer was tied.
    value : float
        `count` over the number of questions.
    ci : (float, float) or None
        95 % percentile interval of the crossed bootstrap, None where none was drawn.
    """

    count: float
    value: float
    ci: Interval | None = None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Top-1, top-5 and mean reciprocal rank (whose `count` is the sum of reciprocal ranks)."""

    top1: Figure
    top5: Figure
    mrr: Figure


@dataclass(frozen=True, slots=True)
class Scores:
    """Accuracy with the inputs allowed as answers (`fair`) and forbidden (`restricted`)."""

    fair: Accuracy
    restricted: Accuracy


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """The embedding space: name, number of rows and dimensions, and hash of its content."""

    name: str
    rows: int
    dimensions: int
    sha256: str
    provenance: dict[str, Any]


@dataclass(frozen=True, slots=True)
class QuestionsInfo:
    """The question set: how many were asked, answerable, and dropped for a missing word."""

    name: str
    source: str
    sha256: str
    asked: int
    answered: int
    dropped: int
    pairs: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """Share of questions whose words the table has, and the missing words by questions lost."""

    share: float
    missing: dict[str, int]


@dataclass(frozen=True, slots=True)
class VocabularyInfo:
    """The candidates: name (`all`, `top:30000`, `questions`), size, and hash of the labels."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Landed:
    """Shares of the fair top answers that were a, b, c, a right answer, or something else.

    A word that plays several parts counts as the first of d, c, b, a.
    """

    a: float
    b: float
    c: float
    d: float
    other: float


@dataclass(frozen=True, slots=True)
class Baselines:
    """The scores of simpler questions (Linzen 2016): what the offset adds is seen beside them.

    `only_c` searches for c, `only_b` for b, `ignore_a` for b + c, `add_opposite` for c − (b − a);
    `reversed` asks b:a::d:? for c. `helps` is the share of questions whose cos(y, d) exceeds
    cos(c, d).
    """

    only_c: Scores
    only_b: Scores
    ignore_a: Scores
    add_opposite: Scores
    reversed: Scores
    helps: Figure


@dataclass(frozen=True, slots=True)
class Null:
    """Permutation null: gold answers permuted among the questions of a relation.

    `p` is (1 + #{null >= observed}) / (draws + 1), of restricted top-1.
    """

    mean: float
    ci: Interval
    p: float
    draws: int


@dataclass(frozen=True, slots=True)
class Control:
    """Work 000's control: the second pair from another relation, searched again.

    Each figure is the mean over draws with the 95 % interval over draws.
    """

    draws: int
    fair_top1: Figure
    fair_top5: Figure
    restricted_top1: Figure
    restricted_top5: Figure


@dataclass(frozen=True, slots=True)
class Spread:
    """Minimum, maximum and mean over questions."""

    min: float
    max: float
    mean: float


@dataclass(frozen=True, slots=True)
class RawUnit:
    """A quantity from raw vectors and from unit vectors."""

    raw: Spread
    unit: Spread


@dataclass(frozen=True, slots=True)
class Companions:
    """What must stand beside angles and rank correlations across dimensions (unit vectors).

    Parameters
    ----------
    pearson : Spread
        Pearson correlation across dimensions of y and d.
    rho_rotated : Spread
        Mean rho over 20 random rotations of the space.
    rho_random_d, angle_random_d : Spread
        The same with d replaced by another right answer of the set.
    angle_only_c : Spread
        Angle of c alone with d.
    auc : float
        P(cos(y, d) > cos(y, d')), d' another right answer of the set.
    auc_ci : (float, float)
        Its crossed-bootstrap interval.
    """

    pearson: Spread
    rho_rotated: Spread
    rho_random_d: Spread
    angle_random_d: Spread
    angle_only_c: Spread
    auc: float
    auc_ci: Interval


@dataclass(frozen=True, slots=True)
class Parallelism:
    """Are the offsets of a relation parallel (Fournier, Dupoux and Dunbar 2020).

    `concordance` is the offset concordance score (mean cosine between offsets of a relation),
    `consistency` the pairing consistency score (AUC of true offsets' cosines against those of
    shuffled pairings); `*_null` their means under shuffled pairings.
    """

    concordance: float
    concordance_null: float
    consistency: float
    consistency_null: float


@dataclass(frozen=True, slots=True)
class VocabularyPoint:
    """Expected restricted accuracy on a random vocabulary of `size` words that holds the answer."""

    size: int
    top1: float
    top5: float


@dataclass(frozen=True, slots=True)
class Protocol:
    """One way of asking: candidates and scores, with what chance would score.

    `chance` is {top1, top5} = k / |candidates| for a random ranking.
    """

    vocab: VocabularyInfo
    scores: Scores
    macro: Scores
    chance: dict[str, float]


@dataclass(frozen=True, slots=True)
class RelationRow:
    """One relation's figures; p values are Holm-adjusted over the relations in `p_holm`."""

    name: str
    category: str
    asked: int
    answered: int
    pairs: int
    scores: Scores
    null: Null | None
    p_holm: float | None
    angle_mean: float | None
    rho_mean: float | None
    auc: float | None
    helps: float | None
    parallelism: Parallelism | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Paired bootstrap difference to the first table of the same call (this minus first)."""

    to: str
    fair_top1: Figure
    restricted_top1: Figure


@dataclass(frozen=True, slots=True)
class Run:
    """What differs between machines and leaves the figures as they are."""

    seconds: float
    isa: str
    threads: int
    paths: dict[str, str]
    versions: dict[str, str]


@dataclass(frozen=True, slots=True)
class AnalogyResult:
    """One table on one question set; see INTERFACES in the documentation for every field."""

    encoder: EncoderInfo
    questions: QuestionsInfo
    coverage: Coverage
    vocab: VocabularyInfo
    method: str
    raw: bool
    similarity: str
    case: str
    scores: Scores
    macro: Scores
    missing_as_wrong: Scores
    chance: dict[str, float]
    paper: Protocol | None
    landed: Landed
    baselines: Baselines | None
    null: Null
    control: Control | None
    angle: RawUnit | None
    rho: RawUnit | None
    companions: Companions | None
    vocabulary_curve: tuple[VocabularyPoint, ...]
    by_rating: dict[str, Scores] | None
    relations: tuple[RelationRow, ...]
    comparison: Comparison | None
    seed: int
    run: Run
    schema: Literal["embarith.analogy/1"] = "embarith.analogy/1"


@dataclass(frozen=True, slots=True)
class SemEvalFigures:
    """Mean over relations, where `count` is the sum, with the interval from resampling relations.

    Parameters
    ----------
    relations : int
        How many relations have a figure; a relation without a covered pair has none in `covered`.
    maxdiff : Figure or None
        Accuracy in MaxDiff questions.
    rho : Figure or None
        Spearman's rho of scores and gold ratings; 0 in `all` and none in `covered` for a relation
        whose scores are all equal.
    chance : float or None
        Expected MaxDiff accuracy of random picks: more than 1/4, because any of several top-voted
        pairs is right.
    """

    relations: int
    maxdiff: Figure | None
    rho: Figure | None
    chance: float | None


@dataclass(frozen=True, slots=True)
class SemEvalScores:
    """The 69 test relations (the headline), the 10 training relations, and test ones by class."""

    maxdiff: Figure | None
    rho: Figure | None
    chance: float | None
    training: SemEvalFigures
    categories: dict[str, SemEvalFigures]


@dataclass(frozen=True, slots=True)
class SemEvalRelation:
    """One relation; a figure is None where nothing is covered or all scores are equal.

    `covered` counts the rated pairs both of whose words the table has, `paradigms_covered` the
    paradigm pairs; `chance` is the MaxDiff accuracy of random picks.
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
    chance: float
    maxdiff_all: float
    maxdiff_covered: float | None
    rho_all: float | None
    rho_covered: float | None


@dataclass(frozen=True, slots=True)
class SemEvalResult:
    """SemEval-2012 Task 2: `all` rates a pair with a missing word 0, `covered` leaves it out.

    `questions` and `coverage` count rated pairs; `published` gives known figures of the 69 test
    relations.
    """

    encoder: EncoderInfo
    questions: QuestionsInfo
    coverage: Coverage
    case: str
    all: SemEvalScores
    covered: SemEvalScores
    relations: tuple[SemEvalRelation, ...]
    published: dict[str, dict[str, float]]
    seed: int
    run: Run
    schema: Literal["embarith.semeval/1"] = "embarith.semeval/1"


@dataclass(frozen=True, slots=True)
class ChoiceResult:
    """Multiple choice by PairDistance and by cos(b − a + c, d), with chance = mean 1/|choices|.

    A question is answerable when the table has the words of its stem and of all its choices.
    `groups` has for each of them `answered`, `pair_distance`, `offset` and `chance`.
    """

    encoder: EncoderInfo
    questions: QuestionsInfo
    coverage: Coverage
    case: str
    pair_distance: Figure
    offset: Figure
    pair_distance_missing_as_wrong: float
    offset_missing_as_wrong: float
    chance: float
    groups: dict[str, dict[str, float]]
    seed: int
    run: Run
    schema: Literal["embarith.choice/1"] = "embarith.choice/1"


@dataclass(frozen=True, slots=True)
class Term:
    """One label of an expression and the weight (+1, −1, 0.5, ...) of its vector."""

    weight: float
    label: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One word near the asked point.

    Parameters
    ----------
    label : str
        The word.
    score : float
        Its cosine with the asked point y = Σ wᵢxᵢ.
    is_input : bool
        Whether it is itself a term of the expression, which published scores forbid as answer.
    parts : tuple of float, one a term
        What each term adds to the score, wᵢ(xᵢ · x)/(|y||x|); they sum to the score.
    ranks_alone : tuple of (int or None), one a term
        Rank of the word, inputs left out, in a search for that term alone; None for subtracted
        terms, for inputs, and where it was not asked for.
    """

    label: str
    score: float
    is_input: bool
    parts: tuple[float, ...]
    ranks_alone: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The words nearest to an expression, best first, inputs among them but marked.

    Parameters
    ----------
    encoder, rows, sha256
        The table that was asked.
    terms : tuple of Term
        The expression as it was understood.
    raw : bool
        Whether raw vectors were added up, not unit vectors.
    candidates : tuple of Candidate
        The `topn` nearest words that are no inputs, and every input nearer than the last of them.
    """

    encoder: str
    rows: int
    sha256: str
    terms: tuple[Term, ...]
    raw: bool
    candidates: tuple[Candidate, ...]
    schema: Literal["embarith.answer/1"] = "embarith.answer/1"

    @property
    def nearest(self) -> Candidate:
        """The nearest word of all, input or not."""
        return self.candidates[0]

    @property
    def answers(self) -> tuple[Candidate, ...]:
        """The candidates that are no inputs."""
        return tuple(one for one in self.candidates if not one.is_input)


Result = AnalogyResult | SemEvalResult | ChoiceResult | Answer


def to_json(result: Result) -> str:
    """Return the result as one line of JSON, fields in declared order, UTF-8, no NaN."""
    return msgspec.json.encode(result).decode()


def from_json(line: str | bytes) -> Result:
    """Read a result back; `msgspec.ValidationError` names the field that does not fit."""
    kind = msgspec.json.decode(line, type=dict[str, Any]).get("schema")
    for candidate in (AnalogyResult, SemEvalResult, ChoiceResult, Answer):
        if candidate.__dataclass_fields__["schema"].default == kind:
            return msgspec.json.decode(line, type=candidate)
    raise ValueError(f"schema {kind!r} is none of ours")


def save(result: Result, path: str | Path) -> None:
    """Write the result as one line of JSON."""
    Path(path).write_text(to_json(result) + "\n", encoding="utf-8")
