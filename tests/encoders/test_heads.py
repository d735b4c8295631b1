"""Heads folded into graphs, applied to an encoder's vectors, or to tables: the same vectors."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from embarith import EmbeddingTable, encode, load_encoder
from embarith.cli import main
from embarith.encoders import encoding
from embarith.encoders.encoding import Photographs, Texts
from embarith.encoders.heads import Heads, Linear
from embarith.encoders.onnx import OnnxEncoder
from embarith.errors import OptionError
from embarith.experiments.simat import simat
from embarith.export import ParityError, export, folder, graph
from embarith.export.samples import find
from embarith.photos import read_captions
from embarith.questions.simat import Simat
from embarith.questions.simat_build import build
from embarith.result.simat import SimatScores
from embarith.training.heads import Settings, train
from embarith.training.pairs import Pairs, pair
from exporting import LITE2, MINILM

FEW = 300
"""Photographs, a caption each: enough for a set with queries."""


def run(*words: object, code: int = 0) -> Result:
    outcome = CliRunner().invoke(main, [str(word) for word in words])
    assert outcome.exit_code == code, f"{outcome.stderr}\n{outcome.exception!r}"
    return outcome


def texts(labels: tuple[str, ...] | list[str]) -> Texts:
    return Texts(labels, [[label] for label in labels])


def value(scores: SimatScores) -> float:
    assert scores.all is not None
    return scores.all.value


@dataclass(frozen=True)
class Study:
    """Photographs with captions, their plain tables, and a set that is asked of them."""

    root: Path
    task: Simat
    images: EmbeddingTable
    texts: EmbeddingTable
    pairs: Pairs

    def photographs(self, labels: tuple[str, ...]) -> Photographs:
        return Photographs(labels, [self.root / label for label in labels])


@pytest.fixture(scope="module")
def study(
    shared: Path, lite2: Path, minilm: Path, tmp_path_factory: pytest.TempPathFactory
) -> Study:
    made = tmp_path_factory.mktemp("study")
    read = read_captions(shared / "photos")
    said = {image: read[image] for image in list(read)[:FEW]}
    task = build(said, name="few").task
    first = {image: captions[:1] for image, captions in said.items()}
    labels = tuple(dict.fromkeys((*task.texts, *(text for (text,) in first.values()))))
    files = Photographs(tuple(first), [shared / "photos" / image for image in first])
    images = encode(load_encoder(lite2), files, made / "images.arrow").table
    captions = encode(load_encoder(minilm), texts(labels), made / "texts.arrow").table
    return Study(shared / "photos", task, images, captions, pair(images, captions, first))


@pytest.fixture(scope="module")
def ridge(study: Study) -> Heads:
    """From EfficientNet-Lite2 into the space of MiniLM."""
    return train(study.pairs, Settings(method="ridge")).heads


@pytest.fixture(scope="module")
def contrastive(study: Study) -> Heads:
    """Lead the texts elsewhere as well."""
    chosen = Settings(temperature=0.1, epochs=4, batch_size=128)
    return train(study.pairs, chosen).heads


@pytest.fixture(scope="module")
def led_lite2(ridge: Heads, exported: Path) -> Path:
    return export(LITE2, exported / "led-lite2", heads=ridge).folder


@pytest.fixture(scope="module")
def led_minilm(contrastive: Heads, exported: Path) -> Path:
    return export(MINILM, exported / "led-minilm", heads=contrastive).folder


@pytest.fixture
def file(contrastive: Heads, tmp_path: Path) -> Path:
    contrastive.save(tmp_path / "heads.safetensors")
    return tmp_path / "heads.safetensors"


# -- one encoder, three ways ----------------------------------------------------------------------


def test_a_folded_head_is_the_head(
    study: Study, ridge: Heads, contrastive: Heads, led_lite2: Path, led_minilm: Path
) -> None:
    images = study.task.images
    files = [study.root / image for image in images]
    photographs = load_encoder(led_lite2).encode_images(files)
    want = ridge.apply("visual", study.images[list(images)])
    np.testing.assert_allclose(photographs, want, atol=1e-5)
    labels = study.texts.index_to_key[:200]
    captions = load_encoder(led_minilm).encode_texts(labels)
    want = contrastive.apply("text", study.texts[labels])
    np.testing.assert_allclose(captions, want, atol=1e-5)
    # It leads them elsewhere.
    plain = study.texts[labels]
    cosines = (captions * plain).sum(axis=1) / np.linalg.norm(plain, axis=1)
    assert np.abs(cosines).max() < 0.9


def test_the_folder_says_which_heads(contrastive: Heads, led_minilm: Path) -> None:
    proofs = json.loads((led_minilm / "parity.json").read_text())["proofs"]
    assert [proof["failed"] for proof in proofs] == [[]]
    card = load_encoder(led_minilm).card
    assert card.dimension == 384
    assert card.name == f"{MINILM} (contrastive (τ = 0.1) heads {contrastive.sha256[:8]})"
    assert card.heads is not None
    assert card.heads.sha256 == contrastive.sha256
    assert card.heads.temperature == 0.1
    assert card.heads.provenance == contrastive.provenance


def test_commands_apply_heads_as_the_graph_does(
    contrastive: Heads, minilm: Path, led_minilm: Path, file: Path, tmp_path: Path
) -> None:
    words = tmp_path / "words.txt"
    words.write_text("dog\ncat\nred ball\n")
    given = ("--words", words, "--template", "a {}")
    run("encode", minilm, *given, "-o", tmp_path / "plain.arrow")
    run("encode", minilm, *given, "-o", tmp_path / "applied.arrow", "--heads", file)
    run("encode", led_minilm, *given, "-o", tmp_path / "folded.arrow")
    plain = tmp_path / "plain.arrow"
    run("table", "apply-head", plain, file, "--side", "text", "-o", tmp_path / "later.arrow")
    want = contrastive.apply("text", EmbeddingTable.open(plain).vectors)
    origins = []
    for name in ("applied", "folded", "later"):
        table = EmbeddingTable.open(tmp_path / f"{name}.arrow")
        np.testing.assert_allclose(table.vectors, want, atol=1e-5)
        origins.append(table.provenance)
    [step] = origins[0].steps
    assert step.startswith(f"text head of contrastive (τ = 0.1) heads (sha256 {contrastive.sha256}")
    assert contrastive.provenance.source in step
    assert {origin.steps for origin in origins} == {(step,)}
    assert {origin.encoder for origin in origins} == {load_encoder(led_minilm).card.name}
    assert all(origin.normalized for origin in origins)
    # The head comes before all that becomes of several vectors.
    out = tmp_path / "mean.arrow"
    run("encode", minilm, *given, "--template", "the {}", "-o", out, "--heads", file)
    both = load_encoder(led_minilm).encode_texts(["a dog", "the dog"]).mean(axis=0)
    mean = EmbeddingTable.open(out)
    np.testing.assert_allclose(mean["dog"], both, atol=1e-5)
    assert not mean.provenance.normalized


def test_simat_of_folded_tables_is_that_of_heads(
    study: Study, ridge: Heads, lite2: Path, led_lite2: Path, minilm: Path, tmp_path: Path
) -> None:
    task = study.task
    applied = load_encoder(minilm, heads=ridge)
    folded = (
        encode(load_encoder(led_lite2), study.photographs(task.images), tmp_path / "i").table,
        encode(applied, texts(task.texts), tmp_path / "t").table,
    )
    want = simat(study.images, study.texts, task, heads=ridge, draws=0)
    ours = simat(*folded, task, draws=0)
    assert (ours.heads, ours.lam) == (None, want.lam)
    for one, other in zip(ours.curve, want.curve, strict=True):
        assert value(one.scores.all) == pytest.approx(value(other.scores.all), abs=0.1)
    assert value(want.scores) > 2 * value(want.baselines.random)
    for tables in (folded, (study.images, folded[1])):
        with pytest.raises(OptionError, match="were applied already; leave them out"):
            simat(*tables, task, heads=ridge, draws=0)


def test_analogies_are_asked_of_folded_words(
    contrastive: Heads, led_minilm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    questions = tmp_path / "mine.tsv"
    questions.write_text("man\tking\twoman\tqueen\nman\tuncle\twoman\taunt\n")
    asked = ("analogy", led_minilm, "--questions", questions, "--json", "--random-pairs", 0)
    result = json.loads(run(*asked).stdout)
    assert result["encoder"]["name"].endswith(f"heads {contrastive.sha256[:8]})")
    assert result["questions"]["answered"] == 2
    [kept] = (tmp_path / "cache").rglob("*.arrow")
    words = EmbeddingTable.open(kept)
    np.testing.assert_allclose(np.linalg.norm(words.vectors, axis=1), 1, atol=1e-6)


# -- nothing mixes, nothing is lost ---------------------------------------------------------------


def test_vectors_with_and_without_heads_never_mix(
    study: Study, ridge: Heads, contrastive: Heads, minilm: Path, tmp_path: Path
) -> None:
    path = tmp_path / "t.arrow"
    inputs = texts(["dog", "cat"])
    seen = []
    for heads in (None, ridge, contrastive, None):
        encoder = load_encoder(minilm, heads=heads)
        first = encode(encoder, inputs, path)
        assert (first.computed, first.reused) == (2, 0)
        seen.append(path.read_bytes())
        again = encode(encoder, inputs, path)
        assert (again.computed, again.reused) == (0, 2)
        assert path.read_bytes() == seen[-1]
    assert seen[0] == seen[3]
    assert len(set(seen)) == 3
    # Other words about the same heads make no other vectors.
    told = replace(ridge, provenance=replace(ridge.provenance, encoder="named otherwise"))
    encode(load_encoder(minilm, heads=ridge), inputs, path)
    renamed = encode(load_encoder(minilm, heads=told), inputs, path)
    assert renamed.computed == 0
    assert "named otherwise" in EmbeddingTable.open(path).provenance.encoder


def test_a_run_with_heads_goes_on_to_the_same_bytes(
    study: Study, ridge: Heads, lite2: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "SHARD", 4)
    inputs = study.photographs(study.task.images[:14])
    encode(load_encoder(lite2, heads=ridge), inputs, tmp_path / "whole.arrow")
    compute, calls = OnnxEncoder.compute, []

    def stop(self: OnnxEncoder, *rest: Any) -> np.ndarray:
        calls.append(rest)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return compute(self, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(OnnxEncoder, "compute", stop)
        with pytest.raises(KeyboardInterrupt):
            encode(load_encoder(lite2, heads=ridge), inputs, tmp_path / "t.arrow")
    rest = encode(load_encoder(lite2, heads=ridge), inputs, tmp_path / "t.arrow")
    assert rest.computed == 6
    assert (tmp_path / "t.arrow").read_bytes() == (tmp_path / "whole.arrow").read_bytes()


# -- the gate -------------------------------------------------------------------------------------


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proofs on a few inputs: what is broken on purpose shows on those."""
    monkeypatch.setattr(folder.samples, "find", lambda: find(8))


def test_a_transposed_weight_is_refused(
    few: None, contrastive: Heads, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    append = graph.append

    def transpose(head: Linear, path: Path) -> None:
        append(Linear(head.weight.T.copy(), head.bias), path)

    monkeypatch.setattr(graph, "append", transpose)
    with pytest.raises(ParityError, match=r"text: max_difference .* is over"):
        export(MINILM, tmp_path / "out", heads=contrastive)
    assert list(tmp_path.iterdir()) == []


def test_fewer_digits_keep_the_neighbours_behind_heads(contrastive: Heads, tmp_path: Path) -> None:
    for precision, least in (("fp16", 0.97), ("int8", 0.8)):
        done = export(MINILM, tmp_path / precision, precision=precision, heads=contrastive)
        [proof] = done.parity
        assert proof.neighbours_1 >= least
        assert proof.neighbours_10 >= least
        vectors = load_encoder(done.folder).encode_texts(["a dog", "rain"])
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_a_head_alone_is_not_quantised(few: None, ridge: Heads, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no matrix products to quantise"):
        export(LITE2, tmp_path / "out", precision="int8", heads=ridge)


# -- what does not fit ----------------------------------------------------------------------------


def test_heads_that_do_not_fit_are_refused_at_once(
    ridge: Heads, lite2: Path, minilm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swapped = Heads(Linear(ridge.txt.weight, ridge.txt.bias), ridge.img)
    swapped.save(tmp_path / "swapped.safetensors")
    given = ("--heads", tmp_path / "swapped.safetensors")
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(folder, "load", None)
        refused = run("export-onnx", LITE2, *given, "-o", out, code=1)
        text = f"the image head takes 384 dimensions and {LITE2} has 1280"
        assert text in refused.stderr
    # What a feature has, only the tower tells.
    with pytest.raises(OptionError, match=r"the text head takes 1280 .* the text tower of .*384"):
        export(MINILM, out, feature="cls", heads=swapped)
    words = tmp_path / "words.txt"
    words.write_text("dog\n")
    refused = run("encode", minilm, "--words", words, *given, "-o", out, code=1)
    assert f"the text head takes 1280 dimensions and {MINILM} has 384" in refused.stderr
    table = tmp_path / "t.arrow"
    run("encode", minilm, "--words", words, "-o", table)
    apply = ("table", "apply-head", table, given[1], "--side", "text", "-o", out)
    assert "takes 1280 dimensions" in run(*apply, code=1).stderr
    kept = {file.name for file in tmp_path.iterdir()}
    assert kept == {"swapped.safetensors", "words.txt", "t.arrow"}


def test_heads_are_applied_once(
    contrastive: Heads, led_minilm: Path, minilm: Path, file: Path, tmp_path: Path
) -> None:
    words = tmp_path / "words.txt"
    words.write_text("dog\n")
    given = ("--words", words, "--heads", file)
    out = tmp_path / "t.arrow"
    refused = run("encode", led_minilm, *given, "-o", out, code=1)
    assert "ends in heads already; leave these out" in refused.stderr
    run("encode", minilm, *given, "-o", out)
    again = ("table", "apply-head", out, file, "--side", "text", "-o", tmp_path / "u.arrow")
    assert "were applied already; leave them out" in run(*again, code=1).stderr
    refused = run("export-onnx", f"onnx:{minilm}", "-o", tmp_path / "o", "--heads", file, code=1)
    assert f"`embarith encode {minilm} --heads FILE`" in refused.stderr
    refused = run("export-onnx", led_minilm, "-o", tmp_path / "o", "--heads", file, code=1)
    assert f"end in heads already; to end in these instead, give the id of the model, {MINILM}" in (
        refused.stderr
    )


def test_damaged_heads_are_refused(minilm: Path, file: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("dog\n")
    file.write_bytes(file.read_bytes()[:-10])
    for command in (
        ("encode", minilm, "--words", words, "-o", tmp_path / "t.arrow", "--heads", file),
        ("export-onnx", MINILM, "-o", tmp_path / "o", "--heads", file),
        ("table", "apply-head", words, file, "--side", "text", "-o", tmp_path / "t.arrow"),
    ):
        assert f"{file}: no safetensors file of heads" in run(*command, code=1).stderr
