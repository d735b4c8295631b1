"""The result of multiple-choice analogies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from embarith.result.codec import Record
from embarith.result.figures import Coverage, EncoderInfo, Figure, QuestionsInfo, Run


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    """A group that the source puts questions in; without answered ones the shares are None.

    `only_c` is what cos(c, d) alone picks right, `chance` the mean of 1/choices over the answered.
    """

    asked: int
    answered: int
    pair_distance: float | None
    offset: float | None
    only_c: float | None
    chance: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceResult(Record):
    """Multiple choice by PairDistance and by cos(b − a + c, d), and what chance would score.

    `only_c` picks the choice of the highest cos(c, d), whatever the stem; `chance` is the mean of
    1/choices over the answered questions; `draws` bootstrap draws stand behind every interval. A
    question is answerable when the table has the words of its stem and of all its choices.
    """

    schema: Literal["embarith.choice/1"] = "embarith.choice/1"
    encoder: EncoderInfo
    questions: QuestionsInfo
    coverage: Coverage
    case: str
    pair_distance: Figure
    offset: Figure
    only_c: Figure
    pair_distance_missing_as_wrong: float
    offset_missing_as_wrong: float
    only_c_missing_as_wrong: float
    chance: float
    groups: dict[str, ChoiceGroup]
    draws: int
    seed: int
    run: Run
