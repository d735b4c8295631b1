"""Google's analogy test set (``questions-words.txt``) and files laid out like it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from embarith.errors import FormatError
from embarith.questions.lines import numbered
from embarith.questions.model import AnalogySet

SOURCE = (
    "Mikolov, Chen, Corrado, Dean (2013), Efficient Estimation of Word Representations in "
    "Vector Space"
)
FILE = "questions-words.txt"
RELATIONS = (
    "capital-common-countries",
    "capital-world",
    "currency",
    "city-in-state",
    "family",
    "gram1-adjective-to-adverb",
    "gram2-opposite",
    "gram3-comparative",
    "gram4-superlative",
    "gram5-present-participle",
    "gram6-nationality-adjective",
    "gram7-past-tense",
    "gram8-plural",
    "gram9-plural-verbs",
)


def read(path: Path) -> AnalogySet:
    """Read questions laid out as Google's: ``: relation`` lines, then ``a b c d`` lines.

    Parameters
    ----------
    path : Path
        The published file, or another in its layout.

    Returns
    -------
    AnalogySet
        Named ``google``, with categories ``semantic`` and ``syntactic`` (relations whose name
        begins with ``gram``), where the relations are the published 14; else named after the file.

    Raises
    ------
    FormatError
        If a line has not four words, or a question stands before the first relation.
    """
    relations: dict[str, int] = {}
    relation: list[int] = []
    words: list[tuple[str, str, str, str]] = []
    current = -1
    for number, line in numbered(path):
        if line.startswith(":"):
            name = line[1:].strip()
            if not name:
                raise FormatError(f"{path}:{number}: a relation without a name after ':'")
            current = relations.setdefault(name, len(relations))
            continue
        fields = line.split()
        if len(fields) != 4:
            raise FormatError(
                f"{path}:{number}: expected four words, a b c d, but found {len(fields)}: {line!r}"
            )
        if current < 0:
            raise FormatError(f"{path}:{number}: a question before the first ': relation' line")
        relation.append(current)
        words.append((fields[0], fields[1], fields[2], fields[3]))
    if not words:
        raise FormatError(f"{path}: no questions in it")
    names = tuple(relations)
    published = names == RELATIONS
    a, b, c, d = zip(*words, strict=True)
    return AnalogySet(
        name="google" if published else path.stem,
        source=SOURCE if published else path.name,
        relations=names,
        relation=np.array(relation, np.int64),
        a=a,
        b=b,
        c=c,
        gold=tuple((word,) for word in d),
        categories=tuple("syntactic" if n.startswith("gram") else "semantic" for n in names)
        if published
        else (),
    )
