"""Results as CSV, one line a row of scores, unrounded, for spreadsheets and data frames."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from io import StringIO
from typing import Any

from embarith.errors import OptionError
from embarith.report import csv_analogy
from embarith.report.csv_analogy import Line, figures
from embarith.report.simat import BASELINES as SIMAT_BASELINES
from embarith.result import (
    AdditivityResult,
    AnalogyResult,
    Answer,
    ChoiceResult,
    ExtractionResult,
    GapResult,
    GeometryResult,
    HeadsGeometry,
    HeadsResult,
    HeadsScores,
    IslandResult,
    Measured,
    PlaneResult,
    Result,
    SemEvalFigures,
    SemEvalResult,
    SemEvalScores,
    SimatFigure,
    SimatResult,
    SimatScores,
    SimilarityResult,
    TextEncodersResult,
    TransformResult,
)


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
    lines = [line for result in results for line in _LINES[type(result)](result)]
    columns = dict.fromkeys(name for line in lines for name in line)
    text = StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _semeval(result: SemEvalResult) -> Iterator[Line]:
    head = {"table": result.encoder.name, "questions": result.questions.name}
    headline = (result.all, result.covered)
    yield {**head, "row": "total", "split": "test", **_treatments(*headline)}
    training = (result.all.training, result.covered.training)
    yield {**head, "row": "training", "split": "training", **_treatments(*training)}
    for name, every in result.all.categories.items():
        both = (every, result.covered.categories[name])
        yield {**head, "row": "category", "category": name, "split": "test", **_treatments(*both)}
    for relation in result.relations:
        yield {**head, "row": "relation", **asdict(relation)}


def _treatments(
    every: SemEvalScores | SemEvalFigures, covered: SemEvalScores | SemEvalFigures
) -> Line:
    found = {
        f"{measure}_{treatment}": getattr(scores, measure)
        for treatment, scores in (("all", every), ("covered", covered))
        for measure in ("maxdiff", "rho", "maxdiff_only_c", "rho_only_c")
    }
    return {**figures(found), "chance_all": every.chance, "chance_covered": covered.chance}


def _similarity(result: SimilarityResult) -> Iterator[Line]:
    head = {"table": result.encoder.name, "questions": result.questions.name}
    null = result.null
    rows = (
        ("covered", result.questions.answered, result.covered, null and null.p),
        ("all", result.questions.asked, result.all, None),
    )
    for name, pairs, scores, p in rows:
        yield {
            **head,
            "row": name,
            "pairs": pairs,
            **figures({"rho": scores.rho, "pearson": scores.pearson}),
            "p": p,
        }
    if result.shared is not None:
        yield {
            **head,
            "row": "shared",
            "pairs": result.shared.pairs,
            **figures({"rho": result.shared.rho, "difference": result.shared.difference}),
            "to": result.shared.to,
        }


def _choice(result: ChoiceResult) -> Iterator[Line]:
    head = {"table": result.encoder.name, "questions": result.questions.name}
    yield {
        **head,
        "row": "total",
        "group": "",
        "asked": result.questions.asked,
        "answered": result.questions.answered,
        **figures({name: getattr(result, name) for name in ("pair_distance", "offset", "only_c")}),
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


def _island(result: IslandResult) -> Iterator[Line]:
    head = {"table": result.encoder.name, "questions": result.questions.name}
    measures = ("shorter", "mutual", "inputs", "top5", "top5_only_c", "gain")
    yield {
        **head,
        "row": "total",
        "words": result.vocab.size,
        "offset": result.offset.mean,
        "nearest": result.nearest.mean,
        "between": result.between,
        **figures({name: getattr(result, name) for name in measures}),
    }
    for point in result.curve:
        landed = {f"landed_{part}": share for part, share in asdict(point.landed).items()}
        shares = {"top5": point.top5, "top5_only_c": point.top5_only_c}
        yield {**head, "row": "vocabulary", "words": point.size, **shares, **landed}


def _geometry(result: GeometryResult) -> Iterator[Line]:
    head = {"table": result.encoder.name, "words": result.words.name, "size": result.words.size}
    norms = {"norm_mean": result.norms.mean, "norm_variation": result.norms.variation}
    yield {**head, "row": "norms", **_measured(norms)}
    for name in ("unit", "centered"):
        shape = getattr(result, name)
        parts = {part.name: getattr(shape, part.name) for part in fields(shape)}
        hubs = parts.pop("hubs")
        yield {**head, "row": name, "k": result.k, **_measured(parts)}
        for hub in hubs:
            yield {**head, "row": f"{name} hub", "k": result.k, "word": hub.word, "n_k": hub.count}


def _gap(result: GapResult) -> Iterator[Line]:
    names = ("distance", "separability", "within_first", "within_second", "across")
    found = {name: getattr(result, name) for name in names}
    if result.matched is not None:
        found["matched"] = result.matched.matched
    yield {
        "first": result.first.name,
        "second": result.second.name,
        "space": result.space,
        "first_modality": result.modalities[0],
        "second_modality": result.modalities[1],
        "random_weights": result.random_weights,
        **_measured(found),
        "matched_labels": result.matched.labels if result.matched else 0,
    }


def _additivity(result: AdditivityResult) -> Iterator[Line]:
    head = {
        "table": result.encoder.name,
        "photographs": result.photographs.name,
        "cells": result.cells,
        "predicted_cells": result.predicted_cells,
        "noise": "" if result.noise is None else result.noise,
    }
    first, second = result.factors
    named = {"both": result.both, first: result.first_alone, second: result.second_alone}
    for model, fit in named.items():
        found = {part.name: getattr(fit, part.name) for part in fields(fit)}
        known = {name: one for name, one in found.items() if one is not None}
        yield {**head, "model": model, **_measured(known)}


def _measured(found: Mapping[str, Measured]) -> Line:
    """Return figures by name, and beside each its interval and its null."""
    line: Line = {}
    for name, one in found.items():
        for ends, suffix in ((one.ci, ""), (one.null_ci, "_null")):
            value = one.null if suffix else one.value
            low, high = ends or ("", "")
            if value is not None:
                line |= {
                    f"{name}{suffix}": value,
                    f"{name}{suffix}_low": low,
                    f"{name}{suffix}_high": high,
                }
        if one.p is not None:
            line[f"{name}_p"] = one.p
    return line


def _extraction(result: ExtractionResult) -> Iterator[Line]:
    for series in result.series:
        head = {"table": series.name, "questions": result.questions.name, "pool": series.pool}
        for row, points in (("drawn", series.points), ("every", (series.every,))):
            for point in points:
                found: Line = {**head, "row": row, "photographs": point.photographs}
                for name, one in asdict(point).items():
                    if name != "photographs":
                        low, high = one["ci"] or ("", "")
                        found |= {name: one["mean"], f"{name}_low": low, f"{name}_high": high}
                yield found


def _plane(result: PlaneResult) -> Iterator[Line]:
    head = {"table": result.encoder.name, "question": result.question}
    first, second = result.variance
    yield {**head, "row": "plane", "variance_first": first, "variance_second": second}
    for word in result.words:
        yield {**head, "row": "word", **asdict(word)}
    if result.offset is not None:
        yield {**head, "row": "offset", "place": "y", **asdict(result.offset)}
    for one in result.distances:
        yield {**head, "row": "distance", **asdict(one)}
    for photograph in result.photographs:
        line = asdict(photograph)
        del line["thumbnail"]
        yield {**head, "row": "photograph", **line}


def _simat(result: SimatResult) -> Iterator[Line]:
    head = {
        "images": result.images.name,
        "texts": result.texts.name,
        "heads": result.heads.name if result.heads else "",
        "data": result.questions.name,
    }
    yield {**head, "row": "score", "split": result.split, "lam": result.lam, **_by(result.scores)}
    baselines = result.baselines
    for name in SIMAT_BASELINES:
        scores = getattr(baselines, name)
        if scores is not None:
            lam = baselines.no_heads_lam if name == "no_heads" else None
            yield {**head, "row": name, "split": result.split, "lam": lam, **_by(scores)}
    for point in result.curve:
        for split in ("dev", "test", "all"):
            scores = getattr(point.scores, split)
            yield {**head, "row": "curve", "split": split, "lam": point.lam, **_by(scores)}
    for pair in result.pairs:
        yield {**head, "row": "pair", "split": result.split, **asdict(pair)}


def _by(scores: SimatScores) -> Line:
    found: Line = {}
    for name in ("all", "subject", "relation", "object"):
        one = getattr(scores, name)
        found |= {name: one and one.value, f"{name}_n": one.n if one else 0}
        found |= {f"{name}_low": one.ci[0], f"{name}_high": one.ci[1]} if one and one.ci else {}
    return found


def _heads(result: HeadsResult) -> Iterator[Line]:
    head = {
        "images": result.images.name,
        "texts": result.texts.name,
        "freeze_text": result.freeze_text,
        "data": result.questions.name,
    }
    yield {**head, "row": "before", **_lain(result.before)}
    for point in result.points:
        mine = {**head, "temperature": point.temperature}
        mean, *each = _trained(point)
        yield {**mine, **mean, **_score("difference", point.difference)}
        for line in each:
            yield {**mine, **line}


def _trained(scores: HeadsScores) -> Iterator[Line]:
    yield {
        "row": "mean",
        "dev": scores.dev,
        **_score("test", scores.test),
        **_score("recall", scores.recall),
        **_lain(scores.geometry),
    }
    for one in scores.trained:
        line = {"row": "seed", "seed": one.seed, "lam": one.lam, "dev": one.dev}
        line |= {"test": one.test, "best": one.best, "best_lam": one.best_lam}
        for k, captions, photographs in zip((1, 5, 10), one.captions, one.photographs, strict=True):
            line |= {f"captions_{k}": captions, f"photographs_{k}": photographs}
        yield line


def _score(name: str, figure: SimatFigure) -> Line:
    low, high = figure.ci or ("", "")
    return {name: figure.value, f"{name}_low": low, f"{name}_high": high}


def _lain(geometry: HeadsGeometry) -> Line:
    """Return gap and additivity, with their intervals and nulls."""
    found = {"gap": geometry.gap, "told_apart": geometry.separability}
    for side in ("photographs", "captions"):
        fit = getattr(geometry, side)
        for part in () if fit is None else fields(fit):
            found[f"{side}_{part.name}"] = getattr(fit, part.name)
    known = {name: one for name, one in found.items() if one is not None}
    return {**_measured(known), "photographs_noise": geometry.noise}


def _text_encoders(result: TextEncodersResult) -> Iterator[Line]:
    for one in result.encoders:
        head = {"text_encoder": one.name, "control": one.is_control}
        for line in _trained(one.ridge):
            yield {**head, "heads": "ridge", **line}
        for name, study in (("frozen", one.frozen), ("both", one.both)):
            for line in _heads(study):
                yield {**head, "heads": name, **line}
    for difference in result.differences:
        (first, way), (second, other) = difference.first, difference.second
        yield {
            "row": "difference",
            "text_encoder": first,
            "heads": way,
            "less_text_encoder": second,
            "less_heads": other,
            **_score("difference", difference.difference),
        }


def _transform(result: TransformResult) -> Iterator[Line]:
    for place, one in enumerate(result.retrieved, 1):
        yield {
            "image": result.image,
            "value": result.value,
            "target": result.target,
            "lam": result.lam,
            "place": place,
            "retrieved": one.image,
            "score": one.score,
            "input": one.is_input,
        }


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


_LINES: dict[type, Callable[[Any], Iterator[Line]]] = {
    AnalogyResult: csv_analogy.lines,
    SemEvalResult: _semeval,
    SimilarityResult: _similarity,
    ChoiceResult: _choice,
    IslandResult: _island,
    GeometryResult: _geometry,
    GapResult: _gap,
    AdditivityResult: _additivity,
    ExtractionResult: _extraction,
    PlaneResult: _plane,
    SimatResult: _simat,
    TransformResult: _transform,
    HeadsResult: _heads,
    TextEncodersResult: _text_encoders,
    Answer: _answer,
}
