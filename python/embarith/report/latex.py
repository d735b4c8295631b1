"""A document as LaTeX: booktabs tables for a paper, in plain pdfLaTeX, XeLaTeX or LuaLaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from embarith.report.document import Column, Document, Facts, Picture, Row, Table

PREAMBLE = r"% needs \usepackage[T1]{fontenc} and \usepackage{booktabs,longtable,graphicx}"
# More lines than a page holds; a float could not be broken.
_LONG = 45

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    '"': r"\textquotedbl{}",
    "'": r"'",
    "−": "$-$",
    "–": "--",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "ρ": r"$\rho$",
    "λ": r"$\lambda$",
    "°": r"$^\circ$",
    "…": r"\dots{}",
    "≥": r"$\ge$",
    "≤": r"$\le$",
    "′": r"$'$",
}


def render(document: Document) -> str:
    """Return the document as LaTeX tables, to be input into a document of the reader's."""
    parts = [PREAMBLE]
    for section in document.sections:
        parts.append(f"% {section.title}")
        for block in section.blocks:
            if isinstance(block, Table):
                parts.append(_table(block, section.title))
            elif isinstance(block, Facts):
                parts.append(_facts(block))
            elif isinstance(block, Picture):
                parts.append(_picture(block))
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    r"""Return text that LaTeX prints as it stands.

    Examples
    --------
    >>> print(escape("50 % of gram1_adjective & b − a"))
    50 \% of gram1\_adjective \& b $-$ a
    """
    return re.sub(r"\s+", " ", "".join(_SPECIAL.get(sign, sign) for sign in text))


def _facts(facts: Facts) -> str:
    lines = [rf"{escape(name)} & {escape(value)} \\" for name, value in facts.rows]
    body = "\n".join(lines)
    return (
        "\\begin{center}\\small\n"
        "\\begin{tabular}{@{}lp{0.8\\linewidth}@{}}\n"
        f"{body}\n\\end{{tabular}}\n\\end{{center}}"
    )


def _picture(picture: Picture) -> str:
    return (
        "\\begin{figure}\n\\centering\n"
        f"\\includegraphics[width=\\linewidth]{{figures/{picture.name}.png}}\n"
        f"\\caption{{{escape(picture.caption)}}}\n\\end{{figure}}"
    )


def _table(table: Table, section: str) -> str:
    kept = [
        at
        for at in range(len(table.columns))
        if not table.rows or any(row.cells[at].bar is None for row in table.rows)
    ]
    columns = [table.columns[at] for at in kept]
    lines = [_groups(columns)] if any(column.group for column in columns) else []
    lines.append(_line(escape(column.title) for column in columns))
    lines.append(r"\midrule")
    for number, row in enumerate(table.rows):
        if row.rule and number:
            lines.append(r"\midrule")
        lines += _row(row, kept)
    alignment = "".join("l" if column.align == "left" else "r" for column in columns)
    body = "\n".join(lines)
    caption = ": ".join(escape(part) for part in (section, table.title) if part)
    notes = " ".join(map(escape, table.notes))
    head = f"\\caption{{{caption}.{' ' + notes if notes else ''}}}"
    small = "\\footnotesize\\setlength{\\tabcolsep}{4pt}"
    rows = f"\\toprule\n{body}\n\\bottomrule"
    if len(table.rows) > _LONG:
        return (
            f"{{{small}\n\\begin{{longtable}}{{@{{}}{alignment}@{{}}}}\n{head}\\\\\n{rows}\n"
            "\\end{longtable}}"
        )
    return (
        f"\\begin{{table}}\n\\centering{small}\n{head}\n"
        f"\\begin{{tabular}}{{@{{}}{alignment}@{{}}}}\n{rows}\n\\end{{tabular}}\n\\end{{table}}"
    )


def _groups(columns: Sequence[Column]) -> str:
    cells, rules, at = [], [], 1
    for group, members in groupby(columns, key=lambda column: column.group):
        width = len(list(members))
        cells.append(rf"\multicolumn{{{width}}}{{c}}{{{escape(group)}}}")
        if group:
            rules.append(rf"\cmidrule(lr){{{at}-{at + width - 1}}}")
        at += width
    return f"{_line(cells)}\n{' '.join(rules)}"


def _row(row: Row, kept: Sequence[int]) -> list[str]:
    cells = [row.cells[at] for at in kept]
    texts = [escape(cell.text) for cell in cells]
    lines = [_line(rf"\textbf{{{text}}}" if row.strong and text else text for text in texts)]
    if any(cell.interval for cell in cells):
        bounds = [escape(cell.interval) for cell in cells]
        lines.append(_line(rf"{{\tiny {one}}}" if one else "" for one in bounds))
    return lines


def _line(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"
