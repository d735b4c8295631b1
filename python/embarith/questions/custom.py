"""A user's own questions ``a b c d [relation]`` in TSV, CSV, JSON lines or plain words."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from embarith.errors import FormatError
from embarith.questions.lines import first, numbered
from embarith.questions.model import AnalogySet

_COLUMNS = ["a", "b", "c", "d", "relation"]
_Row = tuple[int, str, str, str, tuple[str, ...], str]


class _Question(msgspec.Struct, forbid_unknown_fields=True):
    a: str
    b: str
    c: str
    d: str | tuple[str, ...]
    relation: str = ""


def read(path: Path) -> AnalogySet:
    """Read a user's questions; the first line shows which layout the file has.

    Parameters
    ----------
    path : Path
        One question a line:

        - JSON lines (the first line begins with ``{``): ``{"a", "b", "c", "d", "relation"}``,
          where ``d`` may be a list of right answers and ``relation`` may be left out;
        - tab-separated, without a header: four columns, or five with the relation;
        - comma-separated, likewise, with or without a header ``a,b,c,d[,relation]``;
        - separated by spaces: four words, or five with the relation.

    Returns
    -------
    AnalogySet
        Named after the file. Without relations all questions are of one, ``all``.

    Raises
    ------
    FormatError
        If a line has another number of columns than the first, or an empty one.
    """
    start = first(path)
    if start.startswith("{"):
        rows = list(_json(path))
    elif "\t" in start:
        rows = list(_columns(path, "tab"))
    elif "," in start:
        rows = list(_columns(path, "comma"))
    else:
        rows = list(_columns(path, "space"))
    if not rows:
        raise FormatError(f"{path}: no questions in it")
    for number, a, b, c, answers, _ in rows:
        if not (a and b and c and answers and all(answers)):
            raise FormatError(f"{path}:{number}: an empty word")
    relations: dict[str, int] = {}
    relation = [relations.setdefault(row[5] or "all", len(relations)) for row in rows]
    return AnalogySet(
        name=path.stem,
        source=path.name,
        relations=tuple(relations),
        relation=np.array(relation, np.int64),
        a=tuple(row[1] for row in rows),
        b=tuple(row[2] for row in rows),
        c=tuple(row[3] for row in rows),
        gold=tuple(row[4] for row in rows),
    )


def _json(path: Path) -> Iterator[_Row]:
    decoder = msgspec.json.Decoder(_Question)
    for number, line in numbered(path):
        try:
            row = decoder.decode(line.encode())
        except msgspec.MsgspecError as error:
            raise FormatError(f"{path}:{number}: {error}") from error
        answers = (row.d,) if isinstance(row.d, str) else row.d
        a, b, c, *gold = (word.strip() for word in (row.a, row.b, row.c, *answers))
        yield number, a, b, c, tuple(gold), row.relation.strip()


def _columns(path: Path, separator: str) -> Iterator[_Row]:
    width = 0
    for number, line in numbered(path):
        if separator == "tab":
            fields = line.split("\t")
        elif separator == "comma":
            try:
                fields = next(csv.reader([line], skipinitialspace=True))
            except csv.Error as error:
                raise FormatError(f"{path}:{number}: {error}") from None
        else:
            fields = line.split()
        fields = [field.strip() for field in fields]
        header = [field.lower() for field in fields] in (_COLUMNS, _COLUMNS[:4])
        if not width and header and separator == "comma":
            width = len(fields)
            continue
        # In a TSV "a b c d" could be a question about letters; "relation" beside it could not.
        if not width and header and len(fields) == 5:
            raise FormatError(f"{path}:{number}: a header; such files have none: remove this line")
        width = width or len(fields)
        if len(fields) not in (4, 5):
            raise FormatError(
                f"{path}:{number}: expected a, b, c, d and perhaps a relation, separated by "
                f"{separator}, but found {len(fields)} columns: {line!r}"
            )
        if len(fields) != width:
            raise FormatError(
                f"{path}:{number}: {len(fields)} columns where the first line has {width}"
            )
        yield number, fields[0], fields[1], fields[2], (fields[3],), fields[4] if width == 5 else ""
