"""Word2Vec on real sentences: the same bytes again, words by frequency, all of it recorded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import embarith
from embarith.cli import main
from embarith.errors import OptionError
from embarith.training.corpus import Corpus, read_corpus
from embarith.training.word2vec import Settings, train

pytest.importorskip("gensim")

QUICK = Settings(vector_size=20, epochs=2, seed=3)


@pytest.fixture(scope="module")
def text(news: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "rural.txt"
    path.write_bytes(news[:300_000].rpartition(b"\n")[0])
    return path


@pytest.fixture(scope="module")
def corpus(text: Path) -> Corpus:
    return read_corpus([text])


def test_one_worker_gives_the_same_bytes_whatever_python_hashes(text: Path, tmp_path: Path) -> None:
    files = []
    for seed in ("0", "1"):
        files.append(tmp_path / f"{seed}.arrow")
        words = ("train", "word2vec", str(text), "-o", str(files[-1]), "--vector-size", "20")
        subprocess.run(
            [sys.executable, "-m", "embarith", *words, "--epochs", "2"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        )
    assert files[0].read_bytes() == files[1].read_bytes()


def test_seed_and_architecture_change_the_vectors(corpus: Corpus) -> None:
    tables = [
        train(corpus, settings).sha256
        for settings in (
            QUICK,
            QUICK,
            replace(QUICK, seed=4),
            replace(QUICK, architecture="skip-gram"),
            replace(QUICK, hs=True, negative=0),
        )
    ]
    assert tables[0] == tables[1]
    assert len(set(tables)) == 4


def test_words_stand_in_order_of_frequency(corpus: Corpus, tmp_path: Path) -> None:
    counts = Counter(word for sentence in corpus for word in sentence)
    table = train(corpus, QUICK)
    wanted = sorted((-count, word) for word, count in counts.items() if count >= 5)
    assert table.index_to_key == [word for _, word in wanted]
    table.save(tmp_path / "words.arrow")
    assert embarith.read(tmp_path / "words.arrow").provenance.frequency_order


def test_gensim_alone_gives_the_same_vectors(corpus: Corpus) -> None:
    from gensim.models import Word2Vec

    counts = Counter(word for sentence in corpus for word in sentence)
    model = Word2Vec(vector_size=20, epochs=2, workers=1, seed=3, min_count=5, sorted_vocab=0)
    model.build_vocab_from_freq(
        dict(sorted(counts.items(), key=lambda one: (-one[1], one[0]))), corpus_count=len(corpus)
    )
    model.train(list(corpus), total_examples=len(corpus), epochs=2)
    assert np.array_equal(train(corpus, QUICK).vectors, model.wv.vectors)


def test_provenance_holds_settings_hashes_and_counts(corpus: Corpus, text: Path) -> None:
    origin = train(corpus, QUICK).provenance
    assert origin.encoder == "word2vec-cbow-20d"
    assert f"rural.txt ({embarith.files.sha256_of(text)})" in origin.source
    assert "lower-cased" in origin.preprocessing
    told = " ".join(origin.steps)
    assert f"{len(corpus.tokens):,} words" in told
    for name, value in vars(QUICK).items():
        assert f"{name} {value}" in told


def test_several_workers_warn(corpus: Corpus) -> None:
    with pytest.warns(UserWarning, match="2 workers: trained again, the vectors will differ"):
        train(corpus, replace(QUICK, workers=2, epochs=1))


def test_progress_counts_the_words_of_every_epoch(corpus: Corpus) -> None:
    told: list[tuple[str, int, int]] = []
    train(corpus, QUICK, progress=lambda *one: told.append(one))
    total = 2 * len(corpus.tokens)
    assert {(stage, all_) for stage, _, all_ in told} == {("training words", total)}
    assert told[-1][1] > 0.9 * total


def test_what_fails_in_the_middle_ends_training(corpus: Corpus) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    threads = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        train(corpus, QUICK, progress=fail)
    assert threading.active_count() == threads


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"architecture": "glove"}, "architecture 'glove' is none of cbow, skip-gram"),
        ({"negative": 0}, "give negative samples"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"alpha": 0.01, "min_alpha": 0.02}, "falls from alpha to min_alpha"),
        ({"sample": 1.0}, "sample is a share"),
        ({"seed": 2**32}, "seed must be"),
    ],
)
def test_settings_without_meaning_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Settings(**settings)  # type: ignore[arg-type]


def test_too_few_occurrences_are_told_with_the_most_there_are(corpus: Corpus) -> None:
    with pytest.raises(OptionError, match=r"no word occurs 99999 times: the most .* 'the', occurs"):
        train(corpus, replace(QUICK, min_count=99_999))


def test_the_command_refuses_to_write_over_what_is_no_table(text: Path, tmp_path: Path) -> None:
    before = text.read_bytes()
    outcome = CliRunner().invoke(main, ["train", "word2vec", str(text), "-o", str(text)])
    assert outcome.exit_code == 1
    assert "is there and no table" in outcome.stderr
    assert text.read_bytes() == before
    absent = str(tmp_path / "no" / "t.arrow")
    outcome = CliRunner().invoke(main, ["train", "word2vec", str(text), "-o", absent])
    assert "its folder does not exist" in outcome.stderr


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_training_leaves_nothing(
    text: Path, tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    # Long enough to be in the middle of it, wherever that is.
    words = ("train", "word2vec", str(text), "-o", str(tmp_path / "t.arrow"), "--epochs", "100000")
    process = subprocess.Popen(
        [sys.executable, "-m", "embarith", *words], stderr=subprocess.PIPE, text=True
    )
    time.sleep(8)
    process.send_signal(sent)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
