"""Analogy questions: what is asked, with which right answers, and where it came from.

One module reads one source (`google`, `msr`, `bats`, `semeval`, `choice`, `custom`);
`embarith.questions.load` finds a set by its published name or by a path. Rated pairs of words
(`similarity`) are no analogies and have `load_similarity`.
"""

from __future__ import annotations

from embarith.questions.control import random_pairs
from embarith.questions.model import AnalogySet, ChoiceSet
from embarith.questions.picturable import picturable, write
from embarith.questions.registry import NAMES, SIMILARITY_NAMES, load, load_similarity
from embarith.questions.semeval import READINGS, SemEval
from embarith.questions.similarity import SimilaritySet

__all__ = [
    "NAMES",
    "READINGS",
    "SIMILARITY_NAMES",
    "AnalogySet",
    "ChoiceSet",
    "SemEval",
    "SimilaritySet",
    "load",
    "load_similarity",
    "picturable",
    "random_pairs",
    "write",
]
