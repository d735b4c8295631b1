"""The result of taking groups of photographs for the sum of two factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from embarith.result.codec import Record
from embarith.result.figures import Coverage, EncoderInfo, Measured, Run, VocabularyInfo


@dataclass(frozen=True, slots=True)
class Fit:
    """Shares of the variance between cells that a model takes up.

    Parameters
    ----------
    explained : Measured
        By the fit to all cells.
    adjusted : Measured or None
        The same for degrees of freedom; None where there is one parameter a cell.
    predicted : Measured or None
        Of cells held out one at a time, against the mean of the others: negative where the
        mean is nearer. None where no cell can be predicted.
    """

    explained: Measured
    adjusted: Measured | None
    predicted: Measured | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdditivityResult(Record):
    """Whether the mean vectors of cells are a row's part plus a column's part.

    Parameters
    ----------
    photographs : VocabularyInfo
        Those of the set that the table has; hashed with the cell of each.
    coverage : Coverage
        Of the set's photographs.
    factors : (str, str)
        What rows and columns are.
    levels : (int, int)
        Numbers of rows and of columns.
    cells : int
        Filled ones.
    components : int
        Parts of the table that share no row and no column.
    predicted_cells : int
        Cells that the others predict: row and column stay linked without them.
    noise : float or None
        Share of the variance between cells to be expected from which photographs they hold alone;
        None where no cell has two.
    both, first_alone, second_alone : Fit
        Of mean + row + column, of the rows alone, and of the columns alone, predicted for the same
        cells; every null permutes the vectors among the cells.
    draws, null_draws : int
        Bootstrap draws behind every interval, permutations behind every null.
    """

    schema: Literal["embarith.additivity/1"] = "embarith.additivity/1"
    encoder: EncoderInfo
    photographs: VocabularyInfo
    coverage: Coverage
    factors: tuple[str, str]
    levels: tuple[int, int]
    cells: int
    components: int
    predicted_cells: int
    noise: float | None
    both: Fit
    first_alone: Fit
    second_alone: Fit
    draws: int
    null_draws: int
    seed: int
    run: Run
