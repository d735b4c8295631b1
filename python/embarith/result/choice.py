"""The result of multiple-choice analogies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from embarith.result.codec import Record
from embarith.result.figures import Coverage, EncoderInfo, Figure, QuestionsInfo, Run


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    """A group that the source puts questions in; without answered ones the shares are None.

    `chance` is the mean of 1/choices over all that are asked.
    """

    asked: int
    answered: int
    pair_distance: float | None
    offset: float | None
    chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceResult(Record):
    """Multiple choice by PairDistance and by cos(b − a + c, d), and what chance would score.

    A question is answerable when the table has the words of its stem and of all its choices.
    """

    schema: Literal["embarith.choice/1"] = "embarith.choice/1"
    encoder: EncoderInfo
    questions: QuestionsInfo
    coverage: Coverage
    case: str
    pair_distance: Figure
    offset: Figure
    pair_distance_missing_as_wrong: float
    offset_missing_as_wrong: float
    chance: float
    groups: dict[str, ChoiceGroup]
    seed: int
    run: Run
