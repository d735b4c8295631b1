"""Where the published sets lie, until `embarith.data` finds them."""

from __future__ import annotations

import os
from pathlib import Path

from embarith.errors import DataError

_FOLDERS = {
    "google": "analogy/google",
    "msr": "analogy/msr",
    "bats": "analogy/bats",
    "sat-style": "analogy/sat_style",
    "semeval": "semeval2012t2",
}


def locate(name: str, *, data_dir: Path | None = None) -> Path:
    """Return the folder of a published set below `data_dir` or ``EMBARITH_DATA``."""
    root = data_dir or os.environ.get("EMBARITH_DATA")
    if root is None or not (path := Path(root) / _FOLDERS[name]).is_dir():
        raise DataError(f"{name}: not found; set EMBARITH_DATA to the folder of data")
    return path
