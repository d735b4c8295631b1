"""``embarith similarity``: cosines against human ratings of word pairs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from embarith.cli import _shared

if TYPE_CHECKING:
    from embarith.questions import SimilaritySet
    from embarith.result import SimilarityResult


@click.command(
    epilog=_shared.example(
        "embarith similarity glove-6b-50d", "embarith similarity --pairs simlex999 --json"
    )
)
@_shared.tables_argument
@click.option(
    "--pairs",
    "specs",
    multiple=True,
    default=("wordsim353", "simlex999"),
    show_default=True,
    metavar="NAME|FILE",
    help="wordsim353, simlex999, or a file of two words and a rating a line, separated by tabs, "
    "commas or spaces; may be given several times.",
)
@click.option(
    "--case",
    type=click.Choice(["exact", "lower", "fold"]),
    default="exact",
    show_default=True,
    help="How words meet labels; a table without capitals gets them lower-cased.",
)
@_shared.seed_option
@_shared.data_option
@_shared.yes_option
@_shared.json_option
def similarity(
    *,
    tables: tuple[str, ...],
    specs: tuple[str, ...],
    case: str,
    seed: int,
    data_dir: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Correlate cosines with how alike people rated pairs of words.

    Spearman's rho stands over the pairs that a TABLE covers, and over all with a missing word's at
    cosine 0. Several tables are also compared on the pairs that all of them cover, by the paired
    bootstrap.
    """
    from embarith.experiments.similarity import similarity as run

    asked = [_load(spec, data_dir, yes) for spec in specs]
    words = list(dict.fromkeys(word for one in asked for word in one.words))
    opened = [_shared.open_table(table, data_dir, yes, words=words) for table in tables or (None,)]
    results: list[SimilarityResult] = []
    for one in asked:
        results += run(opened, one, case=case, seed=seed)
    _shared.print_results(results, as_json)


def _load(spec: str, data_dir: Path | None, yes: bool) -> SimilaritySet:
    from embarith.questions import load_similarity

    with _shared.show_progress() as progress:
        return load_similarity(spec, data_dir=data_dir, ask=_shared.consent(yes), progress=progress)
