"""What is said about a question in the plane: how much of it the plane shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from embarith.report.document import (
    Column,
    Facts,
    Section,
    Table,
    degrees,
    line,
    percent,
    plural,
    share,
)
from embarith.report.facts import describe_table
from embarith.result import PlaneResult


def sections(results: Sequence[PlaneResult]) -> Iterator[Section]:
    """Yield one section a result."""
    for result in results:
        yield Section(
            f"{result.question} in the plane, {result.encoder.name}",
            (_facts(result), _words(result), _distances(result)),
        )


def _facts(result: PlaneResult) -> Facts:
    first, second = result.variance
    rows = [
        ("table", describe_table(result.encoder)),
        (
            "plane",
            f"first two principal components of the unit vectors of the {result.fitted_on}: "
            f"{percent(first)} and {percent(second)} of their variance",
        ),
        (
            "absent",
            ", ".join(
                f"{plural(count, 'photograph')} of {word}" for word, count in result.absent.items()
            ),
        ),
    ]
    return Facts(tuple(row for row in rows if row[1]))


def _words(result: PlaneResult) -> Table:
    columns = [
        Column("", align="left"),
        Column("word", align="left"),
        Column("first", "axis"),
        Column("second", "axis"),
        Column("off plane"),
    ]
    photographed = result.fitted_on == "photographs"
    if photographed:
        columns += [Column("n", "photographs"), Column("spread", "photographs")]
        columns += [Column("in plane", "photographs")]
    rows = []
    for word in result.words:
        cells = [word.place, word.word, share(word.x), share(word.y), share(word.off)]
        if photographed:
            cells += [f"{word.photographs:,}", share(word.spread), share(word.spread_in_plane)]
        rows.append(line(*cells))
    y = result.offset
    if y is not None:
        cells = ["y", "b − a + c", share(y.x), share(y.y), share(y.off)]
        rows.append(line(*cells, *[""] * (len(columns) - len(cells)), strong=True))
    notes = []
    if photographed:
        notes.append(
            "A word is the mean of the unit vectors of its photographs; spread: root mean square "
            "distance of its photographs to it, in all dimensions and in the plane."
        )
    shared = len(result.photographs) - len({one.image for one in result.photographs})
    if shared:
        notes.append(f"{plural(shared, 'photograph')} shown for two words.")
    return Table("Where the words lie", tuple(columns), tuple(rows), tuple(notes))


def _distances(result: PlaneResult) -> Table:
    names = {word.place: word.word for word in result.words} | {"y": "y"}
    rows = tuple(
        line(
            f"{names[one.first]}, {names[one.second]}",
            degrees(one.angle),
            share(one.distance),
            share(one.in_plane),
            percent(one.in_plane / one.distance if one.distance else None),
            strong={one.first, one.second} == {"d", "y"},
        )
        for one in result.distances
    )
    notes = ["A plane only ever shortens distances: what looks near need not be."]
    y = result.offset
    if y is not None and y.angle is not None:
        nearer = "nearer to" if (y.angle_only_c or 0) > y.angle else "no nearer to"
        notes += [
            f"In all dimensions y is at {degrees(y.angle)}° to d, c alone at "
            f"{degrees(y.angle_only_c)}°: the offset brings y {nearer} d.",
            f"b − a and d − c enclose {degrees(y.angle_offsets)}°, in the plane "
            f"{degrees(y.angle_offsets_in_plane)}°.",
        ]
    return Table(
        "Distances in all dimensions, and what the plane shows of them",
        (
            Column("", align="left"),
            Column("angle (°)"),
            Column("distance"),
            Column("in plane"),
            Column("shown"),
        ),
        rows,
        tuple(notes),
    )
