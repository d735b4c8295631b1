"""Opening a table by name or path."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from embarith.data.catalogue import CATALOGUE, Entry
from embarith.data.finding import Ask, Found, locate, obtain
from embarith.errors import DataError
from embarith.progress import Progress

if TYPE_CHECKING:
    from embarith.table import EmbeddingTable

DEFAULT = "glove-6b-50d"


def open_table(
    spec: str | Path | None = None,
    *,
    data_dir: str | Path | None = None,
    ask: Ask | None = None,
    progress: Progress | None = None,
) -> EmbeddingTable:
    """Open the table that a path or a name of the catalogue stands for.

    Parameters
    ----------
    spec : str, Path or None
        A file or folder that `embarith.read` reads, or a name of the catalogue; None for the
        table that the environment variable `EMBARITH_TABLE` names, else `glove-6b-50d`.
    data_dir : path, optional
        A data folder to look in first.
    ask : callable, optional
        Called with a line that tells size and licence when the data are absent; they are
        downloaded if it returns True. Without it absent data are an error.
    progress : callable, optional
        Called as `progress(stage, done, total)` in bytes during a download.

    Returns
    -------
    EmbeddingTable
        For a name of the catalogue the provenance says its name, licence, the sha256 of the file
        and whether rows stand in order of frequency.

    Raises
    ------
    DataError
        No such file or name (the nearest ones are suggested), or the data are absent.
    """
    if spec is None:
        spec = os.environ.get("EMBARITH_TABLE") or DEFAULT
    if not str(spec):
        raise DataError("the name of the table is empty; leave it out for the default table")
    entry = CATALOGUE.get(spec) if isinstance(spec, str) else None
    if entry is None:
        path = locate(spec)
        from embarith.readers import read

        return read(path)
    if entry.kind != "vectors":
        raise DataError(f"{entry.name!r} is a set of {entry.kind}, not a table of vectors")
    return _read(entry, obtain(entry, data_dir=data_dir, ask=ask, progress=progress))


def _read(entry: Entry, found: Found) -> EmbeddingTable:
    from embarith.readers import read
    from embarith.table import EmbeddingTable

    table = read(found.path, labels=found.labels)
    provenance = replace(
        table.provenance,
        encoder=entry.name,
        # A bare matrix tells nothing of its origin; the package that carries it does.
        source=found.place if found.labels else table.provenance.source,
        sha256=found.sha256 or table.provenance.sha256,
        licence=entry.licence,
        frequency_order=entry.frequency_order,
    )
    return EmbeddingTable(table.labels, table.vectors, provenance)
