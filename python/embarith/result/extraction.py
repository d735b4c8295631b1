"""The result of pooling fewer photographs, in several ways, from several tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from embarith.result.analogy import Chance
from embarith.result.codec import Record
from embarith.result.figures import (
    Coverage,
    EncoderInfo,
    Interval,
    QuestionsInfo,
    Run,
    VocabularyInfo,
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Mean over draws and the 95 % percentile interval over draws, None where none were made."""

    mean: float
    ci: Interval | None


@dataclass(frozen=True, slots=True)
class ExtractionPoint:
    """What `photographs` a word score: shares of questions, and means over them.

    `only_c_*` are what searching for c alone scores, restricted; `angle` (degrees) and `rho` are
    those of y and d across the dimensions, from unit vectors, `*_only_c` those of c and d.
    """

    photographs: int
    fair_top1: Drawn
    fair_top5: Drawn
    restricted_top1: Drawn
    restricted_top5: Drawn
    only_c_top1: Drawn
    only_c_top5: Drawn
    angle: Drawn
    angle_only_c: Drawn
    rho: Drawn
    rho_only_c: Drawn


@dataclass(frozen=True, slots=True)
class ExtractionSeries:
    """One table pooled in one way.

    Parameters
    ----------
    name : str
        What the table is called here.
    pool : str
        ``mean``, ``mean-unit`` or ``medoid``.
    points : tuple of ExtractionPoint
        By number of photographs, drawn with replacement.
    every : ExtractionPoint
        From every photograph once; its `photographs` is the least number of any word.
    """

    name: str
    pool: str
    points: tuple[ExtractionPoint, ...]
    every: ExtractionPoint


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ExtractionResult(Record):
    """Accuracy, angle and rho by number of photographs a word, pooling and table.

    Parameters
    ----------
    tables : dict of str to EncoderInfo
        The tables of photographs, by what they are called here.
    words, photographs, least, most : int
        Words pooled, their photographs in all, and the least and most of a word.
    series : tuple of ExtractionSeries
        Every table with every pooling, in the order asked.
    draws : int
        Of photographs; the questions stay as they are.
    """

    schema: Literal["embarith.extraction/1"] = "embarith.extraction/1"
    tables: dict[str, EncoderInfo]
    questions: QuestionsInfo
    coverage: Coverage
    vocab: VocabularyInfo
    case: str
    chance: Chance
    words: int
    photographs: int
    least: int
    most: int
    series: tuple[ExtractionSeries, ...]
    draws: int
    seed: int
    run: Run

    def __repr__(self) -> str:
        return (
            f"<ExtractionResult {', '.join(map(repr, self.tables))} on {self.questions.name!r}: "
            f"{len(self.series)} series, {self.draws} draws, {self.questions.answered:,} questions>"
        )
