"""Finding a question set by its published name or by a path."""

from __future__ import annotations

from pathlib import Path

from embarith.data import Ask, locate
from embarith.errors import FormatError, OptionError, nearest
from embarith.progress import Progress
from embarith.questions import bats, choice, custom, google, msr, semeval, similarity
from embarith.questions.lines import first
from embarith.questions.model import AnalogySet, ChoiceSet
from embarith.questions.semeval import SemEval
from embarith.questions.similarity import SimilaritySet

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
SIMILARITY_NAMES = ("wordsim353", "simlex999")


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
    elif spec in SIMILARITY_NAMES:
        raise OptionError(f"{spec} holds rated pairs and no analogies; ask it by similarity")
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


def load_similarity(
    spec: str | Path,
    *,
    data_dir: Path | None = None,
    ask: Ask | None = None,
    progress: Progress | None = None,
) -> SimilaritySet:
    """Load rated pairs of words by name, or from a file.

    Parameters
    ----------
    spec : str or Path
        One of `SIMILARITY_NAMES`, or a file of two words and a rating a line (see
        `embarith.questions.similarity`). A name wins over a file of the same name.
    data_dir, ask, progress
        As for `load`.

    Raises
    ------
    OptionError
        If `spec` is neither name nor file.
    DataError
        If the data of a name is absent.
    FormatError
        If a file has a fault; names the line.
    """
    if isinstance(spec, str) and spec in SIMILARITY_NAMES:
        return similarity.read(locate(spec, data_dir=data_dir, ask=ask, progress=progress))
    if Path(spec).is_file():
        return similarity.read(Path(spec))
    raise OptionError(
        f"no rated pairs {str(spec)!r}: neither a name nor a file"
        + (nearest(str(spec), SIMILARITY_NAMES) or f"; there are {', '.join(SIMILARITY_NAMES)}")
    )


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
