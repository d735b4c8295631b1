"""``embarith semeval``: SemEval-2012 Task 2 as its organisers scored it."""

from __future__ import annotations

from pathlib import Path

import click

from embarith.cli import _shared


@click.command(epilog=_shared.example("embarith semeval glove-6b-50d"))
@_shared.tables_argument
@_shared.seed_option
@_shared.data_option
@_shared.yes_option
@_shared.json_option
def semeval(
    tables: tuple[str, ...], seed: int, data_dir: Path | None, yes: bool, as_json: bool
) -> None:
    """Score SemEval-2012 Task 2: MaxDiff and Spearman's rho.

    A pair counts as much an example of its relation as its offset resembles those of the
    relation's paradigm pairs. Pairs with a missing word are rated 0, as the reference does; the
    figures over covered pairs alone stand beside.
    """
    from embarith.experiments.semeval import semeval as run
    from embarith.questions import SemEval

    asked = _shared.load_questions("semeval", data_dir, yes)
    assert isinstance(asked, SemEval)
    opened = [
        _shared.open_table(table, data_dir, yes, words=asked.words) for table in tables or (None,)
    ]
    with _shared.show_progress() as progress:
        results = [run(table, asked, seed=seed, progress=progress) for table in opened]
    _shared.print_results(results, as_json)
