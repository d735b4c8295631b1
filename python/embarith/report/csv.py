"""Results as CSV, one line a row of scores, unrounded, for spreadsheets and data frames."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from io import StringIO
from typing import Any

from embarith.errors import OptionError
from embarith.result import (
    AnalogyResult,
    Answer,
    ChoiceResult,
    Figure,
    Result,
    Scores,
    SemEvalResult,
)

Line = dict[str, Any]


def render(results: Sequence[Result]) -> str:
    """Return results of one kind as CSV with a header.

    Raises
    ------
    OptionError
        Results of several kinds, which share no columns.
    """
    kinds = sorted({result.schema for result in results})
    if len(kinds) > 1:
        raise OptionError(f"CSV holds results of one kind; these are {' and '.join(kinds)}")
    lines = [line for result in results for line in _lines(result)]
    columns = dict.fromkeys(name for line in lines for name in line)
    text = StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _lines(result: Result) -> Iterator[Line]:
    if isinstance(result, AnalogyResult):
        yield from _analogy(result)
    elif isinstance(result, SemEvalResult):
        yield from _semeval(result)
    elif isinstance(result, ChoiceResult):
        yield from _choice(result)
    else:
        yield from _answer(result)


def _analogy(result: AnalogyResult) -> Iterator[Line]:
    head = {
        "table": result.encoder.name,
        "questions": result.questions.name,
        "method": result.method,
        "raw": result.raw,
        "similarity": result.similarity,
    }
    main = {**head, "vocabulary": result.vocab.name, "candidates": result.vocab.size}
    answered = {"answered": result.questions.answered}
    yield {**main, "row": "total", "relation": "", **answered, **_scores(result.scores)}
    yield {**main, "row": "macro", "relation": "", **answered, **_scores(result.macro)}
    asked = {"answered": result.questions.asked}
    wrong = _scores(result.missing_as_wrong)
    yield {**main, "row": "dropped_counted_wrong", "relation": "", **asked, **wrong}
    if result.baselines is not None:
        for name in ("only_c", "only_b", "ignore_a", "add_opposite", "reversed"):
            scores = _scores(getattr(result.baselines, name))
            yield {**main, "row": name, "relation": "", **answered, **scores}
    if result.control is not None:
        names = ("fair_top1", "fair_top5", "restricted_top1", "restricted_top5")
        figures = {name: getattr(result.control, name) for name in names}
        yield {**main, "row": "control", "relation": "", **answered, **_figures(figures)}
    if result.paper is not None:
        vocab = {"vocabulary": result.paper.vocab.name, "candidates": result.paper.vocab.size}
        scores = _scores(result.paper.scores)
        yield {**head, **vocab, "row": "paper", "relation": "", **answered, **scores}
    for relation in result.relations:
        yield {
            **main,
            "row": "relation",
            "relation": relation.name,
            "answered": relation.answered,
            **(_scores(relation.scores) if relation.scores else {}),
            "p_holm": relation.p_holm,
            "helps": relation.helps,
            "angle_mean": relation.angle_mean,
            "rho_mean": relation.rho_mean,
            "auc": relation.auc,
        }


def _scores(scores: Scores) -> Line:
    figures = {}
    for inputs in ("fair", "restricted"):
        for measure in ("top1", "top5", "mrr"):
            figures[f"{inputs}_{measure}"] = getattr(getattr(scores, inputs), measure)
    return _figures(figures)


def _figures(figures: dict[str, Figure]) -> Line:
    line: Line = {}
    for name, one in figures.items():
        low, high = one.ci or ("", "")
        line |= {name: one.value, f"{name}_low": low, f"{name}_high": high}
    return line


def _semeval(result: SemEvalResult) -> Iterator[Line]:
    for row in result.relations:
        yield {"table": result.encoder.name, **asdict(row)}


def _choice(result: ChoiceResult) -> Iterator[Line]:
    head = {"table": result.encoder.name, "questions": result.questions.name}
    yield {
        **head,
        "group": "",
        "answered": result.questions.answered,
        **_figures({"pair_distance": result.pair_distance, "offset": result.offset}),
        "chance": result.chance,
    }
    for name, group in result.groups.items():
        yield {**head, "group": name, **group}


def _answer(result: Answer) -> Iterator[Line]:
    for one in result.candidates:
        yield {
            "table": result.encoder,
            "word": one.label,
            "score": one.score,
            "input": one.is_input,
            **{f"part_{t.label}": p for t, p in zip(result.terms, one.parts, strict=True)},
        }
