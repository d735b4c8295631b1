"""``embarith data``: question sets and vectors by name, here or from where they are published."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from embarith.cli import _shared

if TYPE_CHECKING:
    from embarith.data import Entry


def _complete(_ctx: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    from embarith.data import CATALOGUE

    return [name for name in CATALOGUE if name.startswith(typed)]


name_argument = click.argument("name", shell_complete=_complete)


@click.group(epilog=_shared.example("embarith data list"))
def data() -> None:
    """Find and download question sets and vectors.

    A name is looked for in --data DIR, in the folder EMBARITH_DATA, in installed packages that
    carry the data and in the download cache.
    """


@data.command("list", epilog=_shared.example("embarith data list", "embarith data list --json"))
@_shared.data_option
@_shared.json_option
def list_(data_dir: Path | None, as_json: bool) -> None:
    """Show every name with its size and licence, and where it was found.

    The hashes of a pinned set are known; those of an unpinned one are recorded when it is first
    downloaded.
    """
    from embarith.data import CATALOGUE

    entries = [(entry, _where(entry, data_dir)) for entry in CATALOGUE.values()]
    if as_json:
        for entry, found in entries:
            facts = asdict(entry) | {"sha256": dict(entry.sha256), "pinned": entry.pinned}
            click.echo(json.dumps(facts | found, ensure_ascii=False))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from embarith.data.catalogue import human

    table = Table("name", "kind", "size", "licence", "sha256", "found", box=box.SIMPLE_HEAD)
    table.columns[2].justify = "right"
    for entry, found in entries:
        pin = "pinned" if entry.pinned else "unpinned"
        place = found["place"] or ("see below" if found["fault"] else "-")
        table.add_row(entry.name, entry.kind, human(entry.size), entry.licence, pin, place)
    Console(width=None if sys.stdout.isatty() else 120, highlight=False).print(table)
    for _, found in entries:
        if found["fault"]:
            click.echo(found["fault"], err=True)


def _where(entry: Entry, data_dir: Path | None) -> dict[str, Any]:
    from embarith.data.finding import find
    from embarith.errors import DataError

    try:
        found = find(entry, data_dir=data_dir)
    except DataError as fault:
        return {"place": None, "found": None, "fault": str(fault)}
    if found is None:
        return {"place": None, "found": None, "fault": None}
    return {"place": found.place, "found": str(found.path), "fault": None}


@data.command(epilog=_shared.example("embarith data fetch google --yes"))
@name_argument
@click.option("--yes", is_flag=True, help="Do not ask: I have seen size and licence.")
def fetch(name: str, yes: bool) -> None:
    """Download NAME into the cache and print its path.

    Size and licence are shown first, and you are asked. What is on this machine already is not
    downloaded again.
    """
    from embarith import data as library
    from embarith.data.catalogue import entry_of
    from embarith.data.finding import by_hand, find
    from embarith.errors import DataError, OptionError

    entry = entry_of(name)
    found = find(entry)
    if found is not None:
        click.echo(f"{name} is here already ({found.place})", err=True)
        click.echo(found.path)
        return
    if entry.url:
        offer = f"{entry.offer()} from {entry.url}"
        ask = _shared.consent(yes)
        if ask is None:
            raise OptionError(f"{offer}: nobody can be asked, as this is no terminal; --yes agrees")
        if not ask(offer):
            raise DataError(f"{name!r} was not downloaded; you may {by_hand(entry)}")
    with _shared.show_progress() as progress:
        path = library.fetch(name, progress=progress)
    click.echo(path)


@data.command(epilog=_shared.example("embarith data path google"))
@name_argument
@_shared.data_option
@_shared.json_option
def path(name: str, data_dir: Path | None, as_json: bool) -> None:
    """Print where NAME lies on this machine."""
    from embarith.data import locate

    found = str(locate(name, data_dir=data_dir))
    click.echo(json.dumps({"name": name, "path": found}) if as_json else found)
