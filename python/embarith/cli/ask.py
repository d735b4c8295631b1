"""``embarith ask``: one question to one table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from embarith.cli import _shared

if TYPE_CHECKING:
    from embarith.table import Similarity


@click.command(
    epilog=_shared.example(
        "embarith ask 'king - man + woman'",
        "embarith ask glove-6b-50d --like 'man:king::woman:?' --why",
        "embarith ask \"'mother-in-law' - woman + man\" --topn 3",
    )
)
@click.argument("arguments", nargs=-1, metavar="[TABLE] EXPRESSION")
@click.option("--like", metavar="A:B::C:?", help="An analogy instead of an expression: b - a + c.")
@click.option(
    "--why",
    is_flag=True,
    help="Split every cosine into what each word adds, and rank by each added word alone.",
)
@click.option(
    "--topn",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="K",
    help="Answers to print.",
)
@click.option(
    "--similarity",
    type=click.Choice(["cosine", "spearman"]),
    default="cosine",
    show_default=True,
    help="Measure of nearness; spearman ranks the dimensions.",
)
@click.option("--raw", is_flag=True, help="Add raw vectors, not unit vectors.")
@_shared.data_option
@_shared.yes_option
@_shared.json_option
def ask(
    *,
    arguments: tuple[str, ...],
    like: str | None,
    why: bool,
    topn: int,
    similarity: Similarity,
    raw: bool,
    data_dir: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Print the words nearest to a sum of words.

    EXPRESSION is a sum such as 'king - man + woman', quoted as a whole for the shell. Quote a
    label with spaces, hyphens or signs once more inside it: "'new york' - usa". A number times a
    label weighs it: '0.5*king + queen'. Inputs nearer than an answer are shown, marked, and not
    counted.
    """
    wanted = 1 if like is None else 0
    if not wanted <= len(arguments) <= wanted + 1:
        raise click.UsageError(
            "give one EXPRESSION, quoted as a whole, after at most one TABLE"
            if like is None
            else "--like takes the place of EXPRESSION; at most a TABLE may stand beside it"
        )
    from embarith.experiments.ask import ask as run
    from embarith.experiments.ask import parse, parse_analogy

    table = arguments[0] if len(arguments) == wanted + 1 else None
    expression = arguments[-1] if like is None else like
    # A slip of the pen need not wait for the table.
    (parse if like is None else parse_analogy)(expression)
    opened = _shared.open_table(table, data_dir, yes)
    answer = run(opened, expression, topn=topn, similarity=similarity, raw=raw, why=why)
    _shared.print_results([answer], as_json)
