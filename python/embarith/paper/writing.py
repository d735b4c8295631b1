"""Everything that a run shows: one page, tables for a paper, and files for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from embarith.files import replacing
from embarith.report import csv, figures, html, latex, markdown
from embarith.report import paper as report
from embarith.result import AnalogyResult, Result, to_json
from embarith.result.paper import Paper


def write(paper: Paper, folder: Path) -> list[Path]:
    """Write the report of a run; nothing is measured.

    Returns
    -------
    list of Path
        `report.html`, `report.md`, `tables.tex`, a CSV file a kind of result, `results.jsonl`,
        `questions.jsonl` with the single questions, and `figures/` as SVG and PNG.
    """
    drawn = report.draw(paper)
    document = report.document(paper, drawn)
    results = [one for found in paper.results.values() for one in found]
    kinds: dict[str, list[Result]] = {}
    for one in results:
        kinds.setdefault(one.schema.removeprefix("embarith.").partition("/")[0], []).append(one)
    texts = {
        "report.html": html.render(document, report.TITLE),
        "report.md": markdown.render(document),
        "tables.tex": latex.render(document),
        "results.jsonl": "".join(to_json(one) + "\n" for one in results),
        "questions.jsonl": "".join(_questions(paper)),
        **{f"{kind}.csv": csv.render(found) for kind, found in kinds.items()},
    }
    written = []
    for name, text in texts.items():
        with replacing(folder / name) as part:
            part.write_text(text, encoding="utf-8")
        written.append(folder / name)
    (folder / "figures").mkdir(exist_ok=True)
    for name, figure in drawn.items():
        for ending in figures.FORMATS:
            figures.save(figure, folder / "figures" / f"{name}{ending}")
            written.append(folder / "figures" / f"{name}{ending}")
    return written


def _questions(paper: Paper) -> Iterator[str]:
    for part, frames in paper.details.items():
        measured = (one for one in paper.results[part] if isinstance(one, AnalogyResult))
        for result, frame in zip(measured, frames, strict=True):
            named = {"part": part, "space": result.encoder.name}
            for row in frame.to_pylist():
                yield json.dumps(named | row, ensure_ascii=False) + "\n"
