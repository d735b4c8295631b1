"""Studies of heads on a small set: what they train, keep, measure and refuse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from embarith.encoders.bag import bag
from embarith.encoders.card import Tower
from embarith.encoders.heads import Heads
from embarith.errors import OptionError
from embarith.experiments import heads as studies
from embarith.experiments.heads import temperature_study
from embarith.experiments.simat import (
    LAMS,
    asked_queries,
    dev_score,
    find_space,
    pick,
    search,
    simat,
)
from embarith.experiments.text_encoders import encoder_study
from embarith.questions import simat as sets
from embarith.questions.simat import Simat
from embarith.result import HeadsResult, TextEncodersResult, from_json, to_json
from embarith.table import EmbeddingTable
from embarith.training.heads import Settings, train
from embarith.training.pairs import pair
from simat_sets import publish, shared_space

Parts = tuple[EmbeddingTable, EmbeddingTable, dict[str, tuple[str, ...]], Simat]
FAST = Settings(epochs=2, batch_size=64)


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    """A published set, and 160 more photographs with one or two captions each."""
    task = sets.read(publish(tmp_path / "set"))
    images, texts = shared_space(task)
    random = np.random.default_rng(1)
    captions = {
        f"{i}.jpg": tuple(task.captions[j] for j in random.integers(0, 18, 1 + i % 2))
        for i in range(160)
    }
    vectors = np.stack([texts[list(said)].mean(axis=0) for said in captions.values()])
    vectors += 0.5 * random.normal(size=vectors.shape)
    more = EmbeddingTable.from_arrays(list(captions), vectors.astype(np.float32))
    return EmbeddingTable.concat(images, more), texts, captions, task


def study(parts: Parts, folder: Path, **more: object) -> HeadsResult:
    options = {"temperatures": (1.0, 0.1), "seeds": 2, "settings": FAST, "draws": 50, **more}
    return temperature_study(*parts, folder, **options)  # type: ignore[arg-type]


def test_scores_are_those_of_the_heads_alone(parts: Parts, tmp_path: Path) -> None:
    images, texts, captions, task = parts
    found = study(parts, tmp_path / "heads")
    assert from_json(to_json(found)) == found
    assert [point.temperature for point in found.points] == [0.1, 1.0]
    pairs = pair(images, texts, captions, hold_out=task.images)
    assert found.pairs_sha256 == pairs.sha256
    for point in found.points:
        tests = []
        for one in point.trained:
            file = tmp_path / "heads" / f"heads-{point.temperature:g}-{one.seed}.safetensors"
            alone = simat(images, texts, task, heads=Heads.read(file), draws=0)
            assert (alone.lam, alone.heads) == (one.lam, one.heads)
            assert alone.scores.all is not None
            assert alone.best.scores.all.all is not None
            assert one.test == pytest.approx(alone.scores.all.value)
            assert one.best == pytest.approx(alone.best.scores.all.all.value)
            tests.append(one.test)
        assert point.test.value == pytest.approx(np.mean(tests))
        recalls = [np.mean([*one.captions, *one.photographs]) for one in point.trained]
        assert point.recall.value == pytest.approx(np.mean(recalls), abs=1e-6)
        for figure in (point.test, point.recall):
            assert figure.ci is not None
            assert figure.ci[0] <= figure.value <= figure.ci[1]
    best = next(point for point in found.points if point.temperature == found.best)
    assert best.dev == max(point.dev for point in found.points)
    assert best.difference.value == 0


def test_heads_that_are_there_are_not_trained_again(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = study(parts, tmp_path / "heads")
    (tmp_path / "heads" / "heads-1-1.safetensors").unlink()
    trained: list[Settings] = []

    def watched(pairs: object, settings: Settings, **more: object) -> object:
        trained.append(settings)
        return train(pairs, settings, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(studies, "train", watched)
    again = study(parts, tmp_path / "heads")
    assert [(one.temperature, one.seed) for one in trained] == [(1.0, 1)]
    assert again.points == first.points
    with pytest.raises(OptionError, match="heads of other vectors or settings"):
        study(parts, tmp_path / "heads", settings=Settings(epochs=3, batch_size=64))


def test_the_score_of_an_epoch_takes_no_more_texts_than_it_asks_for(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, texts, captions, task = parts
    heads = train(pair(images, texts, captions), Settings(method="ridge")).heads
    alone = simat(images, texts, task, heads=heads, split="dev", draws=0)
    led: list[int] = []
    apply = Heads.apply

    def counted(self: Heads, tower: Tower, vectors: np.ndarray) -> np.ndarray:
        led.append(len(vectors))
        return apply(self, tower, vectors)

    score = dev_score(images, texts, task)
    monkeypatch.setattr(Heads, "apply", counted)
    found, lam = score(heads)
    assert alone.scores.all is not None
    assert (found, lam) == (pytest.approx(alone.scores.all.value), alone.lam)
    assert led == [len(task.images), len(task.select(np.flatnonzero(~task.is_test)).words)]


def test_what_has_no_meaning_is_refused(parts: Parts, tmp_path: Path) -> None:
    for wrong, message in (
        ({"temperatures": ()}, "at least one temperature"),
        ({"seeds": 0}, "one seed"),
        ({"temperatures": (1, 0.03, 0.030000001)}, r"0\.03 and 0\.030000001 are both 0\.03 to"),
        ({"settings": Settings(method="ridge")}, "'ridge' has no temperature"),
    ):
        with pytest.raises(OptionError, match=message):
            study(parts, tmp_path, **wrong)  # type: ignore[arg-type]
    images, texts, captions, task = parts
    wordless = texts.select(list(task.captions))
    with pytest.raises(OptionError, match="can be asked none of the dev queries"):
        study((images, wordless, captions, task), tmp_path)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def explained(vectors: np.ndarray, cells: list[tuple[str, str]]) -> float:
    """Adjusted share of variance of cell means, by dummies."""
    names = sorted(set(cells))
    means = np.stack([unit(vectors)[[c == cell for c in cells]].mean(axis=0) for cell in names])
    design = np.column_stack(
        [
            np.ones(len(names)),
            *(
                [float(cell[side] == level) for cell in names]
                for side in (0, 1)
                for level in sorted({cell[side] for cell in names})
            ),
        ]
    )
    fitted = design @ np.linalg.pinv(design) @ means
    left = np.sum((means - fitted) ** 2) / np.sum((means - means.mean(axis=0)) ** 2)
    rank = np.linalg.matrix_rank(design)
    return float(1 - left * (len(names) - 1) / (len(names) - rank))


def test_geometry_is_that_of_the_heads_vectors(parts: Parts, tmp_path: Path) -> None:
    images, texts, captions, task = parts
    # Captions of their own, as photographs that share some are one unit of the gap.
    means = np.stack([texts[list(said)].mean(axis=0) for said in captions.values()])
    captions = {image: (f"Alone {image}",) for image in captions}
    own = EmbeddingTable.from_arrays([said for (said,) in captions.values()], means)
    texts = EmbeddingTable.concat(texts, own)
    shared = study(parts, tmp_path / "shared", seeds=1)
    assert {point.geometry.gap for point in shared.points} == {None}
    found = study((images, texts, captions, task), tmp_path / "heads", seeds=1)
    pairs = pair(images, texts, captions, hold_out=task.images)
    carried = dict(task.carried.tolist())
    triple_of = dict(zip(task.caption.tolist(), task.goal.tolist(), strict=True))

    def cell(triple: int) -> tuple[str, str]:
        subject, _, thing = task.triples[triple]
        return subject, thing

    shown = [cell(carried[i]) for i in range(len(task.images))]
    told = sorted(triple_of)
    photographs = images[list(task.images)]
    asked_for = texts[[task.captions[i] for i in told]]
    for point in (None, *found.points):
        lain = found.before if point is None else point.geometry
        x, y = photographs.astype(float), asked_for.astype(float)
        if point is None:
            assert lain.gap is lain.separability is None
        else:
            heads = Heads.read(tmp_path / f"heads/heads-{point.temperature:g}-0.safetensors")
            x, y = heads.apply("visual", photographs), heads.apply("text", asked_for)
            rows, lines = (np.unique(side) for side in pairs.validation.T)
            gap = heads.apply("visual", pairs.photographs[rows]).mean(axis=0)
            gap = gap - heads.apply("text", pairs.texts[lines]).mean(axis=0)
            assert lain.gap is not None
            assert lain.gap.value == pytest.approx(np.linalg.norm(gap), abs=1e-6)
            assert lain.separability is not None
        for fit, vectors, cells in (
            (lain.photographs, x, shown),
            (lain.captions, y, [cell(triple_of[i]) for i in told]),
        ):
            assert fit is not None
            assert fit.adjusted is not None
            assert fit.adjusted.value == pytest.approx(explained(vectors, cells), abs=1e-5)
    said = [label for label in texts if label not in set(task.captions)]
    kept = {image: (image,) for image in captions}
    vectors = np.stack([texts[list(captions[image])].mean(axis=0) for image in kept])
    alone = EmbeddingTable.concat(
        texts.select(said), EmbeddingTable.from_arrays(list(kept), vectors)
    )
    without = study((images, alone, kept, task), tmp_path / "words", seeds=1)
    assert without.before.captions is None
    assert without.before.photographs == found.before.photographs


# -- text encoders -----------------------------------------------------------------------------


@pytest.fixture
def encoders(parts: Parts) -> dict[str, EmbeddingTable]:
    """The texts of `parts`, and bags of random vectors of their words."""
    texts = parts[1]
    words = sorted({word for text in texts for word in text.lower().strip(".").split()})
    known = EmbeddingTable.from_arrays(words, np.ones((len(words), 1), np.float32))
    return {"sums": texts, "random": bag(known, texts.index_to_key, random=9)}


def compare(
    parts: Parts, encoders: dict[str, EmbeddingTable], folder: Path, **more: object
) -> TextEncodersResult:
    options = {"temperatures": (1.0, 0.1), "seeds": 1, "settings": FAST, "draws": 50, **more}
    images, _, captions, task = parts
    return encoder_study(images, encoders, captions, task, folder, **options)  # type: ignore[arg-type]


def test_encoders_are_compared_on_what_each_does_alone(
    parts: Parts, encoders: dict[str, EmbeddingTable], tmp_path: Path
) -> None:
    images, _, captions, task = parts
    found = compare(parts, encoders, tmp_path)
    assert from_json(to_json(found)) == found
    assert [(one.name, one.is_control) for one in found.encoders] == [
        ("sums", False),
        ("random", True),
    ]
    for way in ("frozen", "both"):
        settings = Settings(epochs=2, batch_size=64, freeze_text=way == "frozen")
        alone = study(parts, tmp_path / "sums" / way, seeds=1, settings=settings)
        mine = getattr(found.encoders[0], way)
        assert (mine.points, mine.before, mine.best) == (alone.points, alone.before, alone.best)
    # With the texts as they are, their additivity stays what it was.
    for point in found.encoders[1].frozen.points:
        before, after = (
            one.captions and one.captions.predicted
            for one in (found.encoders[1].frozen.before, point.geometry)
        )
        assert before is not None
        assert after is not None
        assert after.value == pytest.approx(before.value, abs=1e-6)
    success = {}
    for name, table in encoders.items():
        pairs = pair(images, table, captions, hold_out=task.images)
        ridge = train(pairs, Settings(method="ridge")).heads
        asked, lam = asked_queries(table, task, LAMS)
        right = search(find_space(images, table, asked, ridge), asked, lam, task.right).success
        success[name] = right[asked.is_test, pick(right, asked, ~asked.is_test)]
        weights = asked.norm2[asked.is_test] ** -0.5
        mine = next(one for one in found.encoders if one.name == name)
        score = 100 * np.average(success[name], weights=weights)
        assert mine.ridge.test.value == pytest.approx(score)
        assert mine.ridge.trained[0].heads.sha256 == ridge.sha256
    differences = {(one.first, one.second): one.difference for one in found.differences}
    assert len(differences) == 3 + 2 * 3
    told = differences[("sums", "ridge"), ("random", "ridge")]
    less = 100 * np.average(success["sums"] - success["random"], weights=weights)
    assert told.value == pytest.approx(less)
    assert told.ci is not None
    assert told.ci[0] <= told.value <= told.ci[1]
    tests = {
        (one.name, way): one.best(way).test.value
        for one in found.encoders
        for way in ("ridge", "frozen", "both")
    }
    for (first, second), figure in differences.items():
        assert figure.value == pytest.approx(tests[first] - tests[second], abs=1e-6)


def test_nothing_is_fitted_beside_what_is_refused(
    parts: Parts,
    encoders: dict[str, EmbeddingTable],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compare(parts, encoders, tmp_path, temperatures=(1.0,))
    for name in ("sums/ridge", "sums/frozen/heads-1-0", "sums/both/heads-1-0"):
        (tmp_path / f"{name}.safetensors").unlink()
    monkeypatch.setattr(studies, "train", None)
    for wrong, message in (
        ({"temperatures": (1.0,), "settings": Settings(epochs=3)}, "random/.*other vectors or"),
        ({"temperatures": (0.1, 1e31)}, "temperature must be greater than 0 and below"),
        ({"draws": -1}, "draws must be at least 0"),
    ):
        with pytest.raises(OptionError, match=message):
            compare(parts, encoders, tmp_path, **wrong)
        with pytest.raises(OptionError, match=message.replace("random/", "heads-1-0")):
            study(parts, tmp_path / "random" / "both", **{"seeds": 1, **wrong})


def test_an_interruption_keeps_what_is_trained(
    parts: Parts,
    encoders: dict[str, EmbeddingTable],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = compare(parts, encoders, tmp_path / "whole")
    names: list[str] = []

    def stopped(pairs: object, settings: Settings, **more: object) -> object:
        names.append(f"{settings.method} {settings.temperature:g}")
        if len(names) == 5:
            raise KeyboardInterrupt
        return train(pairs, settings, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(studies, "train", stopped)
    with pytest.raises(KeyboardInterrupt):
        compare(parts, encoders, tmp_path / "stopped")
    again = compare(parts, encoders, tmp_path / "stopped")
    # Ridge, and two temperatures both ways, for each; one was begun twice.
    assert len(names) == 2 * 5 + 1
    assert names[4] == names[5] == "contrastive 1"
    assert (again.encoders[0].ridge, again.differences) == (
        whole.encoders[0].ridge,
        whole.differences,
    )


def test_all_encoders_are_asked_what_all_can_be(
    parts: Parts, encoders: dict[str, EmbeddingTable], tmp_path: Path
) -> None:
    task = parts[3]
    encoders["random"] = encoders["random"].select(
        [text for text in encoders["random"].index_to_key if text != "cat"]
    )
    # As many queries, but others.
    encoders["sums"] = encoders["sums"].select(
        [text for text in encoders["sums"].index_to_key if text != "bed"]
    )
    found = compare(parts, encoders, tmp_path, temperatures=(1.0,), draws=0)
    changes = list(zip(task.value, task.target, strict=True))
    assert found.coverage.missing == {
        word: sum(word in change for change in changes) for word in ("cat", "bed")
    }
    lost = np.array([bool({"cat", "bed"} & {*change}) for change in changes])
    assert found.questions.dropped == lost.sum()
    tests = int((task.is_test & ~lost).sum())
    assert {one.best(way).test.n for one in found.encoders for way in ("ridge", "both")} == {tests}


def test_encoders_that_cannot_be_compared_are_refused(
    parts: Parts, encoders: dict[str, EmbeddingTable], tmp_path: Path
) -> None:
    task = parts[3]
    with pytest.raises(OptionError, match="two text encoders or more"):
        compare(parts, {"sums": encoders["sums"]}, tmp_path)
    with pytest.raises(OptionError, match=r"text encoder '\.\./sums': a name is of letters"):
        compare(parts, {**encoders, "../sums": encoders["sums"]}, tmp_path)
    wordless = encoders["random"].select(list(task.captions))
    with pytest.raises(OptionError, match=r"random word vectors .* can be asked none of the dev"):
        compare(parts, {**encoders, "random": wordless}, tmp_path)
    captionless = encoders["random"].select(task.words)
    with pytest.raises(OptionError, match=r"random word vectors .* has no vector of the caption"):
        compare(parts, {**encoders, "random": captionless}, tmp_path)
    assert not list(tmp_path.glob("*/*.safetensors"))


def test_a_set_without_test_queries_is_refused_before_anything_is_fitted(
    parts: Parts, tmp_path: Path
) -> None:
    images, texts, captions, task = parts
    only = task.select(np.flatnonzero(~task.is_test))
    with pytest.raises(OptionError, match="has no test queries to report on"):
        study((images, texts, captions, only), tmp_path / "heads")
    assert not (tmp_path / "heads").exists()


def test_words_that_lack_are_told_and_their_queries_are_not_counted(
    parts: Parts, tmp_path: Path
) -> None:
    images, texts, captions, task = parts
    word = task.value[0]
    fewer = texts.select([label for label in texts.index_to_key if label != word])
    found = study((images, fewer, captions, task), tmp_path / "heads", temperatures=(0.1,))
    lost = sum(word in pair for pair in zip(task.value, task.target, strict=True))
    assert found.coverage.missing == {word: lost}
    assert found.data.dev + found.data.test == found.questions.answered == len(task) - lost
