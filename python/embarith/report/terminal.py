"""A document as rich tables for people at a terminal."""

from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO
from textwrap import wrap

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from embarith.report.document import Cell, Column, Document, Facts, Table

WIDTH = 100
_GAP = 2
_BAR = 40
_LEAST_BAR = 10
# A label is wrapped rather than its table split, unless that would leave it less.
_LABELS = 22
# Text already ends where the eye can follow; a rule spans the table, not the screen.
_FRAME = box.Box("    \n    \n ── \n    \n ── \n ── \n    \n    \n")


def show(document: Document, console: Console) -> None:
    """Print the document on a console; colours are off where `NO_COLOR` is set."""
    for section in document.sections:
        console.print()
        console.print(Text(section.title, style="bold cyan"))
        for block in section.blocks:
            if isinstance(block, Facts | Table):
                drawn = _facts(block) if isinstance(block, Facts) else _table(block, console.width)
                console.print(Padding(drawn, (1, 0, 0, 0)))
    console.print()


def render(document: Document) -> str:
    """Return the document as plain text."""
    text = StringIO()
    show(document, Console(file=text, width=WIDTH, color_system=None, force_terminal=False))
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()).strip("\n") + "\n"


def _facts(facts: Facts) -> RenderableType:
    grid = RichTable.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts.rows:
        grid.add_row(name, Text(value))
    return grid


def _table(table: Table, width: int) -> RenderableType:
    parts: list[RenderableType] = [Text(table.title, style="bold")] if table.title else []
    for number, kept in enumerate(_panels(table, width)):
        parts += [Text(), _panel(table, kept, width)] if number else [_panel(table, kept, width)]
    if table.notes:
        parts.append(Padding(Group(*(Text(note) for note in table.notes)), (1, 0, 0, 0)))
    return Group(*parts)


def _panels(table: Table, width: int) -> list[list[int]]:
    """Share the columns out to tables that fit, each beginning with the labels of the rows."""
    needs = _needs(table)
    label = _label(table)
    lead = [*range(label + 1)]
    most = width - sum(needs[:label]) - label * _GAP - min(needs[label], _LABELS)
    panels, room = [lead], most
    for at in range(label + 1, len(needs)):
        if needs[at] + _GAP > room and panels[-1] != lead:
            panels.append(lead)
            room = most
        panels[-1] = [*panels[-1], at]
        room -= needs[at] + _GAP
    return panels


def _label(table: Table) -> int:
    """Return the column that says what a row is: the first of text."""
    return next((at for at, column in enumerate(table.columns) if column.align == "left"), 0)


def _needs(table: Table) -> list[int]:
    """Return the width of every column without wrapping; a bar takes more where there is room."""
    needs = []
    for at, column in enumerate(table.columns):
        texts = [column.title, _over(column)]
        for row in table.rows:
            cell = row.cells[at]
            texts += [cell.text, cell.interval] if cell.bar is None else [" " * _LEAST_BAR]
        needs.append(max(map(cell_len, texts)))
    return needs


def _panel(table: Table, kept: list[int], width: int) -> RenderableType:
    needs = _needs(table)
    label = _label(table)
    free = max(width - sum(needs[at] + _GAP for at in kept if at != label), _LABELS)
    bar = max(min(_BAR, free - needs[label] + _LEAST_BAR), _LEAST_BAR)
    drawn = RichTable(
        box=_FRAME, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim", show_edge=False
    )
    columns = [table.columns[at] for at in kept]
    grouped = any(column.group for column in columns)
    seen = ""
    for column in columns:
        # rich has no heading over several columns: it stands over the first of its group.
        over = _over(column) if column.group != seen else ""
        seen = column.group
        title = f"{over}\n{column.title}" if grouped else column.title
        drawn.add_column(title, justify=column.align, no_wrap=True)
    for number, row in enumerate(table.rows):
        last = number + 1 == len(table.rows)
        ends = not last and table.rows[number + 1].rule
        style = "bold" if row.strong else ""
        cells = [row.cells[at] for at in kept]
        cells[label] = replace(cells[label], text="\n".join(_wrapped(cells[label].text, free)))
        drawn.add_row(*(_cell(cell, bar) for cell in cells), style=style, end_section=ends)
    return drawn


def _wrapped(text: str, width: int) -> list[str]:
    """Break at spaces and, names of relations having few, after what joins words."""
    joints = re.sub(r"(?<=[:/(,])(?=\w)", "\x1f ", text)
    return [part.replace("\x1f ", "").replace("\x1f", "") for part in wrap(joints, width)]


def _over(column: Column) -> str:
    return column.group.split(":")[0]


def _cell(cell: Cell, bar: int) -> Text:
    if cell.bar is not None:
        return Text("█" * round(bar * cell.bar), style="not bold cyan")
    text = Text(cell.text)
    if cell.interval:
        text.append(f"\n{cell.interval}", style="dim not bold")
    return text
