"""``embarith images``: photographs of words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from embarith.cli import _shared
from embarith.cli._choosing import questions as choose
from embarith.cli._review import review

if TYPE_CHECKING:
    from embarith.photos.checking import Checked
    from embarith.photos.finding import Found

# Of each kind of finding, for people.
_SHOWN = 8


@click.group(epilog=_shared.example("embarith images check photos"))
def images() -> None:
    """Find, check and judge the photographs of words.

    A collection is a folder with a list of which photograph belongs to which word.
    """


images.add_command(review)
images.add_command(choose)

per_word_option = click.option(
    "--per-word",
    type=click.IntRange(1, 1000),
    default=30,
    show_default=True,
    metavar="N",
    help="Photographs that a word is to have.",
)


@images.command(
    epilog=_shared.example(
        "embarith images find words.txt -o found --per-word 4 --contact me@example.org"
    )
)
@click.argument(
    "words", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--questions", metavar="NAME|FILE", help="The words of a question set.")
@click.option(
    "-o",
    "--output",
    "home",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="The collection to make or to go on with.",
)
@per_word_option
@click.option(
    "--contact",
    default="",
    metavar="TEXT",
    help="Your mail address or page, for the operators of the servers; those who name none are "
    "served less.",
)
@_shared.data_option
@_shared.yes_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON line a word, for machines.")
def find(
    *,
    words: Path | None,
    questions: str | None,
    home: Path,
    per_word: int,
    contact: str,
    data_dir: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Search openly licensed photographs of words and download them into a collection.

    WORDS is a text file of one word a line. What is searched for is the word, or what stands after
    a tab: 'apple<TAB>apple fruit' finds fewer computers.

    Openverse and Wikimedia Commons are asked for what is under CC0, CC BY, CC BY-SA or in the
    public domain. Copies are left out, also those of another word's photographs.

    The work may end at any moment: the same command goes on from there, and the lists are the same.
    """
    from embarith.errors import DataError
    from embarith.photos.finding import as_term, read_terms
    from embarith.photos.finding import find as run

    if (words is None) == (questions is None):
        raise click.UsageError("give either WORDS or --questions")
    if not contact.isprintable() or not contact.isascii():
        raise click.BadParameter("expected printable ASCII", param_hint="--contact")
    if words is not None:
        _shared.refuse("data_dir", "yes", why="only for --questions")
        terms = read_terms(words)
    else:
        asked = _shared.load_questions(str(questions), data_dir, yes)
        terms = {word: as_term(word) for word in asked.words}
    try:
        with _shared.show_progress() as progress:
            found = run(terms, home, per_word=per_word, contact=contact, progress=progress)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"what was found is kept in {home}; the same command goes on from there"
        ) from None
    _print_found(found, per_word, as_json)
    if not any(one.photographs for one in found.words):
        raise DataError(f"no photographs were found of {len(found.words):,} words")


def _print_found(found: Found, per_word: int, as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        for one in found.words:
            click.echo(json.dumps(asdict(one), ensure_ascii=False))
        return
    from rich import box
    from rich.table import Table

    table = Table("word", "searched for", "found", "results", "left out", box=box.SIMPLE_HEAD)
    table.columns[2].justify = table.columns[3].justify = "right"
    for one in found.words:
        why = [f"{count} {reason}" for reason, count in one.left_out.items()]
        if one.photographs < per_word:
            why.append("more was not looked at" if one.more else "there is no more")
        row = (one.word, one.term, str(one.photographs), str(one.results), ", ".join(why))
        table.add_row(*map(_plain, row))
    _shared.print_table(table)
    full = sum(one.photographs >= per_word for one in found.words)
    click.echo(
        f"{sum(one.photographs for one in found.words):,} photographs; {full:,} of "
        f"{len(found.words):,} words have {per_word}; {found.fetched:,} fetched now",
        err=True,
    )


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


@images.command("import", epilog=_shared.example("embarith images import photos -o mine"))
@click.argument("source", metavar="SOURCE", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    "home",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="The collection to make.",
)
def import_(source: Path, home: Path) -> None:
    """Make a collection of the photographs of SOURCE, another collection, where they are.

    Its lists are copied into DIR, which can be written to; the photographs are neither copied nor
    changed.
    """
    from embarith.photos import import_collection

    made = import_collection(source, home)
    click.echo(
        f"{home}: {len(made.words):,} words, {len(made.images):,} photographs in {made.folder}",
        err=True,
    )


@images.command(
    epilog=_shared.example(
        "embarith images check photos", "embarith images check photos --attribution makers.html"
    )
)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@per_word_option
@click.option(
    "--attribution",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.html",
    callback=_shared.check_page,
    help="Write a page that names the creator, licence and source of every photograph.",
)
@_shared.json_option
def check(folder: Path, per_word: int, attribution: Path | None, as_json: bool) -> None:
    """Read all photographs of the collection in DIR and say what is wrong with it.

    Ends with exit code 1 if photographs are missing or damaged.
    """
    from embarith.errors import DataError
    from embarith.files import replacing
    from embarith.photos.attribution import attribution as page
    from embarith.photos.checking import check as run

    with _shared.show_progress() as progress:
        checked = run(folder, per_word=per_word, progress=progress)
    if as_json:
        from msgspec import to_builtins

        click.echo(json.dumps(to_builtins(checked), ensure_ascii=False))
    else:
        _print_checked(checked)
    if attribution is not None:
        with replacing(attribution) as temporary:
            temporary.write_text(page(folder), encoding="utf-8")
    if checked.missing or checked.damaged:
        raise DataError(
            f"{len(checked.missing):,} photographs of {folder} are missing, "
            f"{len(checked.damaged):,} damaged"
        )


def _print_checked(checked: Checked) -> None:
    from rich import box
    from rich.table import Table

    table = Table("what", "number", "which", box=box.SIMPLE_HEAD)
    table.columns[1].justify = "right"
    found: list[tuple[str, int, Sequence[str]]] = [
        ("words", checked.words, ()),
        ("photographs", checked.photographs, ()),
        ("files", checked.files, ()),
        (f"words under {checked.per_word}", *_pairs(checked.short)),
        ("licences", *_pairs(checked.licences)),
        ("not in images.csv", len(checked.unrecorded), checked.unrecorded),
        ("missing", len(checked.missing), checked.missing),
        ("damaged", *_pairs(checked.damaged)),
        ("of several words", *_pairs({one: ", ".join(of) for one, of in checked.shared.items()})),
        ("same file", len(checked.same), [" = ".join(several) for several in checked.same]),
        (
            "same picture",
            len(checked.near),
            [f"{one.first} ~ {one.second} ({one.bits} bits)" for one in checked.near],
        ),
        ("in no list", len(checked.unlisted), checked.unlisted),
    ]
    for what, number, which in found:
        shown = [*which[:_SHOWN]]
        if len(which) > _SHOWN:
            shown.append(f"and {len(which) - _SHOWN:,} more (--json lists them)")
        table.add_row(what, f"{number:,}", _plain("\n".join(shown)))
    _shared.print_table(table)


def _pairs(found: Mapping[str, object]) -> tuple[int, Sequence[str]]:
    return len(found), [f"{name}: {value}" for name, value in found.items()]
