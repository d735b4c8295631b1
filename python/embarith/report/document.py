"""What a report says, before anything decides what it looks like: tables, facts and notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from embarith.result import Figure, Interval, Measured


@dataclass(frozen=True, slots=True)
class Cell:
    """One entry of a table.

    Parameters
    ----------
    text : str
        As people read it.
    interval : str
        Its interval as people read it, set smaller or below; empty where there is none.
    bar : float or None
        A share from 0 to 1 to draw as a bar where the format can.
    """

    text: str = ""
    interval: str = ""
    bar: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: cells, whether it is the one to look at, whether a rule goes above."""

    cells: tuple[Cell, ...]
    strong: bool = False
    rule: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, the heading over several neighbours of the same `group`, and the alignment."""

    title: str
    group: str = ""
    align: Literal["left", "right"] = "right"


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table and the notes without which it could mislead."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values: what was measured on what."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure.

    Parameters
    ----------
    name : str
        Of its files, without a suffix.
    svg : str
        The drawing.
    caption : str
        What it shows, units among it.
    alt : str
        What is to be seen, for those who cannot see it.
    """

    name: str
    svg: str
    caption: str
    alt: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Many lines that a reader sorts and filters, where the format can; others leave them out."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """A photograph of a gallery.

    Parameters
    ----------
    name : str
    told : str
        What is said of it beside its name.
    thumbnail : str
        A small JPEG in base64, or empty.
    right : bool or None
        Whether it is a right answer; None where it is none.
    """

    name: str
    told: str
    thumbnail: str = ""
    right: bool | None = None


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A query of a gallery: its photograph, what was asked for, and the answers, best first.

    `kinds` are what the gallery's filters tell it by, one or several a filter.
    """

    title: str
    told: str
    photograph: Tile
    answers: tuple[Tile, ...]
    kinds: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Gallery:
    """Queries in pictures, which a reader filters, where the format can; others leave them out."""

    title: str
    exhibits: tuple[Exhibit, ...]
    filters: tuple[str, ...] = ()
    note: str = ""


Block = Table | Facts | Picture | Listing | Gallery


@dataclass(frozen=True, slots=True)
class Section:
    """The report of one result, or of the comparison of several."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """Sections in reading order."""

    sections: tuple[Section, ...]


def share(value: float | None) -> str:
    """Return a share, correlation or cosine to three places, as the field prints it.

    Examples
    --------
    >>> share(0.4971), share(1.0), share(-0.02), share(None)
    ('.497', '1.000', '−.020', '–')
    """
    if value is None:
        return "–"
    text = f"{abs(value):.3f}".removeprefix("0")
    return f"−{text}" if value < 0 and text.strip(".0") else text


def percent(value: float | None) -> str:
    """Return a share in per cent.

    Examples
    --------
    >>> percent(0.24), percent(None)
    ('24.0 %', '–')
    """
    return "–" if value is None else f"{100 * value:.1f} %"


def degrees(value: float | None) -> str:
    """Return an angle in degrees to one place."""
    return "–" if value is None else f"{value:.1f}"


def interval(
    bounds: Interval | None, show: Literal["share", "percent", "degrees"] = "share"
) -> str:
    """Return the bounds of an interval.

    Examples
    --------
    >>> interval((0.466, 0.529)), interval((-0.02, 0.01)), interval(None)
    ('.466–.529', '−.020 to .010', '')
    """
    if bounds is None:
        return ""
    low, high = map({"share": share, "percent": percent, "degrees": degrees}[show], bounds)
    return f"{low} to {high}" if low.startswith("−") else f"{low}–{high}"


def figure(one: Figure | None) -> Cell:
    """Return a share with its interval."""
    return Cell("–") if one is None else Cell(share(one.value), interval(one.ci))


def measured(one: Measured) -> Cell:
    """Return a figure with its interval."""
    return Cell(share(one.value), interval(one.ci))


def null(one: Measured) -> Cell:
    """Return what a figure's null has, with the interval over its draws."""
    return Cell(share(one.null), interval(one.null_ci))


def line(*cells: str | Cell, strong: bool = False, rule: bool = False) -> Row:
    """Return a row of cells, texts among them."""
    made = tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in cells)
    return Row(made, strong, rule)


def plural(count: int, noun: str) -> str:
    """Return a count and its noun.

    Examples
    --------
    >>> plural(1, "question"), plural(1200, "question")
    ('1 question', '1,200 questions')
    """
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
