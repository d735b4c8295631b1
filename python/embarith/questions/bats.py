"""BATS, the Bigger Analogy Test Set: 40 relations of 50 pairs, several right answers each."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np

from embarith.errors import FormatError
from embarith.questions.lines import numbered
from embarith.questions.model import AnalogySet

SOURCE = (
    "Gladkova, Drozd, Matsuoka (2016), Analogy-based detection of morphological and semantic "
    "relations with word embeddings"
)
# "I01 [noun - plural_reg].txt": a letter for the category, two digits, a description.
FILE = "[IDEL][0-9][0-9] [[]*].txt"
_CATEGORIES = {
    "I": "inflectional morphology",
    "D": "derivational morphology",
    "E": "encyclopedic semantics",
    "L": "lexicographic semantics",
}


def files(path: Path) -> list[Path]:
    """Return the relation files of a folder (its own or its subfolders'), I, D, E, L in turn."""
    found = [*path.glob(FILE), *path.glob(f"*/{FILE}")]
    return sorted(found, key=lambda file: ("IDEL".index(file.name[0]), file.name))


def read(path: Path) -> AnalogySet:
    """Read BATS: every ordered couple of different pairs of a relation is a question.

    Parameters
    ----------
    path : Path
        The published folder, one of its four subfolders, or one relation's file. A line is
        ``word<TAB>answer/answer/...``.

    Returns
    -------
    AnalogySet
        b is the first answer of the first pair, and any answer of the second is right. The whole
        set has 40 × 50 × 49 = 98,000 questions, named ``bats``; a part is named after its path.

    Raises
    ------
    FormatError
        If a line has not two columns or no answer, or a relation has fewer than two pairs.
    """
    relation_files = [path] if path.is_file() else files(path)
    if not relation_files:
        raise FormatError(
            f"{path}: no BATS relation in it (files like 'I01 [noun - plural_reg].txt')"
        )
    relation: list[int] = []
    a: list[str] = []
    b: list[str] = []
    c: list[str] = []
    gold: list[tuple[str, ...]] = []
    for index, file in enumerate(relation_files):
        for (source, targets), (word, answers) in permutations(_pairs(file), 2):
            relation.append(index)
            a.append(source)
            b.append(targets[0])
            c.append(word)
            gold.append(answers)
    return AnalogySet(
        name="bats" if len(relation_files) == 40 else path.stem,
        source=SOURCE,
        relations=tuple(file.stem for file in relation_files),
        relation=np.array(relation, np.int64),
        a=tuple(a),
        b=tuple(b),
        c=tuple(c),
        gold=tuple(gold),
        categories=tuple(_CATEGORIES.get(file.stem[0], "") for file in relation_files),
    )


def _pairs(path: Path) -> list[tuple[str, tuple[str, ...]]]:
    pairs = []
    for number, line in numbered(path):
        fields = line.split("\t")
        # Some published lines end in "/": an empty answer is none.
        answers = tuple(word.strip() for word in fields[-1].split("/") if word.strip())
        if len(fields) != 2 or not fields[0].strip() or not answers:
            raise FormatError(
                f"{path}:{number}: expected word<TAB>answer/answer/... but found {line!r}"
            )
        pairs.append((fields[0].strip(), answers))
    if len(pairs) < 2:
        raise FormatError(f"{path}: {len(pairs)} pair: a question needs two pairs of a relation")
    return pairs
