"""The result of comparing where two modalities lie in one shared space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from embarith.result.codec import Record
from embarith.result.figures import EncoderInfo, Measured, Run


@dataclass(frozen=True, slots=True)
class Matched:
    """Cosines between the rows of the two tables that have one label.

    `matched` is the mean over the labels of the cosine of both rows, its null the same with the
    labels of one side permuted.
    """

    labels: int
    matched: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class GapResult(Record):
    """How far apart two modalities lie in one shared space, on unit vectors.

    Parameters
    ----------
    first, second : EncoderInfo
        The two tables.
    space : str
        The space that they share, as it was stated.
    modalities : (str, str)
        What the two tables hold.
    random_weights : bool
        Whether a table comes from an encoder that was never trained.
    distance : Measured
        Between the two mean unit vectors; its null permutes modalities among all rows.
    separability : Measured
        Share of held-out rows, as many of either modality, whose modality a linear rule tells.
    within_first, within_second, across : Measured
        Mean cosine between distinct rows of the first table, of the second, and of one of each.
    matched : Matched or None
        None where the tables share fewer than two labels.
    separated : int
        Rows of each modality that `separability` was measured on.
    units : int or None
        What rows of both tables were drawn with; None where each row was drawn by itself.
    draws, null_draws : int
        Bootstrap draws behind every interval, permutations behind every null.
    """

    schema: Literal["embarith.gap/1"] = "embarith.gap/1"
    first: EncoderInfo
    second: EncoderInfo
    space: str
    modalities: tuple[str, str]
    random_weights: bool
    distance: Measured
    separability: Measured
    within_first: Measured
    within_second: Measured
    across: Measured
    matched: Matched | None
    separated: int
    folds: int
    draws: int
    null_draws: int
    seed: int
    run: Run
    units: int | None = None
