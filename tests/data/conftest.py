"""Real words and real questions, cut to sizes that tests can afford."""

from __future__ import annotations

import numpy as np
import pytest

from embarith import questions
from embarith.questions import AnalogySet
from embarith.table import EmbeddingTable


@pytest.fixture(scope="module")
def words(glove_table: EmbeddingTable) -> EmbeddingTable:
    """The 30,000 most frequent words."""
    return glove_table.select(np.arange(30_000))


@pytest.fixture(scope="module")
def google(shared) -> AnalogySet:
    found = questions.load("google")
    assert isinstance(found, AnalogySet)
    return found


@pytest.fixture(scope="module")
def some(google: AnalogySet) -> AnalogySet:
    """Every fortieth question: all relations, 489 questions."""
    return google.select(np.arange(0, len(google), 40))


@pytest.fixture(scope="module")
def small(words: EmbeddingTable) -> EmbeddingTable:
    return words.select(np.arange(5_000))
