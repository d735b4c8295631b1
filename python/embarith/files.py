"""Files that appear whole or not at all, and what they hold."""

from __future__ import annotations

import errno
import glob
import gzip
import hashlib
import io
import lzma
import os
import shutil
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Any

from embarith.errors import EmbarithError, FormatError, OptionError

# What the standard library raises for archives that are cut, damaged, encrypted or unknown to it.
DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)

# Seconds after which a file that nobody wrote to is no longer being written.
_ABANDONED = 3600

# Bytes written or hashed at a time: nothing sees Ctrl-C meanwhile.
_PIECE = 1 << 22


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a path to write to that takes the place of `path` once all went well.

    The new file is on disk before it gets its name, and so is the name when the block is left.
    A link stays a link, to the new file.

    Raises
    ------
    OptionError
        `path` is a folder, a pipe or a device.
    OSError
        Names `path`, not the temporary file, and says what the system said.
    """
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        raise OptionError(f"{path}: no regular file; name one to write, or a new one")
    folder = target.parent
    _remove_leftovers(target)
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=f".{target.name}.") as private:
            temporary = Path(private) / target.name
            yield temporary
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(target)
    except OSError as error:
        named = str(error.filename or "")
        ours = not named or named.startswith(f"{folder}{os.sep}.{target.name}.")
        if ours and not isinstance(error, EmbarithError):
            error.errno, error.strerror = error.errno or errno.EIO, error.strerror or str(error)
            error.filename = str(path)
        raise
    _sync(folder)


@contextmanager
def filling(folder: str | Path) -> Iterator[Path]:
    """Yield a folder whose files come to stand in `folder` once all went well.

    A new folder appears whole. In one that is there the files replace those of their names, one
    after the other; it stays the same folder, as somebody may work in it.

    Raises
    ------
    OSError
        Names the files as they would stand in `folder`.
    """
    target = Path(folder).resolve()
    there = target.is_dir()
    home = target if there else target.parent
    home.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(home / target.name)
    try:
        with tempfile.TemporaryDirectory(dir=home, prefix=f".{target.name}.") as private:
            made = Path(private) / target.name
            made.mkdir()
            yield made
            if there:
                for file in sorted(made.iterdir()):
                    file.replace(target / file.name)
            else:
                made.rename(target)
    except OSError as error:
        named = str(error.filename or "")
        if named.startswith(f"{home}{os.sep}.{target.name}."):
            error.filename = str(Path(folder, *Path(named).relative_to(home).parts[2:]))
        raise
    _sync(home)


def _sync(folder: Path) -> None:
    """Have the names in a folder on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_leftovers(target: Path) -> None:
    """Remove what was left by processes that were killed while they wrote this file."""
    for folder in target.parent.glob(f".{glob.escape(target.name)}.????????"):
        with suppress(OSError):
            inside = list(folder.iterdir())
            latest = max(place.stat().st_mtime for place in (folder, *inside))
            ours = [place.name for place in inside] in ([], [target.name])
            if ours and time.time() - latest > _ABANDONED:
                shutil.rmtree(folder)


class PieceFile(io.FileIO):
    """A file that takes much at once in pieces, each of them on disk before the next.

    One write of a whole table, or the one fsync after it, would hold Ctrl-C up until it is done.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w")
        self._unsynced = 0

    def write(self, data: Any) -> int:
        """Write all of the data."""
        rest = memoryview(data).cast("B")
        total = len(rest)
        while len(rest):
            written = super().write(rest[:_PIECE])
            rest = rest[written:]
            self._unsynced += written
            if self._unsynced >= _PIECE:
                os.fsync(self.fileno())
                self._unsynced = 0
        return total


def leads_out(name: str) -> bool:
    """Whether a name that is to be joined to a folder leads out of it, whatever the folder holds.

    Examples
    --------
    >>> [leads_out(name) for name in ("7.jpg", "a/7.jpg", "../7.jpg", "/home/7.jpg")]
    [False, False, True, True]
    """
    return Path(name).is_absolute() or ".." in Path(name).parts or "\0" in name


def inside(folder: Path, name: str) -> Path:
    """Return the place of a file that a list or a table names within a folder.

    Whoever made the list must not choose what else is read: the file may end up on a page.

    Parameters
    ----------
    folder : Path
    name : str
        A path relative to it.

    Raises
    ------
    FormatError
        The name, or a link on the way, leads out of the folder.
    """
    if leads_out(name):
        raise FormatError(f"{name!r} leads out of {folder}; expected a name within the folder")
    file = folder / name
    # Unlike `resolve`, this takes links in a circle for files that are not there.
    end = Path(os.path.realpath(file))
    if not end.is_relative_to(os.path.realpath(folder)):
        raise FormatError(f"{file}: a link out of the folder, to {end}; put the file itself there")
    return file


def read_regular(path: str | Path) -> bytes:
    """Return what a file holds, that is no pipe or device, on which reading may wait for ever.

    Raises
    ------
    OSError
        Names the path.
    """
    path = Path(path)
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.EINVAL, "no regular file", str(path))
    return path.read_bytes()


def sha256_of(file: Path, stop: Event | None = None) -> str:
    """Return the sha256 of a file as hexadecimal digits.

    Parameters
    ----------
    file : Path
    stop : Event, optional
        Once set, the rest of the file is left out: nobody wants the hash any more.
    """
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(1 << 20))
    with file.open("rb", buffering=0) as stream:
        while (size := stream.readinto(buffer)) and not (stop and stop.is_set()):
            digest.update(buffer[:size])
    return digest.hexdigest()
