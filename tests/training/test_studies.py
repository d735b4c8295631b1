"""The temperature study on a small set: what it trains, keeps, measures and refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from embarith.encoders.heads import Heads
from embarith.errors import OptionError
from embarith.experiments import heads as studies
from embarith.experiments.heads import temperature_study
from embarith.experiments.simat import simat
from embarith.questions import simat as sets
from embarith.questions.simat import Simat
from embarith.result import HeadsResult, from_json, to_json
from embarith.table import EmbeddingTable
from embarith.training.heads import Settings
from embarith.training.pairs import pair
from simat_sets import publish, shared_space

Parts = tuple[EmbeddingTable, EmbeddingTable, dict[str, tuple[str, ...]], Simat]
FAST = Settings(epochs=2, batch_size=64)


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    """A published set, and 80 more photographs with one or two captions each."""
    task = sets.read(publish(tmp_path / "set"))
    images, texts = shared_space(task)
    random = np.random.default_rng(1)
    captions = {
        f"{i}.jpg": tuple(task.captions[j] for j in random.integers(0, 18, 1 + i % 2))
        for i in range(80)
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
        # A caption of several photographs counts with each of them here, and once there.
        assert point.recall.value == pytest.approx(np.mean(recalls), abs=10)
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
    train = studies.train

    def watched(pairs: object, settings: Settings, **more: object) -> object:
        trained.append(settings)
        return train(pairs, settings, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(studies, "train", watched)
    again = study(parts, tmp_path / "heads")
    assert [(one.temperature, one.seed) for one in trained] == [(1.0, 1)]
    assert again.points == first.points
    with pytest.raises(OptionError, match="heads of other vectors or settings"):
        study(parts, tmp_path / "heads", settings=Settings(epochs=3, batch_size=64))


def test_what_has_no_meaning_is_refused(parts: Parts, tmp_path: Path) -> None:
    for wrong, message in (
        ({"temperatures": ()}, "at least one temperature"),
        ({"seeds": 0}, "one seed"),
        ({"settings": Settings(method="ridge")}, "'ridge' has no temperature"),
    ):
        with pytest.raises(OptionError, match=message):
            study(parts, tmp_path, **wrong)  # type: ignore[arg-type]
    images, texts, captions, task = parts
    wordless = texts.select(list(task.captions))
    with pytest.raises(OptionError, match="can be asked none of the dev queries"):
        study((images, wordless, captions, task), tmp_path)
