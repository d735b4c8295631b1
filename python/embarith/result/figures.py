"""What all results are made of: figures with intervals, and what they were measured on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
class Measured:
    """A figure beside what it is held against.

    Parameters
    ----------
    value : float
    ci : (float, float) or None
        95 % percentile interval of a bootstrap, None where none was drawn.
    null, null_ci : float and (float, float), or None
        Mean and 95 % percentile interval over the draws of the null, None where there is no null.
    p : float or None
        (1 + #{null >= value}) / (draws + 1).
    """

    value: float
    ci: Interval | None = None
    null: float | None = None
    null_ci: Interval | None = None
    p: float | None = None


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
    """What the table could be asked.

    Parameters
    ----------
    share : float
        Answered over asked questions.
    missing : dict of str to int
        The missing words and the questions that each of them costs, dearest first.
    left_out : int
        Questions left out for another reason: 3CosAvg and LRCos ask only in relations of five
        answerable pairs or more.
    """

    share: float
    missing: dict[str, int]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class VocabularyInfo:
    """The candidates: name (`all`, `top:30000`, `questions`), size, and hash of the labels."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Run:
    """What differs between machines and leaves the figures as they are."""

    seconds: float
    isa: str
    threads: int
    paths: dict[str, str]
    versions: dict[str, str]
