"""Texts as bags of words: means of real vectors, what is left out, and the random control."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from embarith.encoders.bag import bag
from embarith.errors import OptionError, TableError
from embarith.photos import read_captions
from embarith.table import EmbeddingTable


def table(**vectors: list[float]) -> EmbeddingTable:
    return EmbeddingTable.from_arrays(list(vectors), np.array(list(vectors.values()), np.float32))


def test_real_captions_are_means_of_real_vectors(glove_table: EmbeddingTable, shared: Path) -> None:
    words = glove_table.select(np.arange(20_000))
    captions = read_captions(shared / "photos/captions.csv")
    texts = list(dict.fromkeys(text for said in captions.values() for text in said))[::60]
    made = bag(words, texts)
    rows = {word: row for row, word in enumerate(words.index_to_key)}
    lost = []
    for text, vector in zip(texts, made.vectors, strict=True):
        found = re.split(r"[^a-z0-9']+", text.lower())
        found = [part for word in found if (part := word.strip("'"))]
        known = [words.vectors[rows[word]].astype(float) for word in found if word in rows]
        np.testing.assert_allclose(vector, np.mean(known, axis=0), rtol=1e-6, atol=1e-7)
        lost += [word for word in found if word not in rows]
    assert lost
    step = made.provenance.steps[-1]
    assert step.startswith(f"{len(lost):,} of ")
    assert f"({len(set(lost)):,} different)" in step
    assert made.index_to_key == texts
    assert made.provenance.encoder == words.provenance.encoder


def test_a_word_is_taken_as_it_stands_before_it_is_lower_cased() -> None:
    words = table(US=[4, 0], us=[0, 4], go=[0, 2])
    made = bag(words, ["US go", "Us go", "Us go"])
    np.testing.assert_array_equal(made.vectors, [[2, 1], [0, 3]])


def test_random_vectors_follow_from_seed_and_word_alone(glove_table: EmbeddingTable) -> None:
    words = glove_table.select(np.arange(20_000))
    one = bag(words, ["dog", "a dog", "cat qqqq"], random=3_000)
    again = bag(words.select(["cat", "dog"]), ["dog and cat", "dog", "cat"], random=3_000)
    np.testing.assert_array_equal(one["dog"], again["dog"])
    np.testing.assert_array_equal(one["cat qqqq"], again["cat"])
    assert not np.allclose(bag(words, ["dog"], random=3_000, seed=1)["dog"], one["dog"])
    assert np.std(one["dog"]) == pytest.approx(1, abs=0.05)
    assert one.similarity("dog", "cat qqqq") == pytest.approx(0, abs=0.06)
    assert one.similarity("dog", "a dog") == pytest.approx(0.5**0.5, abs=0.06)
    assert "random weights 0" in one.provenance.encoder
    assert one.provenance.random_weights == 0


def test_what_has_no_mean_is_named() -> None:
    words = table(up=[1, 0], down=[-1, 0])
    with pytest.raises(OptionError, match="a vector of no word of 'sideways'"):
        bag(words, ["up", "sideways"])
    with pytest.raises(TableError, match="'up down'"):
        bag(words, ["up down"])
    with pytest.raises(OptionError, match="0 random dimensions"):
        bag(words, ["up"], random=0)
