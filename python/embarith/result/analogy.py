"""The result of a set of analogy questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from embarith.result.codec import Record
from embarith.result.figures import (
    Coverage,
    EncoderInfo,
    Figure,
    Interval,
    QuestionsInfo,
    Run,
    Scores,
    VocabularyInfo,
)

if TYPE_CHECKING:
    import pyarrow as pa


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
    cos(c, d). Questions by pair (3CosAvg, LRCos) have no a and b: all but `only_c` are None.
    """

    only_c: Scores
    only_b: Scores | None
    ignore_a: Scores | None
    add_opposite: Scores | None
    reversed: Scores | None
    helps: Figure | None


@dataclass(frozen=True, slots=True)
class Null:
    """Permutation null: gold answers permuted among the questions of a relation.

    `mean` and `ci` are the share of restricted top answers that are then right; `p` is
    (1 + #{null >= observed}) / (draws + 1).
    """

    mean: float
    ci: Interval
    p: float
    draws: int


@dataclass(frozen=True, slots=True)
class Odds:
    """A probability for top-1 and one for top-5."""

    top1: float
    top5: float


@dataclass(frozen=True, slots=True)
class Chance:
    """What a random ranking of the candidates is expected to score.

    `fair` ranks all candidates, `restricted` those that are no inputs, each over the answered
    questions with all their right answers; `k_of_v` is k divided by the number of candidates.
    """

    fair: Odds
    restricted: Odds
    k_of_v: Odds


@dataclass(frozen=True, slots=True)
class Control:
    """Work 000's control: the second pair from another relation, searched again.

    Each figure is the mean over draws with the 95 % interval over draws. `p_fair` and
    `p_restricted` test whether the true second pairs score higher than random ones:
    (1 + #{draws that score as high}) / (draws + 1).
    """

    draws: int
    fair_top1: Figure
    fair_top5: Figure
    restricted_top1: Figure
    restricted_top5: Figure
    p_fair: Odds
    p_restricted: Odds


@dataclass(frozen=True, slots=True)
class Spread:
    """Minimum, maximum and mean over questions, and the mean's interval where one was drawn."""

    min: float
    max: float
    mean: float
    ci: Interval | None = None


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
    rho_rotated_questions : int
        How many questions, drawn at random, `rho_rotated` was computed for.
    rho_random_d, angle_random_d : Spread
        The same with d replaced by a right answer of another question, one draw a question.
    angle_only_c, rho_only_c : Spread
        Angle and rho of c alone with d, the same from raw vectors.
    auc : float or None
        P(cos(y, d) > cos(y, d')), d' another right answer of the set; None if there is none.
    auc_ci : (float, float) or None
        Its crossed-bootstrap interval.
    """

    pearson: Spread
    rho_rotated: Spread
    rho_rotated_questions: int
    rho_random_d: Spread | None
    angle_random_d: Spread | None
    angle_only_c: Spread
    rho_only_c: Spread
    auc: float | None
    auc_ci: Interval | None


@dataclass(frozen=True, slots=True)
class Parallelism:
    """Whether the offsets of a relation are parallel (after Fournier, Dupoux and Dunbar 2020).

    `concordance` is the offset concordance score (mean cosine between offsets of a relation),
    `consistency` the pairing consistency score (AUC of true offsets' cosines against those of
    shuffled pairings), over couples of offsets that no word and no pair connects; `*_null` are
    what shuffled pairings score in the place of the true one.
    """

    concordance: float
    concordance_null: float
    consistency: float
    consistency_null: float


@dataclass(frozen=True, slots=True)
class VocabularyPoint:
    """Expected restricted accuracy on `size` random words, those of the question among them."""

    size: int
    top1: float
    top5: float


@dataclass(frozen=True, slots=True)
class Protocol:
    """One way of asking: candidates and scores, with what c alone and chance would score."""

    vocab: VocabularyInfo
    scores: Scores
    macro: Scores
    only_c: Scores | None
    chance: Chance


@dataclass(frozen=True, slots=True)
class RelationRow:
    """One relation's figures; p values are Holm-adjusted over the relations in `p_holm`.

    Without answered questions `scores` and all that follows are None. `only_c` is what searching
    for c alone scores, `*_only_c_mean` its angle and rho with d.
    """

    name: str
    category: str
    asked: int
    answered: int
    pairs: int
    scores: Scores | None
    only_c: Scores | None
    null: Null | None
    p_holm: float | None
    angle_mean: float | None
    angle_only_c_mean: float | None
    rho_mean: float | None
    rho_only_c_mean: float | None
    auc: float | None
    helps: float | None
    parallelism: Parallelism | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Paired bootstrap difference to the first table of the same call (this minus first).

    `auc` is None where either table has none.
    """

    to: str
    fair_top1: Figure
    restricted_top1: Figure
    auc: Figure | None


@dataclass(frozen=True, slots=True)
class Rated:
    """The questions whose second pair has a rating of one sign, and c alone on the same."""

    answered: int
    scores: Scores
    only_c: Scores | None


class _Detailed(Record):
    """A place for the single questions, which the JSON line leaves out."""

    __slots__ = ("_details",)

    def with_details(self, details: pa.Table) -> Self:
        """Return the result itself, now holding its single questions."""
        object.__setattr__(self, "_details", details)
        return self

    def to_frame(self) -> pa.Table:
        """Return one row a question, as an Arrow table.

        Columns: `relation, a, b, c` (strings), `gold` (list of strings), `answers`, `scores`
        (lists, best first, inputs allowed), `rank_fair`, `rank_restricted` (the best right
        answer's, the mean of its places where it is tied; null where it is an input and so never
        found), `landed` (`a`, `b`, `c`, `d` or `other`), `angle_raw`, `angle_unit` (degrees),
        `rho_raw`, `rho_unit`.

        Raises
        ------
        ValueError
            If the result was read from JSON, which holds no single questions.
        """
        if not hasattr(self, "_details"):
            raise ValueError(
                "this result was read from JSON, which holds no single questions: measure again, "
                "or read the file that --details wrote"
            )
        return self._details


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AnalogyResult(_Detailed):
    """One table on one question set.

    Parameters
    ----------
    asked_by : {"question", "pair"}
        3CosAvg and LRCos learn a relation from its other pairs, so each pair is asked once.
    scores, macro, missing_as_wrong : Scores
        Over answered questions, mean over relations, and over asked questions.
    epsilon : float or None
        That of 3CosMul; None for other methods.
    paper : Protocol or None
        The protocol whose candidates are the words of the questions; None where `vocab` is that.
    landed : Landed
        Where the fair top answers landed.
    by_rating : dict of str to Rated, or None
        By sign of the second pair's rating, `positive` and `not positive`, where the set has any.
    comparison : Comparison or None
        To the first table of the same call.
    notes : tuple of str
        What a reader must know of this measurement, in sentences.
    draws : int
        Bootstrap draws behind every interval.
    """

    schema: Literal["embarith.analogy/1"] = "embarith.analogy/1"
    encoder: EncoderInfo
    questions: QuestionsInfo
    coverage: Coverage
    vocab: VocabularyInfo
    method: str
    raw: bool
    similarity: str
    epsilon: float | None
    case: str
    asked_by: Literal["question", "pair"]
    scores: Scores
    macro: Scores
    missing_as_wrong: Scores
    chance: Chance
    paper: Protocol | None
    landed: Landed
    baselines: Baselines | None
    null: Null
    control: Control | None
    angle: RawUnit | None
    rho: RawUnit | None
    companions: Companions | None
    vocabulary_curve: tuple[VocabularyPoint, ...]
    by_rating: dict[str, Rated] | None
    relations: tuple[RelationRow, ...]
    comparison: Comparison | None
    notes: tuple[str, ...]
    draws: int
    seed: int
    run: Run

    def __repr__(self) -> str:
        restricted, fair = self.scores.restricted.top1.value, self.scores.fair.top1.value
        return (
            f"<AnalogyResult {self.encoder.name!r} on {self.questions.name!r}: "
            f"top-1 {restricted:.3f} restricted, {fair:.3f} fair, "
            f"{self.questions.answered:,} questions>"
        )
