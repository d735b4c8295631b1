"""What is said about how words lie in a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from embarith.report.document import (
    Cell,
    Column,
    Facts,
    Row,
    Section,
    Table,
    line,
    measured,
    null,
    percent,
    plural,
)
from embarith.report.facts import describe_table
from embarith.result import GeometryResult

_COLUMNS = (
    Column("", align="left"),
    *(Column(title, space) for space in ("unit", "centred") for title in ("measured", "random")),
)


def sections(results: Sequence[GeometryResult]) -> Iterator[Section]:
    """Yield the comparison of several results, and one section a result."""
    if len(results) > 1:
        yield Section("Tables compared by how words lie in them", (_compared(results),))
    for result in results:
        title = f"How the words lie in {result.encoder.name}"
        yield Section(title, (_facts(result), _shapes(result), _hubs(result)))


def _facts(result: GeometryResult) -> Facts:
    words, norms = result.words, result.norms
    covered = f"{words.name}: {plural(words.size, 'row')}"
    missing = list(result.coverage.missing)
    if missing:
        covered += f", {percent(result.coverage.share)} of the set"
    variation = norms.variation
    rows = (
        ("table", describe_table(result.encoder)),
        ("words", f"{covered}; case {result.case}"),
        ("missing", _missing(missing)),
        (
            "lengths",
            f"{norms.min:.3g} to {norms.max:.3g}, mean {norms.mean.value:.3g}, standard deviation "
            f"{percent(variation.value)} of it",
        ),
        ("seed", str(result.seed)),
    )
    return Facts(tuple(row for row in rows if row[1]))


def _missing(words: Sequence[str], most: int = 8) -> str:
    named = ", ".join(words[:most])
    rest = len(words) - most
    return named + (f" and {plural(rest, 'other word')}" if rest > 0 else "")


def _shapes(result: GeometryResult) -> Table:
    named = {
        "mean_cosine": "mean cosine between words",
        "mean_length": "length of the mean vector",
        "first_component": "variance in 1 component",
        "first_ten": "variance in 10 components",
        "skewness": f"skewness of N{result.k}",
        "antihubs": "share of anti-hubs",
    }
    rows = []
    for name, title in named.items():
        cells: list[Cell] = []
        for space in (result.unit, result.centered):
            one = getattr(space, name)
            cells += [measured(one), null(one)]
        rows.append(line(title, *cells, rule=name == "skewness"))
    random = plural(result.random_tables, "random table")
    notes = (
        f"Random: the same of {random}, isotropic, of as many rows and dimensions, with the 95 % "
        "interval over them. Intervals beside measured figures are from resampling words.",
        f"N{result.k} counts in how many other words' lists of {result.k} nearest a word stands; "
        "anti-hubs stand in none. Centred: unit vectors less their mean, scaled to unit length.",
    )
    return Table("Anisotropy and hubness", _COLUMNS, tuple(rows), notes)


def _hubs(result: GeometryResult) -> Table:
    rows = []
    for one, other in zip(result.unit.hubs, result.centered.hubs, strict=True):
        rows.append(line(one.word, f"{one.count:,}", other.word, f"{other.count:,}"))
    count = f"N{result.k}"
    columns = (
        Column("word", "unit", "left"),
        Column(count, "unit"),
        Column("word", "centred", "left"),
        Column(count, "centred"),
    )
    return Table("The greatest hubs", columns, tuple(rows))


def _compared(results: Sequence[GeometryResult]) -> Table:
    columns = [Column("table", align="left"), Column("words"), Column("dim.")]
    for space in ("unit", "centred"):
        columns += [Column("mean cosine", space), Column("skewness", space)]
    rows = []
    for result in results:
        cells = [
            Cell(result.encoder.name),
            Cell(f"{result.words.size:,}"),
            Cell(str(result.encoder.dimensions)),
        ]
        for shape in (result.unit, result.centered):
            cells += map(measured, (shape.mean_cosine, shape.skewness))
        rows.append(Row(tuple(cells)))
    notes = ["What random vectors have depends on rows and dimensions: see each table's own null."]
    if len({result.words.sha256 for result in results}) > 1:
        notes.append("Not comparable: the tables were measured on different words.")
    if len({result.k for result in results}) > 1:
        notes.append("Not comparable: hubs are of different numbers of neighbours.")
    return Table("", tuple(columns), tuple(rows), tuple(notes))
