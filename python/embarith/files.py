"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a path to write to that takes the place of `path` once all went well.

    The new file is on disk before it gets its name, and so is the name when the block is left.
    """
    target = Path(path)
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
