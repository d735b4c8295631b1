"""``embarith geometry``: how words lie in a table."""

from __future__ import annotations

from pathlib import Path

import click

from embarith.cli import _shared


@click.command(
    epilog=_shared.example(
        "embarith geometry --questions google", "embarith geometry glove-6b-50d --words nouns.txt"
    )
)
@_shared.tables_argument
@click.option(
    "--words",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The words to look at, one a line.",
)
@click.option("--questions", metavar="NAME|FILE", help="The words of a question set.")
@_shared.seed_option
@_shared.data_option
@_shared.yes_option
@_shared.json_option
def geometry(
    *,
    tables: tuple[str, ...],
    words: Path | None,
    questions: str | None,
    seed: int,
    data_dir: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Measure anisotropy, lengths and hubs of the words of a set.

    Each figure stands beside that of random tables of as many rows and dimensions, as unit vectors
    are and after centring. Without a set all rows are looked at, which takes time that grows with
    the square of their number.
    """
    from embarith.experiments.geometry import geometry as run

    if words is not None and questions is not None:
        raise click.UsageError("give one of --words and --questions")
    chosen, name = None, None
    if words is not None:
        chosen, name = _shared.read_lines(words), words.name
    elif questions is not None:
        asked = _shared.load_questions(questions, data_dir, yes)
        chosen, name = list(asked.words), asked.name
    opened = [
        _shared.open_table(table, data_dir, yes, words=chosen or ()) for table in tables or (None,)
    ]
    with _shared.show_progress() as progress:
        results = [run(table, chosen, name=name, seed=seed, progress=progress) for table in opened]
    _shared.print_results(results, as_json)
