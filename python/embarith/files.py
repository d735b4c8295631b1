"""Files that appear whole or not at all, and what they hold."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embarith.errors import OptionError


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a path to write to that takes the place of `path` once all went well.

    The new file is on disk before it gets its name, and so is the name when the block is left.
    A link stays a link, to the new file.

    Raises
    ------
    OptionError
        `path` is a folder, a pipe or a device.
    """
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        raise OptionError(f"{path}: no regular file; name one to write, or a new one")
    folder = target.parent
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{target.name}.") as private:
        temporary = Path(private) / target.name
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(file: Path) -> str:
    """Return the sha256 of a file as hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
