"""Photographs in the cells of a two-way table, such as dog with grass."""

from __future__ import annotations

import csv
from pathlib import Path

from embarith.errors import DataError, FormatError

Cell = tuple[str, str]
Cells = dict[str, tuple[Cell, ...]]


def read_cells(path: str | Path, factors: tuple[str, str] = ("subj", "obj")) -> Cells:
    """Read rows and columns of photographs from a CSV file with a column `image`.

    Parameters
    ----------
    path : path
        Such as the `triplets.csv` of a set in SIMAT's format.
    factors : (str, str)
        The columns of the file that hold rows and columns.

    Returns
    -------
    dict of str to tuple of (str, str)
        The cells of every photograph, each once: one that shows several things has several.

    Raises
    ------
    DataError
        There is no such file.
    FormatError
        It lacks a column, or a line an entry; names the line.
    """
    path = Path(path)
    found: dict[str, dict[Cell, None]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.DictReader(file)
            wanted = ("image", *factors)
            absent = [name for name in wanted if name not in (lines.fieldnames or ())]
            if absent:
                raise FormatError(f"{path}: no column {absent[0]!r}; expected {', '.join(wanted)}")
            for line in lines:
                image, first, second = (line[name] for name in wanted)
                if not image or not first or not second:
                    raise FormatError(f"{path}:{lines.line_num}: an empty entry")
                found.setdefault(image, {})[first, second] = None
    except FileNotFoundError:
        raise DataError(f"{str(path)!r} is no file") from None
    except (UnicodeDecodeError, csv.Error) as fault:
        raise FormatError(f"{path}: {fault}") from None
    if not found:
        raise FormatError(f"{path}: no images")
    return {image: tuple(cells) for image, cells in found.items()}
