"""Finding a question set by its published name or by a path."""

from __future__ import annotations

from pathlib import Path

from embarith.data import Ask, locate
from embarith.errors import FormatError, OptionError, nearest
from embarith.progress import Progress
from embarith.questions import bats, choice, custom, google, msr, semeval
from embarith.questions.lines import first
from embarith.questions.model import AnalogySet, ChoiceSet
from embarith.questions.semeval import SemEval

# Names of the multiple-choice sets, which one entry of the catalogue holds, and their files in it.
_CHOICES = {
    f"{name}{part}": f"{file}{part or '.test'}.jsonl"
    for part in ("", ".valid")
    for name, file in (
        ("sat", "sat"),
        ("u2", "u2"),
        ("u4", "u4"),
        ("google-choice", "google"),
        ("bats-choice", "bats"),
    )
}
NAMES = ("google", "msr", "bats", "semeval", *_CHOICES)


def load(
    spec: str | Path,
    *,
    extended: str | None = None,
    data_dir: Path | None = None,
    ask: Ask | None = None,
    progress: Progress | None = None,
) -> AnalogySet | ChoiceSet | SemEval:
    """Load a question set by name, or from a file or folder recognised by its content.

    Parameters
    ----------
    spec : str or Path
        One of `NAMES`, or a path: a published file or folder as it is (Google, MSR, BATS,
        SemEval-2012 Task 2, SAT-style JSON lines), or a user's own file (see
        `embarith.questions.custom`). A name wins over a file of the same name (``./google``).
    extended : {"anchor", "chain", "relation"}, optional
        Make analogy questions of SemEval's rated pairs; see `SemEval.extended`.
    data_dir : Path, optional
        Folder of data to look in first for a name.
    ask, progress : callable, optional
        Offer a download of absent data and follow it, as `embarith.data.locate` has them.

    Raises
    ------
    OptionError
        If `spec` is neither name nor path, or `extended` is asked of another set than SemEval.
    DataError
        If the data of a name is absent.
    FormatError
        If a file is no question set or has a fault; names the line.

    Examples
    --------
    >>> from embarith.errors import OptionError
    >>> try:
    ...     load("gogle")
    ... except OptionError as error:
    ...     print(error)
    no question set 'gogle': neither a name nor a path; did you mean 'google'?
    """
    if isinstance(spec, str) and spec in NAMES:
        entry = "sat-style" if spec in _CHOICES else spec
        path = locate(entry, data_dir=data_dir, ask=ask, progress=progress)
        loaded = _read(path / _CHOICES.get(spec, ""))
    elif Path(spec).exists():
        loaded = _read(Path(spec))
    else:
        raise OptionError(
            f"no question set {str(spec)!r}: neither a name nor a path"
            + (nearest(str(spec), NAMES) or f"; there are {', '.join(NAMES)}")
        )
    if extended is None:
        return loaded
    if not isinstance(loaded, SemEval):
        raise OptionError(
            f"{loaded.name} has no extended set: only semeval has (readings: "
            f"{', '.join(semeval.READINGS)})"
        )
    return loaded.extended(extended)


def _read(path: Path) -> AnalogySet | ChoiceSet | SemEval:
    if not path.is_dir():
        return _read_file(path)
    if semeval.is_semeval(path):
        return semeval.read(path)
    if bats.files(path):
        return bats.read(path)
    for name in (google.FILE, msr.FILE):
        if (path / name).is_file():
            return _read_file(path / name)
    raise FormatError(
        f"{path}: no published question set in this folder; for your own questions give a file"
    )


def _read_file(path: Path) -> AnalogySet | ChoiceSet:
    line = first(path)
    if line.startswith(":"):
        return google.read(path)
    if line == msr.FIRST:
        return msr.read(path)
    if line.startswith("{") and '"stem"' in line:
        return choice.read(path)
    if line.count("\t") == 1:
        return bats.read(path)
    return custom.read(path)
