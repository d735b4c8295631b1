"""The plane against scikit-learn's PCA and sums done here, on words and on photographs."""

from __future__ import annotations

import base64
import io
from itertools import combinations

import numpy as np
import pytest

from embarith.errors import FormatError, MissingLabelError, OptionError
from embarith.experiments import thumbnails as small
from embarith.experiments.ask import parse_question
from embarith.experiments.plane import plane
from embarith.result import from_json, to_json
from embarith.table import EmbeddingTable

WORDS = ("a", "b", "c", "d")
IMAGES = {word: [f"{word}{i}.jpg" for i in range(6)] for word in WORDS}


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


@pytest.fixture(scope="module")
def words() -> EmbeddingTable:
    vectors = np.random.default_rng(0).normal(size=(4, 20)).astype(np.float32)
    return EmbeddingTable.from_arrays(list(WORDS), vectors)


@pytest.fixture(scope="module")
def photographs() -> EmbeddingTable:
    rng = np.random.default_rng(1)
    centres = 2 * rng.normal(size=(4, 1, 20))
    vectors = (centres + rng.normal(size=(4, 6, 20))).reshape(24, 20).astype(np.float32)
    return EmbeddingTable.from_arrays(
        [image for some in IMAGES.values() for image in some], vectors
    )


def test_photographs_lie_where_scikit_learn_puts_them(photographs):
    decomposition = pytest.importorskip("sklearn.decomposition")
    found = plane(photographs, "a:b::c:d", images=IMAGES)
    points = unit(photographs.vectors.astype(np.float64))
    pca = decomposition.PCA(2, svd_solver="full").fit(points)
    spots = np.array([[one.x, one.y] for one in found.photographs])
    expected = pca.transform(points)
    signs = np.sign((spots * expected).sum(axis=0))
    np.testing.assert_allclose(spots, expected * signs, atol=1e-8)
    np.testing.assert_allclose(found.variance, pca.explained_variance_ratio_, atol=1e-8)
    # The largest weight of an axis is positive, whatever the library that found it.
    axes = pca.components_ * signs[:, None]
    assert (np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1) > 0).all()
    off = np.linalg.norm(points - pca.inverse_transform(expected), axis=1)
    np.testing.assert_allclose([one.off for one in found.photographs], off, atol=1e-8)
    assert [one.image for one in found.photographs] == photographs.index_to_key
    assert found.fitted_on == "photographs"


def test_means_offset_and_distances_are_those_of_the_photographs_shown(photographs):
    found = plane(photographs, "a:b::c:d", images=IMAGES)
    points = unit(photographs.vectors.astype(np.float64)).reshape(4, 6, 20)
    means = points.mean(axis=1)
    a, b, c, d = means
    marks = dict(zip("abcdy", (*means, b - a + c), strict=True))
    spots = {word.place: np.array([word.x, word.y]) for word in found.words}
    for number, word in enumerate(found.words):
        mine = [(one.x, one.y) for one in found.photographs if one.word == word.word]
        np.testing.assert_allclose(spots[word.place], np.mean(mine, axis=0), atol=1e-8)
        assert word.photographs == 6
        spread = np.sqrt(((points[number] - means[number]) ** 2).sum(axis=1).mean())
        assert word.spread == pytest.approx(spread)
        assert word.spread_in_plane < word.spread
    y = found.offset
    spots["y"] = np.array([y.x, y.y])
    np.testing.assert_allclose(spots["y"], spots["b"] - spots["a"] + spots["c"], atol=1e-8)

    def angle(u, v):
        return np.degrees(np.arccos(u @ v / np.linalg.norm(u) / np.linalg.norm(v)))

    assert y.angle == pytest.approx(angle(b - a + c, d))
    assert y.angle_only_c == pytest.approx(angle(c, d))
    assert y.angle_offsets == pytest.approx(angle(b - a, d - c))
    flat = angle(spots["b"] - spots["a"], spots["d"] - spots["c"])
    assert y.angle_offsets_in_plane == pytest.approx(flat, abs=1e-5)
    assert [(one.first, one.second) for one in found.distances] == list(combinations("abcdy", 2))
    for one in found.distances:
        u, v = marks[one.first], marks[one.second]
        assert one.angle == pytest.approx(angle(u, v))
        assert one.distance == pytest.approx(np.linalg.norm(u - v))
        shown = np.linalg.norm(spots[one.first] - spots[one.second])
        assert one.in_plane == pytest.approx(shown, abs=1e-8)
        assert one.in_plane <= one.distance


def test_words_alone_lie_on_their_plane_and_close_the_parallelogram(words):
    three = plane(words, "a:b::c:?")
    assert sum(three.variance) == pytest.approx(1.0)
    assert [word.off for word in three.words] == pytest.approx([0.0] * 3, abs=1e-9)
    assert three.offset.off == pytest.approx(0.0, abs=1e-9)
    assert three.offset.angle is None
    assert all(one.in_plane == pytest.approx(one.distance) for one in three.distances)
    four = plane(words, "a:b::c:d")
    assert (four.question, four.fitted_on) == ("a:b::c:d", "words")
    assert not four.photographs
    assert four.words[0].photographs == 0
    assert sum(four.variance) < 1.0
    assert from_json(to_json(four)) == four


def test_order_and_length_of_vectors_change_nothing(photographs):
    lengths = np.random.default_rng(2).uniform(0.5, 9, (24, 1)).astype(np.float32)
    order = np.random.default_rng(3).permutation(24)
    labels = [photographs.index_to_key[i] for i in order]
    rows = np.ascontiguousarray((photographs.vectors * lengths)[order])
    one = plane(photographs, "a:b::c:d", images=IMAGES)
    other = plane(EmbeddingTable.from_arrays(labels, rows), "a:b::c:d", images=IMAGES)
    for mine, theirs in zip(one.photographs, other.photographs, strict=True):
        assert mine.image == theirs.image
        assert (mine.x, mine.y) == pytest.approx((theirs.x, theirs.y), abs=1e-6)


def test_absent_photographs_are_counted(photographs):
    listed = {**IMAGES, "b": [*IMAGES["b"], "gone.jpg"], "x": ["gone.jpg"]}
    assert plane(photographs, "a:b", images=listed).absent == {"b": 1}
    with pytest.raises(MissingLabelError, match="none of the 1 photographs of 'x'"):
        plane(photographs, "a:x", images=listed)


@pytest.mark.parametrize(
    ("question", "error", "message"),
    [
        ("a:b", OptionError, "lies on a line.*a pair takes the photographs"),
        ("a:b::a:d", OptionError, "names a word twice"),
        ("a b", OptionError, "neither a pair a:b nor a question"),
        ("a:b::c:", OptionError, "neither a pair a:b nor a question"),
        ("a:b::c:dd", MissingLabelError, "'dd' is not in"),
    ],
)
def test_faults_are_named(words, question, error, message):
    with pytest.raises(error, match=message):
        plane(words, question)


def test_words_without_photographs_are_named(photographs):
    with pytest.raises(MissingLabelError, match="no photographs of 'aa'"):
        plane(photographs, "aa:b", images=IMAGES)
    with pytest.raises(OptionError, match="give images too"):
        plane(photographs, "a:b", folder=".")


def test_questions_may_be_quoted():
    assert parse_question("'new york' : usa :: \"a:b\" : ?") == ("new york", "usa", "a:b")


@pytest.fixture
def folder(tmp_path):
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(4)
    for number, name in enumerate(name for some in IMAGES.values() for name in some):
        noise = rng.integers(0, 256, (150 + number, 300, 3), np.uint8)
        image.fromarray(noise).save(tmp_path / name)
    return tmp_path


def test_thumbnails_are_small_photographs_inside_the_result(photographs, folder, monkeypatch):
    image = pytest.importorskip("PIL.Image")
    found = plane(photographs, "a:b", images=IMAGES, folder=folder)
    assert found.thumbnail_side == 128
    for one in found.photographs:
        data = base64.b64decode(one.thumbnail)
        with image.open(io.BytesIO(data)) as opened:
            assert opened.format == "JPEG"
            assert max(opened.size) == 128
    assert found.run.paths == {"photographs": str(folder)}
    total = sum(len(one.thumbnail) for one in found.photographs)
    monkeypatch.setattr(small, "MOST", total - 1)
    assert plane(photographs, "a:b", images=IMAGES, folder=folder).thumbnail_side == 96
    monkeypatch.setattr(small, "MOST", 100)
    with pytest.raises(OptionError, match="12 photographs do not fit"):
        plane(photographs, "a:b", images=IMAGES, folder=folder)


def test_a_link_out_of_the_folder_is_shown_to_nobody(photographs, folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "b3.jpg"
    (folder / "b3.jpg").rename(outside)
    (folder / "b3.jpg").symlink_to(outside)
    with pytest.raises(FormatError, match=r"b3\.jpg: a link out of the folder, to .*outside"):
        plane(photographs, "a:b", images=IMAGES, folder=folder)
    (folder / "kept").mkdir()
    outside.rename(folder / "kept" / "b3.jpg")
    (folder / "b3.jpg").unlink()
    (folder / "b3.jpg").symlink_to("kept/b3.jpg")
    plane(photographs, "a:b", images=IMAGES, folder=folder)


def test_a_file_that_is_no_photograph_is_named(photographs, folder):
    (folder / "b3.jpg").write_text("no photograph")
    with pytest.raises(FormatError, match=r"b3\.jpg"):
        plane(photographs, "a:b", images=IMAGES, folder=folder)
