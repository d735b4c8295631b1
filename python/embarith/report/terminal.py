"""A document as rich tables for people at a terminal."""

from __future__ import annotations

from io import StringIO

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from embarith.report.document import Cell, Document, Facts, Table

WIDTH = 100
_BAR = 40
# Text already ends where the eye can follow; a rule spans the table, not the screen.
_FRAME = box.Box("    \n    \n ── \n    \n ── \n ── \n    \n    \n")


def show(document: Document, console: Console) -> None:
    """Print the document on a console; colours are off where `NO_COLOR` is set."""
    for section in document.sections:
        console.print()
        console.print(Text(section.title, style="bold cyan"))
        for block in section.blocks:
            drawn = _facts(block) if isinstance(block, Facts) else _table(block)
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


def _table(table: Table) -> RenderableType:
    drawn = RichTable(
        box=_FRAME, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim", show_edge=False
    )
    grouped = any(column.group for column in table.columns)
    seen = ""
    for column in table.columns:
        # rich has no heading over several columns: it stands over the first of its group.
        title = column.title
        if grouped:
            over = column.group.split(":")[0] if column.group != seen else ""
            title = f"{over}\n{column.title}"
        seen = column.group
        wide = column.align == "left"
        drawn.add_column(title, justify=column.align, no_wrap=not wide, overflow="fold")
    for number, row in enumerate(table.rows):
        last = number + 1 == len(table.rows)
        ends = not last and table.rows[number + 1].rule
        style = "bold" if row.strong else ""
        drawn.add_row(*map(_cell, row.cells), style=style, end_section=ends)
    parts: list[RenderableType] = [Text(table.title, style="bold")] if table.title else []
    parts.append(drawn)
    if table.notes:
        parts.append(Padding(Group(*(Text(note) for note in table.notes)), (1, 0, 0, 0)))
    return Group(*parts)


def _cell(cell: Cell) -> Text:
    if cell.bar is not None:
        return Text("█" * round(_BAR * cell.bar), style="not bold cyan")
    text = Text(cell.text)
    if cell.interval:
        text.append(f"\n{cell.interval}", style="dim not bold")
    return text
