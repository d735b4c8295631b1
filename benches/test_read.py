"""Reading 400,000 word vectors, beside gensim, and reopening a table of embarith's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors
from pytest_benchmark.fixture import BenchmarkFixture

from embarith import EmbeddingTable
from embarith.readers import read, write
from measuring import measure

Saved = Callable[[str], Path]


# gensim leaves a file open when it reads text without header.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("peer", ["embarith", "gensim"])
@pytest.mark.parametrize(
    ("form", "table", "theirs"),
    [
        ("word2vec-binary", "glove-300", {"binary": True}),
        ("glove", "glove-50", {"binary": False, "no_header": True}),
    ],
)
def test_read(
    benchmark: BenchmarkFixture,
    saved: Saved,
    form: str,
    table: str,
    theirs: dict[str, bool],
    peer: str,
) -> None:
    original = EmbeddingTable.open(saved(table))
    path = saved(table).with_suffix(f".{form}")
    if not path.exists():
        write(original, path, form)
    load = {
        "embarith": lambda: read(path),
        "gensim": lambda: KeyedVectors.load_word2vec_format(path, **theirs),
    }[peer]
    group = f"read {form}, {len(original):,} × {original.dimensions}"
    # The call before the first round leaves the file in the page cache.
    found = measure(benchmark, load, group=group, peer=peer, rounds=5)
    assert found.index_to_key == original.index_to_key
    assert np.array_equal(found.vectors, original.vectors)


@pytest.mark.parametrize("rows", [400, 4_000, 40_000, 400_000])
def test_reopen(benchmark: BenchmarkFixture, saved: Saved, tmp_path: Path, rows: int) -> None:
    whole = EmbeddingTable.open(saved("glove-50"))
    whole.select(np.arange(rows)).save(tmp_path / "part.arrow")
    peer = "embarith" if rows == len(whole) else f"embarith, {rows:,} rows"
    group = "reopen a table with its shadow, × 50"
    table = measure(
        benchmark, lambda: read(tmp_path / "part.arrow"), group=group, peer=peer, rounds=15
    )
    assert np.array_equal(table.vectors, whole.vectors[:rows])
