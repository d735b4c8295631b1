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
    SemEvalFigures,
    SemEvalResult,
    SemEvalScores,
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
            scores: Scores | None = getattr(result.baselines, name)
            if scores is not None:
                yield {**main, "row": name, "relation": "", **answered, **_scores(scores)}
    if result.control is not None:
        names = ("fair_top1", "fair_top5", "restricted_top1", "restricted_top5")
        figures = {name: getattr(result.control, name) for name in names}
        yield {**main, "row": "control", "relation": "", **answered, **_figures(figures)}
    null = result.null
    permuted = _figures({"restricted_top1": Figure(0.0, null.mean, null.ci)})
    yield {**main, "row": "permuted", "relation": "", **answered, **permuted, "p": null.p}
    for sign, rated in (result.by_rating or {}).items():
        part = {**main, "relation": "", "answered": rated.answered}
        yield {**part, "row": f"rating {sign}", **_scores(rated.scores)}
        if rated.only_c is not None:
            yield {**part, "row": f"rating {sign} only_c", **_scores(rated.only_c)}
    if result.paper is not None:
        vocab = {"vocabulary": result.paper.vocab.name, "candidates": result.paper.vocab.size}
        paper = _scores(result.paper.scores)
        yield {**head, **vocab, "row": "paper", "relation": "", **answered, **paper}
        if result.paper.only_c is not None:
            alone = _scores(result.paper.only_c)
            yield {**head, **vocab, "row": "paper_only_c", "relation": "", **answered, **alone}
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
            "angle_only_c_mean": relation.angle_only_c_mean,
            "rho_mean": relation.rho_mean,
            "rho_only_c_mean": relation.rho_only_c_mean,
            "auc": relation.auc,
        }
        if relation.only_c is not None:
            alone = {"relation": relation.name, "answered": relation.answered}
            yield {**main, "row": "relation_only_c", **alone, **_scores(relation.only_c)}


def _scores(scores: Scores) -> Line:
    figures = {}
    for inputs in ("fair", "restricted"):
        for measure in ("top1", "top5", "mrr"):
            figures[f"{inputs}_{measure}"] = getattr(getattr(scores, inputs), measure)
    return _figures(figures)


def _figures(figures: dict[str, Figure | None]) -> Line:
    line: Line = {}
    for name, one in figures.items():
        if one is None:
            continue
        low, high = one.ci or ("", "")
        line |= {name: one.value, f"{name}_low": low, f"{name}_high": high}
    return line


def _semeval(result: SemEvalResult) -> Iterator[Line]:
    head = {"table": result.encoder.name, "questions": result.questions.name}
    both = (result.all, result.covered)
    yield {**head, "row": "total", "split": "test", **_treatments(*both)}
    training = (result.all.training, result.covered.training)
    yield {**head, "row": "training", "split": "training", **_treatments(*training)}
    for name, every in result.all.categories.items():
        figures = _treatments(every, result.covered.categories[name])
        yield {**head, "row": "category", "category": name, "split": "test", **figures}
    for relation in result.relations:
        yield {**head, "row": "relation", **asdict(relation)}


def _treatments(
    every: SemEvalScores | SemEvalFigures, covered: SemEvalScores | SemEvalFigures
) -> Line:
    figures = {
        f"{measure}_{treatment}": getattr(scores, measure)
        for treatment, scores in (("all", every), ("covered", covered))
        for measure in ("maxdiff", "rho", "maxdiff_only_c", "rho_only_c")
    }
    return {**_figures(figures), "chance_all": every.chance, "chance_covered": covered.chance}


def _choice(result: ChoiceResult) -> Iterator[Line]:
    head = {"table": result.encoder.name, "questions": result.questions.name}
    yield {
        **head,
        "row": "total",
        "group": "",
        "asked": result.questions.asked,
        "answered": result.questions.answered,
        **_figures({name: getattr(result, name) for name in ("pair_distance", "offset", "only_c")}),
        "chance": result.chance,
    }
    yield {
        **head,
        "row": "missing_counted_wrong",
        "pair_distance": result.pair_distance_missing_as_wrong,
        "offset": result.offset_missing_as_wrong,
        "only_c": result.only_c_missing_as_wrong,
    }
    for name, group in result.groups.items():
        yield {**head, "row": "group", "group": name, **asdict(group)}


def _answer(result: Answer) -> Iterator[Line]:
    for one in result.candidates:
        yield {
            "table": result.encoder,
            "word": one.label,
            "similarity": result.similarity,
            "score": one.score,
            "input": one.is_input,
            # No parts where the score is no sum of them, which zip passes over.
            **{f"part_{t.label}": p for t, p in zip(result.terms, one.parts, strict=False)},
            **{
                f"rank_{t.label}": rank
                for t, rank in zip(result.terms, one.ranks_alone, strict=True)
                if rank is not None
            },
        }
