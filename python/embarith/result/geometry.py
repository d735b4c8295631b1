"""The result of looking at how words lie in a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from embarith.result.codec import Record
from embarith.result.figures import Coverage, EncoderInfo, Measured, Run, VocabularyInfo


@dataclass(frozen=True, slots=True)
class Norms:
    """Lengths of the vectors as they are; `variation` is standard deviation over mean."""

    min: float
    mean: Measured
    max: float
    variation: Measured


@dataclass(frozen=True, slots=True)
class Hub:
    """A word and in how many other words' lists of k nearest it stands."""

    word: str
    count: int


@dataclass(frozen=True, slots=True)
class Shape:
    """How unit vectors lie on the sphere; every null is that of isotropic random tables.

    Parameters
    ----------
    mean_cosine : Measured
        Between distinct words.
    mean_length : Measured
        Length of the mean unit vector.
    first_component, first_ten : Measured
        Shares of the variance along the first principal component, and along the first ten.
    skewness : Measured
        Of N_k, in how many other words' lists of k nearest each word stands.
    antihubs : Measured
        Share of words that stand in nobody's list.
    hubs : tuple of Hub
        The ten words of the greatest N_k.
    """

    mean_cosine: Measured
    mean_length: Measured
    first_component: Measured
    first_ten: Measured
    skewness: Measured
    antihubs: Measured
    hubs: tuple[Hub, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GeometryResult(Record):
    """How the words of a set lie in a table.

    Parameters
    ----------
    words : VocabularyInfo
        The set: its words that the table has, in the order of its rows or of the set.
    coverage : Coverage
        Share of the set that the table has, and which words it lacks.
    unit, centered : Shape
        Of unit vectors; and of unit vectors less the mean of the set, scaled to length one again.
    draws, random_tables : int
        Bootstrap draws behind every interval, and random tables behind every null.
    """

    schema: Literal["embarith.geometry/1"] = "embarith.geometry/1"
    encoder: EncoderInfo
    words: VocabularyInfo
    coverage: Coverage
    case: str
    k: int
    norms: Norms
    unit: Shape
    centered: Shape
    draws: int
    random_tables: int
    seed: int
    run: Run


@dataclass(frozen=True, slots=True)
class Given:
    """Answers of a set of questions: how many words they are, and how evenly.

    `effective` is the number of equally frequent words that would have the same entropy.
    """

    questions: int
    distinct: int
    effective: float
    most_frequent: str
    most_frequent_share: float


@dataclass(frozen=True, slots=True)
class AnswersGiven:
    """The nearest words with the inputs allowed and forbidden, beside the right answers."""

    fair: Given
    restricted: Given
    right: Given
