"""Tables 4 to 6: angles, and correlations across dimensions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import pyarrow as pa

from embarith.report import published
from embarith.report.document import (
    Cell,
    Column,
    Row,
    Table,
    degrees,
    interval,
    line,
    plural,
    share,
)
from embarith.report.paper.view import FEWEST, View, called
from embarith.result import AnalogyResult, Result, Spread


def named(view: View) -> Table | None:
    """Table 4: three questions by name."""
    rows: list[Row] = []
    for space in view.spaces:
        result = view.analogy("named", space)
        frame = _first(view.paper.details.get(f"named/{space.name}", ()))
        if result is None or frame is None:
            continue
        known = {row["relation"]: row for row in frame.to_pylist()}
        cells = []
        for question in published.NAMED:
            row = known.get(question)
            cells += (
                ["–", "–"]
                if row is None
                else [degrees(row["angle_raw"]), degrees(row["angle_unit"])]
            )
        rows.append(line(space.name, *cells))
    if not rows:
        return None
    for number, name in enumerate(("CLIP", "ResNet", "Word2Vec")):
        values = [f"{angles[name]:.1f}" for angles in published.NAMED.values()]
        cells = [cell for value in values for cell in (value, "–")]
        rows.append(line(f"published: {name}", *cells, rule=number == 0))
    return Table(
        "Angle of y = b − a + c and d (degrees)",
        (
            Column("space", align="left"),
            *(Column(kind, question) for question in published.NAMED for kind in ("raw", "unit")),
        ),
        tuple(rows),
        (*_unpictured(view), "The published ones do not say whether vectors were raw or unit."),
    )


def _unpictured(view: View) -> Iterator[str]:
    missing, chosen = view.paper.manifest.unpictured, view.paper.manifest.selection
    if missing and chosen and any(space.side == "image" for space in view.spaces):
        yield (
            f"On the image side these words have fewer than {chosen.photographs} photographs: "
            f"{', '.join(missing)}."
        )


def angles(view: View) -> Table | None:
    """Table 5, with what angles must be held against."""
    return _spreads(
        view,
        "Angle of y and d over the chosen questions (degrees)",
        (
            ("raw vectors", "offset", "angle.raw"),
            ("unit vectors", "offset", "angle.unit"),
            ("unit, centred", "offset-centred", "angle.unit"),
            ("c alone", "offset", "companions.angle_only_c"),
            ("y and another d", "offset", "companions.angle_random_d"),
        ),
        "angle.unit",
        degrees,
        published.ANGLES,
        (
            "A rotation leaves angles as they are. A common mean makes all of them small: centring "
            "(on the words of the questions) takes it away, and 'y and another d' is the angle to "
            "another question's answer. AUC, P(cos(y, d) > cos(y, another d)) on unit vectors, is "
            "free of it and may compare spaces. Of untrained copies the range of means over seeds "
            "stands below their mean.",
        ),
    )


def rho(view: View) -> Table | None:
    """Table 6, with what ρ must be held against."""
    return _spreads(
        view,
        "Spearman's ρ of y and d across dimensions, over the chosen questions",
        (
            ("raw vectors", "offset", "rho.raw"),
            ("unit vectors", "offset", "rho.unit"),
            ("unit, centred", "offset-centred", "rho.unit"),
            ("Pearson's r", "offset", "companions.pearson"),
            ("ρ, randomly rotated", "offset", "companions.rho_rotated"),
            ("c alone", "offset", "companions.rho_only_c"),
            ("y and another d", "offset", "companions.rho_random_d"),
        ),
        "rho.unit",
        share,
        published.RHO,
        (
            "ρ across dimensions depends on the basis: the same space turned at random (mean of 20 "
            "rotations) has another, with every angle as it was. So it ranks no spaces, and no p "
            "value over dimensions is given.",
        ),
    )


def _spread(result: Result | None, where: str) -> Spread | None:
    """Return a spread of an analogy result by its place, such as ``angle.raw``."""
    outer, inner = where.split(".")
    found = getattr(getattr(result, outer, None), inner, None)
    return found if isinstance(found, Spread) else None


def _spreads(
    view: View,
    title: str,
    kinds: Sequence[tuple[str, str, str]],
    untrained: str,
    show: Callable[[float | None], str],
    known: dict[str, published.Span],
    notes: tuple[str, ...],
) -> Table | None:
    rows: list[Row] = []
    for space in view.spaces:
        first = True
        for name, part, where in kinds:
            result = view.analogy(part, space)
            spread = _spread(result, where)
            if result is None or spread is None or result.questions.answered < FEWEST:
                continue
            auc = Cell("")
            if part == "offset" and where.endswith(".unit") and result.companions is not None:
                auc = Cell(share(result.companions.auc), interval(result.companions.auc_ci))
            label = f"{called(space, result)}: {name}" if first else name
            kind: Literal["share", "degrees"] = "degrees" if show is degrees else "share"
            mean = Cell(show(spread.mean), interval(spread.ci, kind))
            ends = map(show, (spread.min, spread.max))
            rows.append(line(label, *ends, mean, auc, strong=first, rule=first))
            first = False
        copies = view.paper.results.get(f"untrained/{space.name}", ())
        if copies:
            rows.append(_untrained(copies, untrained, show))
    if not rows:
        return None
    for number, (name, span) in enumerate(known.items()):
        values = map(show, (span.min, span.max, span.mean))
        rows.append(line(f"published: {name}", *values, "–", rule=number == 0))
    return Table(
        title,
        (
            Column("space", align="left"),
            Column("min"),
            Column("max"),
            Column("mean"),
            Column("AUC"),
        ),
        tuple(rows),
        notes,
    )


def _untrained(copies: Sequence[Result], where: str, show: Callable[[float | None], str]) -> Row:
    """Return the spread over copies with random weights, and the range of their means."""
    spreads = [spread for one in copies if (spread := _spread(one, where)) is not None]
    means = sorted(spread.mean for spread in spreads)
    aucs = [
        one.companions.auc
        for one in copies
        if isinstance(one, AnalogyResult) and one.companions and one.companions.auc is not None
    ]
    return line(
        f"same architecture, untrained ({plural(len(spreads), 'seed')}), unit vectors",
        show(min(spread.min for spread in spreads)),
        show(max(spread.max for spread in spreads)),
        Cell(show(sum(means) / len(means)), f"{show(means[0])}–{show(means[-1])}"),
        Cell(share(sum(aucs) / len(aucs)), f"{share(min(aucs))}–{share(max(aucs))}")
        if aucs
        else "–",
    )


def _first(found: Sequence[pa.Table]) -> pa.Table | None:
    return found[0] if found else None
