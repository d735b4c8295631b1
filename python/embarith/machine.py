"""What runs a measurement: instruction set, threads, libraries."""

from __future__ import annotations

import hashlib
import platform
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from embarith import _core
from embarith.files import sha256_of
from embarith.result import Run

VERSION: str = _core.__version__

_COMPUTE_NOTHING = (
    *("cli", "data", "export", "readers", "report", "web"),
    *("training/corpus.py", "training/word2vec.py"),
)


def code() -> str:
    """Return the hash of everything that figures are computed by: this package and its libraries.

    Whatever is new counts, but for what shows figures and what makes tables, which have hashes of
    their own.

    Examples
    --------
    >>> len(code())
    64
    """
    digest = hashlib.sha256()
    package = Path(__file__).parent
    for file in sorted((*package.rglob("*.py"), *package.glob("_core*"))):
        if any(file.is_relative_to(package / one) for one in _COMPUTE_NOTHING):
            continue
        digest.update(f"{file.relative_to(package)} {sha256_of(file)}".encode())
    for library in ("numpy", "scipy", "pyarrow"):
        digest.update(version(library).encode())
    return digest.hexdigest()


def describe_run(started: float, paths: dict[str, str], libraries: Sequence[str] = ()) -> Run:
    """Return what differs between machines and leaves the figures as they are.

    Parameters
    ----------
    started : float
        `time.perf_counter()` at the beginning of the run.
    paths : dict of str to str
        Files that were read.
    libraries : sequence of str
        Used besides those that every measurement uses.

    Examples
    --------
    >>> describe_run(time.perf_counter(), {}).threads >= 1
    True
    """
    used = {name: version(name) for name in ("numpy", "scipy", "pyarrow", *libraries)}
    return Run(
        seconds=time.perf_counter() - started,
        isa=_core.isa(),
        threads=_core.threads(),
        paths=paths,
        versions={
            "embarith": VERSION,
            "python": platform.python_version(),
            **used,
        },
    )
