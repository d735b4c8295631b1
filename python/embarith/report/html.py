"""A document as one HTML page that loads nothing, and as the part of one for notebooks."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from html import escape
from itertools import groupby

from embarith.report.document import (
    Block,
    Cell,
    Column,
    Document,
    Exhibit,
    Facts,
    Gallery,
    Listing,
    Picture,
    Row,
    Table,
    Tile,
)

# Sections that a page may have before it begins with their list.
_FEW = 5
_STYLE = """
.embarith { --ink: #1b1f24; --dim: #667079; --line: #d5dae0; --bar: #2f7fb8; --strong: #eef5fb;
  --page: #fff; color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
@media (prefers-color-scheme: dark) {
  body { background: #14171a; }
  .embarith { --ink: #e4e8ec; --dim: #98a2ac; --line: #353b42; --bar: #58a6dd; --strong: #1d2831;
    --page: #14171a; }
}
.embarith h2 { font-size: 1.35em; margin: 2em 0 .6em; }
.embarith h3 { font-size: 1.05em; margin: 1.6em 0 .4em; }
.embarith dl { display: grid; grid-template-columns: fit-content(24em) minmax(50%, 1fr);
  gap: .1em 1.2em; margin: 0; }
.embarith dt { color: var(--dim); }
.embarith dd { margin: 0; overflow-wrap: anywhere; }
.embarith .wide { overflow-x: auto; }
.embarith table { border-collapse: separate; border-spacing: 0;
  font-variant-numeric: tabular-nums; }
.embarith .wide tr { background: var(--page); }
.embarith .wide tr.strong { background: var(--strong); font-weight: 650; }
.embarith .wide :is(th, td):first-child { position: sticky; left: 0; background: inherit; }
@media (max-width: 40em) {
  .embarith .wide td:first-child { white-space: normal; min-width: 8em; }
}
.embarith th, .embarith td { padding: .22em .7em; text-align: right; vertical-align: top;
  white-space: nowrap; }
.embarith th { color: var(--dim); font-weight: 500; border-bottom: 1px solid var(--line);
  white-space: normal; vertical-align: bottom; }
.embarith th.group { text-align: center; }
.embarith .left { text-align: left; }
.embarith tr.rule td { border-top: 1px solid var(--line); }
.embarith td small { display: block; color: var(--dim); font-weight: 400; }
.embarith td.bar { width: 18em; min-width: 6em; }
.embarith td.bar i { display: block; height: .8em; margin-top: .35em;
  background: var(--bar); border-radius: 2px; }
.embarith figure { margin: 1.2em 0; max-width: 62em; }
.embarith figure img { width: 50em; max-width: 100%; height: auto; background: #fff;
  border-radius: 4px; }
.embarith figure .wide img { min-width: 38em; }
.embarith figcaption { color: var(--dim); max-width: 75ch; font-size: .92em; }
.embarith nav { margin: 1em 0 2em; columns: 2; font-size: .95em; }
.embarith nav a { display: block; color: inherit; }
.embarith summary { cursor: pointer; font-weight: 600; margin: 1.6em 0 .6em; }
.embarith input, .embarith select { font: inherit; color: inherit; background: transparent;
  padding: .2em .5em; border: 1px solid var(--line); border-radius: 3px; max-width: 100%; }
.embarith input { width: 24em; }
.embarith option { color: #1b1f24; background: #fff; }
.embarith .filters label { margin-right: 1.2em; white-space: nowrap; }
.embarith article { border-top: 1px solid var(--line); padding: .6em 0 .2em; }
.embarith h4 { font-size: 1em; margin: 0; }
.embarith .tiles { display: flex; flex-wrap: wrap; gap: .8em; margin: .5em 0; }
.embarith .tile { width: 134px; margin: 0; font-size: .8em; line-height: 1.35;
  overflow-wrap: anywhere; }
.embarith .tile img { display: block; width: 128px; height: 128px; object-fit: contain;
  border: 3px solid transparent; border-radius: 4px; background: none; }
.embarith .tile.right img { border: 3px solid var(--bar); }
.embarith .tile.wrong img { border: 3px dashed var(--line); }
.embarith .tile.asked { padding-right: .7em; border-right: 1px solid var(--line); }
.embarith .tile figcaption { font-size: 1em; }
.embarith .tile b { color: var(--ink); }
.embarith th button { all: unset; cursor: pointer; }
.embarith th button:focus-visible { outline: 2px solid var(--bar); }
.embarith th[aria-sort=ascending] button::after { content: " ▲"; }
.embarith th[aria-sort=descending] button::after { content: " ▼"; }
.embarith p { color: var(--dim); margin: .5em 0; max-width: 75ch; font-size: .92em; }
"""


_SCRIPT = """
const filter = (box, lines, holds) => {
  const controls = [...box.querySelectorAll(".filters input, .filters select")];
  const update = () => {
    let count = 0;
    for (const line of lines) {
      line.hidden = !controls.every((one, at) => holds(line, one.value, at));
      count += !line.hidden;
    }
    box.querySelector("output").value = `${count} of ${lines.length}`;
  };
  for (const one of controls) one.addEventListener("input", update);
  update();
};
for (const box of document.querySelectorAll(".embarith .gallery")) {
  filter(box, [...box.querySelectorAll("article")], (line, wanted, at) =>
    !wanted || JSON.parse(line.dataset.kinds)[at].includes(wanted));
}
for (const listing of document.querySelectorAll(".embarith .listing")) {
  const body = listing.tBodies[0], heads = [...listing.tHead.rows[0].cells];
  filter(listing.closest("details"), [...body.rows], (row, wanted) => {
    const text = row.textContent.toLowerCase();
    return wanted.toLowerCase().split(/\\s+/).every(word => text.includes(word));
  });
  heads.forEach((head, at) => head.firstChild.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    heads.forEach(one => one.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down > 0 ? "ascending" : "descending");
    const key = row => {
      const text = row.cells[at].textContent.replace("−", "-"), number = parseFloat(text);
      return Number.isNaN(number) ? text : number;
    };
    const order = (x, y) => typeof x === typeof y ? (x < y ? -1 : x > y ? 1 : 0)
      : typeof x === "number" ? -1 : 1;
    const rows = [...body.rows].sort((x, y) => down * order(key(x), key(y)));
    body.append(...rows);
  }));
}
"""


def render(document: Document, title: str = "") -> str:
    """Return the document as a whole page; one of many sections begins with their list."""
    sections = document.sections
    named = title or " · ".join(section.title for section in sections[:3]) or "embarith"
    heading = f"<h1>{escape(title)}</h1>\n" if title else ""
    nav = ""
    if len(sections) > _FEW:
        links = "\n".join(
            f'<a href="#s{number}">{escape(section.title)}</a>'
            for number, section in enumerate(sections)
        )
        nav = f'<div class="embarith"><nav aria-label="Sections">\n{links}\n</nav></div>\n'
    filtered = any(
        isinstance(block, Listing) or (isinstance(block, Gallery) and block.filters)
        for one in sections
        for block in one.blocks
    )
    script = f"<script>{_SCRIPT}</script>\n" if filtered else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(named)}</title>\n</head>\n"
        '<body style="margin: 2em auto; max-width: 76em; padding: 0 1em">\n'
        f"{_styled(heading)}{nav}{fragment(document)}{script}</body>\n</html>\n"
    )


def _styled(heading: str) -> str:
    return f'<div class="embarith">{heading}</div>\n' if heading else ""


def fragment(document: Document) -> str:
    """Return the document as one element with its style, for a notebook's cell."""
    parts = [f"<style>{_STYLE}</style>"]
    for number, section in enumerate(document.sections):
        parts.append(f'<h2 id="s{number}">{escape(section.title)}</h2>')
        parts += map(_block, section.blocks)
    body = "\n".join(parts)
    return f'<div class="embarith">\n{body}\n</div>\n'


def _block(block: Block) -> str:
    if isinstance(block, Facts):
        return _facts(block)
    if isinstance(block, Picture):
        return _picture(block)
    if isinstance(block, Listing):
        return _listing(block)
    if isinstance(block, Gallery):
        return _gallery(block)
    return _table(block)


def _picture(picture: Picture) -> str:
    # As an image of its own, because the drawings of a page would share the names of their parts.
    data = base64.b64encode(picture.svg.encode()).decode()
    return (
        f'<figure><div class="wide"><img alt="{escape(picture.alt, quote=True)}" '
        f'src="data:image/svg+xml;base64,{data}"></div>\n'
        f"<figcaption>{escape(picture.caption)}</figcaption></figure>"
    )


def _listing(listing: Listing) -> str:
    sides = [_class("left" if column.align == "left" else "") for column in listing.columns]
    head = "".join(
        f'<th{side} scope="col"><button type="button">{escape(column.title)}</button></th>'
        for side, column in zip(sides, listing.columns, strict=True)
    )
    rows = "\n".join(
        "<tr>"
        + "".join(f"<td{side}>{escape(cell)}</td>" for side, cell in zip(sides, row, strict=True))
        + "</tr>"
        for row in listing.rows
    )
    note = f"<p>{escape(listing.note)}</p>" if listing.note else ""
    return (
        f"<details><summary>{escape(listing.title)}</summary>\n{note}"
        '<p class="filters"><input type="search" placeholder="words that a line must hold" '
        'aria-label="Filter lines"> <output></output></p>\n'
        f'<div class="wide"><table class="listing">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody></table></div></details>"
    )


def _gallery(gallery: Gallery) -> str:
    parts = [f"<h3>{escape(gallery.title)}</h3>"] if gallery.title else []
    parts += [f"<p>{escape(gallery.note)}</p>"] if gallery.note else []
    if gallery.filters:
        choices = "\n".join(_choice(gallery, at) for at in range(len(gallery.filters)))
        parts.append(f'<p class="filters">{choices} <output></output></p>')
    parts += map(_exhibit, gallery.exhibits)
    of = ' class="gallery"' if gallery.filters else ""
    return f"<div{of}>\n" + "\n".join(parts) + "\n</div>"


def _choice(gallery: Gallery, at: int) -> str:
    values = sorted({value for one in gallery.exhibits for value in one.kinds[at]})
    options = "".join(
        f'<option value="{escape(value, quote=True)}">{escape(value)}</option>' for value in values
    )
    return (
        f"<label>{escape(gallery.filters[at])} "
        f'<select><option value="">all</option>{options}</select></label>'
    )


def _exhibit(one: Exhibit) -> str:
    kinds = escape(json.dumps(one.kinds, ensure_ascii=False), quote=True)
    title = f"<h4>{escape(one.title)}</h4>\n" if one.title else ""
    tiles = "\n".join((_tile(one.photograph, "asked"), *map(_tile, one.answers)))
    return (
        f'<article data-kinds="{kinds}">{title}<p>{escape(one.told)}</p>\n'
        f'<div class="tiles">\n{tiles}\n</div></article>'
    )


def _tile(tile: Tile, kind: str = "") -> str:
    mark = ""
    if tile.right is not None:
        kind = "right" if tile.right else "wrong"
        mark = f"<b>{'✓' if tile.right else '✗'} {kind}</b> "
    image = ""
    if tile.thumbnail:
        source = escape(f"data:image/jpeg;base64,{tile.thumbnail}", quote=True)
        image = f'<img alt="{escape(tile.name, quote=True)}" src="{source}">'
    return (
        f'<figure class="tile {kind}">{image}<figcaption>{mark}{escape(tile.told)}<br>'
        f"{escape(tile.name)}</figcaption></figure>"
    )


def _facts(facts: Facts) -> str:
    rows = (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.rows)
    return "<dl>" + "\n".join(rows) + "</dl>"


def _table(table: Table) -> str:
    parts = [f"<h3>{escape(table.title)}</h3>"] if table.title else []
    # Headings may wrap, but not within b − a.
    head = "".join(
        f'<th{_class("left" if column.align == "left" else "")} scope="col">'
        f"{escape(column.title).replace(' − ', '&nbsp;−&nbsp;')}</th>"
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
