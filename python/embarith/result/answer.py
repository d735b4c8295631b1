"""The answers to a single question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from embarith.result.codec import Record


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
        Its similarity to the asked point y = Σ wᵢxᵢ.
    is_input : bool
        Whether it is itself a term of the expression, which published scores forbid as answer.
    parts : tuple of float, one a term
        What each term adds to the cosine, wᵢ(xᵢ · x)/(‖y‖‖x‖); they sum to it. Empty for
        Spearman's rho: the ranks of a sum are no sum.
    ranks_alone : tuple of (int or None), one a term
        Rank of the word, inputs left out, in a search for that term alone; None for subtracted
        terms, for inputs, and where it was not asked for.
    """

    label: str
    score: float
    is_input: bool
    parts: tuple[float, ...]
    ranks_alone: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Record):
    """The words nearest to an expression, best first, inputs among them but marked.

    Parameters
    ----------
    encoder, rows, sha256
        The table that was asked.
    terms : tuple of Term
        The expression as it was understood.
    raw : bool
        Whether raw vectors were added up, not unit vectors.
    similarity : str
        ``cosine``, or ``spearman`` for the rank correlation across dimensions.
    candidates : tuple of Candidate
        The `topn` nearest words that are no inputs, and every input nearer than the last of them.
    """

    schema: Literal["embarith.answer/1"] = "embarith.answer/1"
    encoder: str
    rows: int
    sha256: str
    terms: tuple[Term, ...]
    raw: bool
    similarity: str = "cosine"
    candidates: tuple[Candidate, ...]

    @property
    def nearest(self) -> Candidate:
        """The nearest word of all, input or not."""
        return self.candidates[0]

    @property
    def answers(self) -> tuple[Candidate, ...]:
        """The candidates that are no inputs."""
        return tuple(one for one in self.candidates if not one.is_input)
