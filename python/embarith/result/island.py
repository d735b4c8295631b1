"""The result of measuring the island hypothesis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from embarith.result.analogy import Landed, Spread
from embarith.result.codec import Record
from embarith.result.figures import (
    Coverage,
    EncoderInfo,
    Figure,
    QuestionsInfo,
    Run,
    VocabularyInfo,
)


@dataclass(frozen=True, slots=True)
class IslandPoint:
    """What to expect on `size` random words, a, b, c and d among them, inputs allowed as answers.

    `landed` are the shares of the nearest words, `top5` is how often d is among the first five,
    `top5_only_c` how often it is among the five words nearest to c.
    """

    size: int
    landed: Landed
    top5: float
    top5_only_c: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IslandResult(Record):
    """Whether offsets are too short to leave the neighbourhood of c, and in which vocabularies.

    Lengths and distances are Euclidean, between unit vectors.

    Parameters
    ----------
    offset : Spread
        Length of b − a over questions.
    nearest : Spread
        Distance of c from the nearest other candidate.
    between : float
        Mean distance of two candidates drawn at random.
    shorter : Figure
        Questions whose offset is shorter than the distance of c from its nearest other word, so
        that y stays nearer to c than to any other word there was around it.
    mutual : Figure
        Distinct pairs of the questions of which each word is nearest to the other: a pair on an
        island. Its interval is from resampling these pairs.
    landed : Landed
        Where the nearest word to y landed, inputs allowed.
    inputs : Figure
        Questions whose nearest word is b or c.
    top5, top5_only_c, gain : Figure
        d among the five words nearest to y, among the five nearest to c, and the difference.
    curve : tuple of IslandPoint
        The same at smaller vocabularies, in closed form from the exact ranks of a, b, c and d.
    """

    schema: Literal["embarith.island/1"] = "embarith.island/1"
    encoder: EncoderInfo
    questions: QuestionsInfo
    coverage: Coverage
    vocab: VocabularyInfo
    case: str
    offset: Spread
    nearest: Spread
    between: float
    shorter: Figure
    mutual: Figure
    landed: Landed
    inputs: Figure
    top5: Figure
    top5_only_c: Figure
    gain: Figure
    curve: tuple[IslandPoint, ...]
    draws: int
    seed: int
    run: Run
