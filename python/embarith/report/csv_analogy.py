"""The lines of CSV that an analogy result is, one a row of scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from embarith.result import (
    AnalogyResult,
    Chance,
    Correlation,
    Figure,
    Parallelism,
    RelationRow,
    Scores,
)

Line = dict[str, Any]


def lines(result: AnalogyResult) -> Iterator[Line]:
    """Yield everything that a report prints of a result; a cell without a figure is absent."""
    head = {
        "table": result.encoder.name,
        "questions": result.questions.name,
        "method": result.method,
        "raw": result.raw,
        "similarity": result.similarity,
    }
    every = {"vocabulary": result.vocab.name, "candidates": result.vocab.size}
    answered = {"row": "", "relation": "", "answered": result.questions.answered}
    main = {**head, **every, **answered}
    asked = {**main, "answered": result.questions.asked}
    yield {**main, "row": "total", **_scores(result.scores), **_geometry(result)}
    yield {**main, "row": "macro", **_scores(result.macro)}
    yield {**asked, "row": "dropped_counted_wrong", **_scores(result.missing_as_wrong)}
    for row, figures_of_row in _nulls(result):
        yield {**main, "row": row, **figures_of_row}
    for sign, rated in (result.by_rating or {}).items():
        part = {**main, "answered": rated.answered}
        yield {**part, "row": f"rating {sign}", **_scores(rated.scores)}
        if rated.only_c is not None:
            yield {**part, "row": f"rating {sign} only_c", **_scores(rated.only_c)}
    if result.paper is not None:
        paper = result.paper
        there = {**main, "vocabulary": paper.vocab.name, "candidates": paper.vocab.size}
        yield {**there, "row": "paper", **_scores(paper.scores)}
        if paper.only_c is not None:
            yield {**there, "row": "paper_only_c", **_scores(paper.only_c)}
        yield {**there, "row": "paper_chance", **_chance(paper.chance)}
    for point in result.vocabulary_curve:
        expected = {"restricted_top1": point.top1, "restricted_top5": point.top5}
        smaller = {**main, "vocabulary": "random words", "candidates": point.size}
        yield {**smaller, "row": "vocabulary_curve", **expected}
    for relation in result.relations:
        part = {**main, "relation": relation.name, "answered": relation.answered}
        yield {**part, "row": "relation", **_relation(relation)}
        if relation.only_c is not None:
            yield {**part, "row": "relation_only_c", **_scores(relation.only_c)}


def figures(found: Mapping[str, Figure | Correlation | None]) -> Line:
    """Return the values of figures by name, and beside each the ends of its interval."""
    line: Line = {}
    for name, one in found.items():
        if one is None:
            continue
        low, high = one.ci or ("", "")
        line |= {name: one.value, f"{name}_low": low, f"{name}_high": high}
    return line


def _scores(scores: Scores) -> Line:
    found = {}
    for inputs in ("fair", "restricted"):
        for measure in ("top1", "top5", "mrr"):
            found[f"{inputs}_{measure}"] = getattr(getattr(scores, inputs), measure)
    return figures(found)


def _chance(chance: Chance) -> Line:
    return {
        f"{inputs}_{measure}": value
        for inputs in ("fair", "restricted")
        for measure, value in asdict(getattr(chance, inputs)).items()
    }


def _nulls(result: AnalogyResult) -> Iterator[tuple[str, Line]]:
    """Yield what the scores are held against: simpler questions, then what knows nothing."""
    if result.baselines is not None:
        for name in ("only_c", "only_b", "ignore_a", "add_opposite", "reversed"):
            scores: Scores | None = getattr(result.baselines, name)
            if scores is not None:
                yield name, _scores(scores)
    if result.control is not None:
        names = ("fair_top1", "fair_top5", "restricted_top1", "restricted_top5")
        yield "control", figures({name: getattr(result.control, name) for name in names})
    null = result.null
    permuted = figures({"restricted_top1": Figure(0.0, null.mean, null.ci)})
    yield "permuted", {**permuted, "p": null.p}
    yield "chance", _chance(result.chance)
    of_all = result.chance.k_of_v
    yield "k_of_v", {"fair_top1": of_all.top1, "fair_top5": of_all.top5}
    if result.comparison is not None:
        compared = result.comparison
        differences = {
            "fair_top1": compared.fair_top1,
            "restricted_top1": compared.restricted_top1,
            "auc": compared.auc,
        }
        yield f"less {compared.to}", figures(differences)


def _geometry(result: AnalogyResult) -> Line:
    """Return where y lies and where the nearest words landed, over all questions."""
    line: Line = {f"landed_{part}": share for part, share in asdict(result.landed).items()}
    if result.baselines is not None:
        line |= figures({"helps": result.baselines.helps})
    for name, both in (("angle", result.angle), ("rho", result.rho)):
        if both is not None:
            line |= {f"{name}_raw_mean": both.raw.mean, f"{name}_mean": both.unit.mean}
    beside = result.companions
    if beside is not None:
        auc = None if beside.auc is None else Figure(0.0, beside.auc, beside.auc_ci)
        line |= {
            "angle_only_c_mean": beside.angle_only_c.mean,
            "rho_only_c_mean": beside.rho_only_c.mean,
            "rho_rotated_mean": beside.rho_rotated.mean,
            "pearson_mean": beside.pearson.mean,
            **(
                {"angle_random_d_mean": beside.angle_random_d.mean} if beside.angle_random_d else {}
            ),
            **({"rho_random_d_mean": beside.rho_random_d.mean} if beside.rho_random_d else {}),
            **figures({"auc": auc}),
        }
    return line


def _relation(relation: RelationRow) -> Line:
    return {
        **(_scores(relation.scores) if relation.scores else {}),
        "p_holm": relation.p_holm,
        "helps": relation.helps,
        "angle_mean": relation.angle_mean,
        "angle_only_c_mean": relation.angle_only_c_mean,
        "rho_mean": relation.rho_mean,
        "rho_only_c_mean": relation.rho_only_c_mean,
        "auc": relation.auc,
        **_parallelism(relation.parallelism),
    }


def _parallelism(parallel: Parallelism | None) -> Line:
    return {} if parallel is None else asdict(parallel)
