"""``embarith images review``: people judge the photographs of words."""

from __future__ import annotations

import json
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from embarith.cli import _shared

if TYPE_CHECKING:
    from embarith.photos.review import Pair, Review
    from embarith.statistics import Agreement, Coefficient
    from embarith.web.review import Task

_DRAWS = 1_000
_SEED = 0


@click.command(
    epilog=_shared.example(
        "embarith images review photos",
        "embarith images review photos --questions semeval --table vectors/photos.arrow",
        "embarith images review photos --agreement",
    )
)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--reviewer",
    metavar="NAME",
    help="Whose verdicts these are; the login name by default.",
)
@click.option(
    "--questions", metavar="NAME|FILE", help="Show the questions of a set that each word stands in."
)
@click.option(
    "--table",
    metavar="TABLE",
    help="Vectors of the photographs: those least like the others of their word come first.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Port on loopback; 0 for any that is free.",
)
@click.option("--no-browser", is_flag=True, help="Print the address and open no browser.")
@click.option(
    "--agreement", is_flag=True, help="Print how far the reviewers agree, and serve nothing."
)
@_shared.data_option
@_shared.yes_option
@_shared.json_option
def review(
    *,
    folder: Path,
    reviewer: str | None,
    questions: str | None,
    table: str | None,
    port: int,
    no_browser: bool,
    agreement: bool,
    data_dir: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Judge the photographs of the collection in DIR, in a browser.

    Each word is shown with its photographs, to keep or to drop one by one with a key. A verdict is
    on disk, in DIR/reviews/NAME.jsonl, before the page calls it saved; the same command goes on
    where you stopped. What any reviewer dropped is left out of all other work with the collection.

    The page is served to this machine alone, and loads nothing from any other. Ctrl-C ends it.
    """
    if agreement:
        _shared.refuse(
            *("reviewer", "questions", "table", "port", "no_browser"), why="not with --agreement"
        )
        _agreement(folder, as_json)
        return
    if as_json:
        raise click.UsageError("--json: only with --agreement")
    from embarith.photos.review import Journal
    from embarith.web import serving
    from embarith.web.review import review_page, summary

    serving.require()
    task = _task(folder, questions, table, data_dir, yes)
    with (
        closing(serving.listen(port)) as listening,
        Journal(folder, reviewer or _login()) as journal,
    ):
        try:
            # Ctrl-C is how a review ends.
            with suppress(KeyboardInterrupt):
                url = serving.address(listening)
                click.echo(f"{folder}, reviewer {journal.path.stem}: {url} (Ctrl-C ends)", err=True)
                if not no_browser:
                    serving.open_browser(url)
                serving.serve(review_page(task, journal), listening)
        finally:
            click.echo(f"{summary(task, journal)}.", err=True)


def _task(
    folder: Path, questions: str | None, table: str | None, data_dir: Path | None, yes: bool
) -> Task:
    from embarith.photos import WORDS, read_collection, read_words
    from embarith.photos.review import read_queries
    from embarith.questions.contexts import contexts
    from embarith.web.review import Task, outliers_first

    within = read_collection(folder).folder
    # With what was dropped, to be seen and kept again.
    words = read_words(folder / WORDS)
    asked = (
        {}
        if questions is None
        else contexts(_shared.load_questions(questions, data_dir, yes), words)
    )
    alike = {} if table is None else _likeness(table, words, data_dir, yes)
    return Task(
        home=folder,
        folder=within,
        words=outliers_first(words, alike) if alike else words,
        senses=read_queries(folder / WORDS),
        questions=asked,
        likeness=alike,
    )


def _likeness(
    table: str, words: dict[str, tuple[str, ...]], data_dir: Path | None, yes: bool
) -> dict[Pair, float]:
    from embarith.errors import OptionError
    from embarith.photos import likeness

    found = likeness(_shared.open_table(table, data_dir, yes), words)
    if not found:
        raise OptionError(
            f"{table} holds no two photographs of a word of this collection; the labels have to be "
            "the names of its images, as `embarith encode --collection` writes them in photos.arrow"
        )
    return found


def _login() -> str:
    import getpass

    from embarith.errors import OptionError

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise OptionError("this login has no name; give one with --reviewer") from None


def _agreement(folder: Path, as_json: bool) -> None:
    """Print the agreement of each two reviewers on what both judged."""
    from dataclasses import asdict
    from itertools import combinations

    from embarith.errors import DataError
    from embarith.photos.review import REVIEWS, read_reviews

    reviews = read_reviews(folder)
    found = []
    for one, other in combinations(reviews, 2):
        common = [pair for pair in one.verdicts if pair in other.verdicts]
        if common:
            found.append(
                (one, other, len({word for word, _ in common}), _measure(one, other, common))
            )
    if not found:
        names = ", ".join(review.reviewer for review in reviews) or "nobody"
        raise DataError(
            f"{folder / REVIEWS}: no two reviewers have judged the same photographs ({names} has "
            "given verdicts); the second one starts with another --reviewer"
        )
    if as_json:
        for one, other, words, agreed in found:
            facts = {"reviewers": [one.reviewer, other.reviewer], "words": words}
            facts |= {"categories": ["keep", "drop"]} | asdict(agreed)
            click.echo(json.dumps(facts | {"draws": _DRAWS, "seed": _SEED}, ensure_ascii=False))
        return
    for one, other, words, agreed in found:
        (kept, second), (first, gone) = agreed.counts
        click.echo(
            f"{one.reviewer} and {other.reviewer}: {kept + first + second + gone:,} photographs of "
            f"{words:,} words judged by both\n"
            f"  kept by both {kept:,}, dropped by both {gone:,}, "
            f"by {one.reviewer} alone {first:,}, by {other.reviewer} alone {second:,}\n"
            f"  raw agreement  {_shown(agreed.raw)}\n"
            f"  Cohen's kappa  {_shown(agreed.kappa)}\n"
            f"  Gwet's AC1     {_shown(agreed.ac1)}"
        )
    click.echo(
        f"Intervals: 95 %, words drawn again {_DRAWS:,} times with all their photographs. "
        "Kappa collapses where nearly all is kept; AC1 does not.",
        err=True,
    )


def _measure(one: Review, other: Review, common: list[Pair]) -> Agreement:
    import numpy as np

    from embarith.draws import generator
    from embarith.photos.review import VERDICTS
    from embarith.statistics import agreement

    first, second = (
        np.array([VERDICTS.index(review.verdicts[pair]) for pair in common])
        for review in (one, other)
    )
    _, unit = np.unique([word for word, _ in common], return_inverse=True)
    return agreement(
        first,
        second,
        unit.astype(np.int64),
        categories=len(VERDICTS),
        draws=_DRAWS,
        random=generator(_SEED, "agreement"),
    )


def _shown(coefficient: Coefficient) -> str:
    if coefficient.value is None:
        return "undefined, as both gave one and the same verdict on all"
    if coefficient.ci is None:
        return f"{coefficient.value:.3f}, no interval"
    low, high = coefficient.ci
    return f"{coefficient.value:.3f} [{low:.3f}, {high:.3f}]"
