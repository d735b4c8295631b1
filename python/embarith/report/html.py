"""A document as one HTML page that loads nothing, and as the part of one for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

from embarith.report.document import Cell, Column, Document, Facts, Row, Table

_STYLE = """
.embarith { --ink: #1b1f24; --dim: #667079; --line: #d5dae0; --bar: #2f7fb8; --strong: #eef5fb;
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
@media (prefers-color-scheme: dark) {
  body { background: #14171a; }
  .embarith { --ink: #e4e8ec; --dim: #98a2ac; --line: #353b42; --bar: #58a6dd; --strong: #1d2831; }
}
.embarith h2 { font-size: 1.35em; margin: 2em 0 .6em; }
.embarith h3 { font-size: 1.05em; margin: 1.6em 0 .4em; }
.embarith dl { display: grid; grid-template-columns: max-content 1fr; gap: .1em 1.2em; margin: 0; }
.embarith dt { color: var(--dim); }
.embarith dd { margin: 0; overflow-wrap: anywhere; }
.embarith .wide { overflow-x: auto; }
.embarith table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.embarith th, .embarith td { padding: .22em .7em; text-align: right; vertical-align: top;
  white-space: nowrap; }
.embarith th { color: var(--dim); font-weight: 500; border-bottom: 1px solid var(--line); }
.embarith th.group { text-align: center; }
.embarith .left { text-align: left; }
.embarith tr.rule td { border-top: 1px solid var(--line); }
.embarith tr.strong td { font-weight: 650; background: var(--strong); }
.embarith td small { display: block; color: var(--dim); font-weight: 400; }
.embarith td.bar { width: 18em; min-width: 6em; vertical-align: middle; }
.embarith td.bar i { display: block; height: .8em; background: var(--bar); border-radius: 2px; }
.embarith p { color: var(--dim); margin: .5em 0; max-width: 75ch; font-size: .92em; }
"""


def render(document: Document) -> str:
    """Return the document as a whole page."""
    title = escape(" · ".join(section.title for section in document.sections[:3]) or "embarith")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n</head>\n"
        '<body style="margin: 2em auto; max-width: 70em; padding: 0 1em">\n'
        f"{fragment(document)}</body>\n</html>\n"
    )


def fragment(document: Document) -> str:
    """Return the document as one element with its style, for a notebook's cell."""
    parts = [f"<style>{_STYLE}</style>"]
    for section in document.sections:
        parts.append(f"<h2>{escape(section.title)}</h2>")
        parts += [_facts(one) if isinstance(one, Facts) else _table(one) for one in section.blocks]
    body = "\n".join(parts)
    return f'<div class="embarith">\n{body}\n</div>\n'


def _facts(facts: Facts) -> str:
    rows = (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.rows)
    return "<dl>" + "\n".join(rows) + "</dl>"


def _table(table: Table) -> str:
    parts = [f"<h3>{escape(table.title)}</h3>"] if table.title else []
    head = "".join(
        f'<th{_class("left" if column.align == "left" else "")} scope="col">'
        f"{escape(column.title)}</th>"
        for column in table.columns
    )
    rows = "\n".join(_row(row, table.columns) for row in table.rows)
    parts.append(
        f'<div class="wide"><table>\n<thead>{_groups(table.columns)}<tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody></table></div>"
    )
    parts += [f"<p>{escape(note)}</p>" for note in table.notes]
    return "\n".join(parts)


def _groups(columns: Sequence[Column]) -> str:
    if not any(column.group for column in columns):
        return ""
    cells = [
        f'<th class="group" colspan="{len(list(members))}">{escape(group)}</th>'
        for group, members in groupby(columns, key=lambda column: column.group)
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _row(row: Row, columns: Sequence[Column]) -> str:
    marks = " ".join(["strong"] * row.strong + ["rule"] * row.rule)
    cells = "".join(
        _cell(cell, "left" if column.align == "left" else "")
        for cell, column in zip(row.cells, columns, strict=True)
    )
    return f"<tr{_class(marks)}>{cells}</tr>"


def _cell(cell: Cell, side: str) -> str:
    if cell.bar is not None:
        return f'<td class="bar"><i style="width: {100 * cell.bar:.1f}%"></i></td>'
    bounds = f"<small>{escape(cell.interval)}</small>" if cell.interval else ""
    return f"<td{_class(side)}>{escape(cell.text)}{bounds}</td>"


def _class(names: str) -> str:
    return f' class="{names}"' if names else ""
