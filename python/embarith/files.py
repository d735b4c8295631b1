"""Files that appear whole or not at all, and what they hold."""

from __future__ import annotations

import errno
import glob
import gzip
import hashlib
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

from embarith.errors import EmbarithError, OptionError

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


def sha256_of(file: Path) -> str:
    """Return the sha256 of a file as hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
