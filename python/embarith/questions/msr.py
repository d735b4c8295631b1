"""The MSR syntactic analogies: 8,000 questions on adjectives, nouns and verbs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from embarith.errors import FormatError
from embarith.questions.lines import numbered
from embarith.questions.model import AnalogySet

SOURCE = (
    "Mikolov, Yih, Zweig (2013), Linguistic Regularities in Continuous Space Word Representations"
)
FILE = "ngram2vec-msr.txt"
FIRST = "good\tbetter\trough\trougher"
# The file names no relations, but takes them in turn: the six of the adjectives for 3,000
# questions, the two of number and the two of possession for 1,000 each, the six of the verbs for
# 3,000. Tags are the Penn Treebank's.
_BLOCKS = (
    (3000, ("JJ_JJR", "JJR_JJ", "JJ_JJS", "JJS_JJ", "JJS_JJR", "JJR_JJS")),
    (1000, ("NN_NNS", "NNS_NN")),
    (1000, ("NN_NNPOS", "NNPOS_NN")),
    (3000, ("VB_VBD", "VBD_VB", "VB_VBZ", "VBZ_VB", "VBZ_VBD", "VBD_VBZ")),
)
RELATIONS = tuple(name for _, names in _BLOCKS for name in names)
_CATEGORIES = {"J": "adjectives", "N": "nouns", "V": "verbs"}


def read(path: Path) -> AnalogySet:
    """Read the published MSR questions, tab-separated ``a b c d`` without relation names.

    Parameters
    ----------
    path : Path
        The file as ngram2vec publishes it (``msr.txt``, 8,000 lines).

    Returns
    -------
    AnalogySet
        16 relations of 500 questions, named by Penn tags (``JJ_JJR``), in three categories.

    Raises
    ------
    FormatError
        If the file is not the published one in full: its relations follow from the line numbers.
    """
    words: list[tuple[str, str, str, str]] = []
    for number, line in numbered(path):
        fields = line.split()
        if len(fields) != 4:
            raise FormatError(
                f"{path}:{number}: expected four words, a b c d, but found {len(fields)}: {line!r}"
            )
        words.append((fields[0], fields[1], fields[2], fields[3]))
    total = sum(count for count, _ in _BLOCKS)
    if len(words) != total:
        raise FormatError(
            f"{path}: {len(words)} questions where the published MSR set has {total}: its "
            "relations follow from the line numbers; for a part of it, add the relation as a "
            "fifth column"
        )
    relation = np.concatenate(
        [
            np.resize([RELATIONS.index(name) for name in names], count).astype(np.int64)
            for count, names in _BLOCKS
        ]
    )
    a, b, c, d = zip(*words, strict=True)
    return AnalogySet(
        name="msr",
        source=SOURCE,
        relations=RELATIONS,
        relation=relation,
        a=a,
        b=b,
        c=c,
        gold=tuple((word,) for word in d),
        categories=tuple(_CATEGORIES[name[0]] for name in RELATIONS),
    )
