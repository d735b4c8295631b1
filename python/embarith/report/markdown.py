"""A document as Markdown: pipe tables, as GitHub and pandoc read them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from embarith.report.document import Block, Cell, Document, Facts, Picture, Table


def render(document: Document) -> str:
    """Return the document as Markdown."""
    blocks = []
    for section in document.sections:
        blocks.append(f"## {_escape(section.title)}")
        blocks += [text for one in section.blocks if (text := _block(one))]
    return "\n\n".join(blocks) + "\n"


def _block(block: Block) -> str:
    if isinstance(block, Facts):
        return _facts(block)
    if isinstance(block, Picture):
        return f"![{_escape(block.alt)}](figures/{block.name}.svg)\n\n{_escape(block.caption)}"
    return _table(block) if isinstance(block, Table) else ""


def _facts(facts: Facts) -> str:
    return "\n".join(f"- **{name}**: {_escape(value)}" for name, value in facts.rows)


def _table(table: Table) -> str:
    # A column of bars alone has nothing to say in text.
    kept = [
        at
        for at in range(len(table.columns))
        if not table.rows or any(row.cells[at].bar is None for row in table.rows)
    ]
    columns = [table.columns[at] for at in kept]
    titles = [f"{column.group.split(':')[0]} {column.title}".strip() for column in columns]
    lines = [
        _line(_escape(title) for title in titles),
        _line("---:" if column.align == "right" else "---" for column in columns),
    ]
    for row in table.rows:
        cells = [_cell(row.cells[at]) for at in kept]
        lines.append(_line(f"**{cell}**" if row.strong and cell else cell for cell in cells))
    parts = [f"### {_escape(table.title)}"] if table.title else []
    return "\n\n".join([*parts, "\n".join(lines), *map(_escape, table.notes)])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    return _escape(f"{cell.text} ({cell.interval})" if cell.interval else cell.text)


def _escape(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", text.replace("\n", " "))
