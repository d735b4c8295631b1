"""``embarith report``: saved results, merged and drawn again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from embarith.cli import _shared

if TYPE_CHECKING:
    from embarith.result import Result

FORMATS = ("terminal", "md", "latex", "csv", "html")


@click.command(
    epilog=_shared.example(
        "embarith analogy --questions sat --json > sat.json",
        "embarith semeval --json > semeval.json",
        "embarith report sat.json semeval.json --format latex > tables.tex",
    )
)
@click.argument(
    "results",
    nargs=-1,
    required=True,
    metavar="RESULT.json...",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    default="terminal",
    show_default=True,
    help="What to print.",
)
def report(results: tuple[Path, ...], format_: str) -> None:
    """Merge saved results and print them as a report.

    RESULT.json is what a command printed with --json. A file may hold several results, one a
    line; '-' is standard input. Nothing is searched again.
    """
    from embarith.report import render

    records = [record for path in results for record in _read(path)]
    if format_ == "terminal":
        _shared.print_results(records, as_json=False)
    else:
        click.echo(render(records, format_), nl=False)


def _read(path: Path) -> list[Result]:
    import msgspec

    from embarith.errors import FormatError
    from embarith.result import from_json

    records = []
    with click.open_file(str(path), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                records.append(from_json(line))
            except (msgspec.MsgspecError, ValueError) as error:
                raise FormatError(f"{path}:{number}: no result of embarith: {error}") from None
    if not records:
        raise FormatError(f"{path}: holds no result; 'embarith analogy --json' writes them")
    return records
