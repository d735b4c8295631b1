"""Heads fitted on photographs with captions: what the methods compute, keep and refuse."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from sklearn.linear_model import Ridge

from embarith.encoders.heads import Heads
from embarith.errors import FormatError, OptionError
from embarith.provenance import Provenance
from embarith.table import EmbeddingTable
from embarith.training import contrastive, heads
from embarith.training.contrastive import contrastive_loss
from embarith.training.heads import PENALTIES, Settings, Step, train
from embarith.training.pairs import Pairs, Recall, is_validation, pair, retrieve


def tables(
    count: int = 120, noise: float = 0.3, seed: int = 0
) -> tuple[EmbeddingTable, EmbeddingTable, dict[str, tuple[str, ...]]]:
    """Photographs and one to three captions of each, both maps of the same hidden vector."""
    random = np.random.default_rng(seed)
    hidden = random.normal(size=(count, 6))
    to_image, to_text = random.normal(size=(6, 9)), random.normal(size=(6, 7))
    captions = {
        f"{i}.jpg": tuple(f"caption {n} of {i}" for n in range(1 + i % 3)) for i in range(count)
    }
    texts = {
        caption: hidden[i] @ to_text + noise * random.normal(size=7)
        for i, said in enumerate(captions.values())
        for caption in said
    }
    photographs = 5 + hidden @ to_image + noise * random.normal(size=(count, 9))
    return (
        EmbeddingTable.from_arrays(list(captions), photographs.astype(np.float32)),
        EmbeddingTable.from_arrays(list(texts), np.array(list(texts.values()), np.float32)),
        captions,
    )


@pytest.fixture
def pairs() -> Pairs:
    return pair(*tables())


# -- pairs -------------------------------------------------------------------------------------


def test_photographs_are_split_never_captions(pairs: Pairs) -> None:
    split = [is_validation(image) for image in pairs.images]
    assert pairs.is_validation.tolist() == split
    assert 0 < sum(split) < 40
    assert not {*pairs.training[:, 0]} & {*pairs.validation[:, 0]}
    assert len(pairs.training) + len(pairs.validation) == len(pairs.pairs) == 240
    share = np.mean([is_validation(f"{i}.jpg") for i in range(4000)])
    assert 0.08 < share < 0.12
    other = pair(*tables(), seed=1)
    assert other.is_validation.tolist() != split
    assert other.sha256 != pairs.sha256


def test_photographs_that_are_held_out_are_nowhere(pairs: Pairs) -> None:
    out = pairs.images[::2]
    rest = pair(*tables(), hold_out=out)
    assert rest.images == pairs.images[1::2]
    assert rest.held_out == 60
    assert len(rest.texts) == len({text for _, text in rest.pairs.tolist()})
    assert "60 held out" in rest.describe()
    elsewhere = pair(*tables(), hold_out=["images/7.png"])
    assert "none of the 1 to hold out has captions under its name" in elsewhere.describe()


def test_vectors_that_lack_are_named() -> None:
    images, texts, captions = tables()
    found = r"captions without photographs: .* '7\.jpg', but one of '0\.jpg' \(1 of 120"
    with pytest.raises(OptionError, match=found):
        pair(images.select([image for image in captions if image != "7.jpg"]), texts, captions)
    some = [caption for caption in texts if caption != "caption 0 of 3"]
    with pytest.raises(OptionError, match=r"no vector of the caption 'caption 0 of 3' \(1 of 240"):
        pair(images, texts.select(some), captions)
    # What is held out needs no vector.
    pair(
        images,
        texts.select([c for c in some if not c.endswith(" 3")]),
        captions,
        hold_out=["3.jpg"],
    )
    with pytest.raises(OptionError, match="120 are held out, and none of the rest is to fit"):
        pair(images, texts, captions, hold_out=list(captions))
    one = {image: said for image, said in captions.items() if not is_validation(image)}
    with pytest.raises(OptionError, match="for validation"):
        pair(images, texts, one)


def test_recall_counts_the_first_right_answer_and_shares_ties() -> None:
    photographs = np.eye(12)
    texts = np.vstack([np.eye(12), np.eye(12)[:1]])
    right = np.array([*((i, i) for i in range(12)), (1, 12)])
    found = Recall.of(retrieve(photographs, texts, right))
    # Photograph 0 has a wrong caption as near as its own; that one's own photograph is as near as
    # ten others, behind photograph 0.
    assert found.captions == pytest.approx((100 * 11.5 / 12, 100, 100))
    tied = [0, 4 / 11, 9 / 11]
    assert found.photographs == pytest.approx([100 * (12 + one) / 13 for one in tied])
    shuffled = np.random.default_rng(0).permutation(12)
    again = retrieve(
        photographs[shuffled], texts, np.stack([np.argsort(shuffled)[right[:, 0]], right[:, 1]], 1)
    )
    assert Recall.of(again) == found


def test_recall_is_that_of_any_of_a_photographs_captions() -> None:
    """As counted by sorting: the nearest right caption, and the nearest right photograph."""
    random = np.random.default_rng(0)
    photographs, texts = random.normal(size=(2, 30, 4))
    right = np.unique(random.integers(0, 30, (70, 2)), axis=0)
    right = np.concatenate([right, np.stack([np.arange(30)] * 2, axis=1)])
    found = retrieve(photographs, texts, right)
    for side, (ours, theirs, pairs) in enumerate(
        ((photographs, texts, right), (texts, photographs, right[:, ::-1]))
    ):
        for query in range(30):
            order = np.argsort(-(theirs @ ours[query])).tolist()
            mine = {answer for one, answer in pairs.tolist() if one == query}
            first = min(order.index(answer) for answer in mine)
            assert found[side][query].tolist() == [first < 1, first < 5, first < 10]


def test_a_score_rounded_otherwise_is_tied() -> None:
    texts = np.array([[1.0, 1e-14], [1.0, 0.0], [1.0, 0.0]])
    found = retrieve(np.array([[1.0, 0.0], [0.6, 0.8]]), texts, np.array([[0, 1], [1, 0], [1, 2]]))
    assert found[0][0].tolist() == pytest.approx([1 / 3, 1, 1])


def test_no_batch_is_larger_than_asked_for(pairs: Pairs) -> None:
    for size in (2, 50, 100, 150, 500):
        run = contrastive._Run(pairs, Settings(batch_size=size))
        batches = run._batches(pairs.training, np.arange(len(pairs.training)))
        assert max(map(len, batches)) <= size
        assert max(map(len, batches)) - min(map(len, batches)) <= 1
        assert sum(map(len, batches)) == len(pairs.training)


# -- closed forms ------------------------------------------------------------------------------


def test_ridge_is_that_of_scikit_learn(pairs: Pairs) -> None:
    fit = heads._ridge(pairs)
    X = pairs.photographs[pairs.training[:, 0]].astype(np.float64)
    Y = pairs.texts[pairs.training[:, 1]].astype(np.float64)
    Y /= np.linalg.norm(Y, axis=1, keepdims=True)
    total = np.square(X - X.mean(axis=0)).sum() / X.shape[1]
    for penalty in (PENALTIES[0], 1.0, PENALTIES[-1]):
        made = fit(penalty)
        known = Ridge(alpha=penalty * total).fit(X, Y)
        np.testing.assert_allclose(made.img.weight, known.coef_, atol=2e-6)
        np.testing.assert_allclose(made.img.bias, known.intercept_, atol=2e-5)
        np.testing.assert_array_equal(made.txt.weight, np.eye(7))


def test_cca_solves_the_generalized_eigenproblem(pairs: Pairs) -> None:
    X = pairs.photographs[pairs.training[:, 0]].astype(np.float64)
    Y = pairs.texts[pairs.training[:, 1]].astype(np.float64)
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    for penalty in (1e-4, 1.0):
        made = heads._cca(pairs)(penalty)
        Cxx, Cyy = (s.T @ s / len(s) for s in (X, Y))
        Cxx += penalty * np.trace(Cxx) / 9 * np.eye(9)
        Cyy += penalty * np.trace(Cyy) / 7 * np.eye(7)
        Cxy = X.T @ Y / len(X)
        squares, axes = scipy.linalg.eigh(Cxy @ np.linalg.solve(Cyy, Cxy.T), Cxx)
        correlations = np.sqrt(squares[::-1][:7])
        mapped = made.img.weight.astype(np.float64)
        # Variates of variance ρ², orthogonal, along the eigenvectors.
        length = np.linalg.norm(X, axis=1)
        np.testing.assert_allclose(
            mapped @ Cxx @ mapped.T, np.diag(correlations**2), atol=1e-5 * length.max()
        )
        for row, axis in zip(mapped[:3], axes.T[::-1], strict=False):
            cosine = row @ axis / np.linalg.norm(row) / np.linalg.norm(axis)
            assert abs(cosine) == pytest.approx(1, abs=1e-4)
        np.testing.assert_allclose(
            mapped @ Cxy @ made.txt.weight.T, np.diag(correlations**3), atol=1e-5 * length.max()
        )


@pytest.mark.parametrize("method", ["ridge", "cca"])
def test_the_penalty_is_that_of_the_best_recall(pairs: Pairs, method: heads.Method) -> None:
    seen: list[Step] = []
    done = train(pairs, Settings(method=method), watch=seen.append)
    assert tuple(seen) == done.steps
    assert [step.at for step in seen] == list(PENALTIES)
    assert done.best.recall.mean == max(step.recall.mean for step in seen)
    assert done.best.recall.captions[2] > 60
    assert done.heads.temperature is None
    assert f"penalty {done.best.at:.3g}" in done.heads.provenance.steps[-1]
    assert done.heads.provenance.sha256 == pairs.sha256


def test_heads_are_applied_to_what_they_were_trained_on_alone() -> None:
    plain = tables()
    images, texts = (
        EmbeddingTable.from_arrays(one.labels, one.vectors, provenance=Provenance(encoder))
        for one, encoder in zip(plain, ("of photographs", "of words"), strict=False)
    )
    first = train(pair(images, texts, plain[2]), Settings(method="ridge")).heads
    led = first.apply_to(images, "visual"), first.apply_to(texts, "text")
    other = train(pair(images, texts, plain[2]), Settings(method="cca")).heads
    for table, tower in zip(led, ("visual", "text"), strict=True):
        message = r"\(ridge heads \w+\): .* applied already, ridge heads .* and cca heads"
        with pytest.raises(OptionError, match=message):
            other.apply_to(table, tower)
    with pytest.raises(OptionError, match="the text head is for the other of these"):
        first.apply_to(images, "text")
    # Heads that were trained on led tables lead these on.
    second = train(pair(*led, plain[2]), Settings(method="cca")).heads
    on = second.apply_to(led[0], "visual")
    assert len(on.provenance.steps) == 2
    with pytest.raises(OptionError, match="were applied already; leave them out"):
        second.apply_to(on, "visual")


def test_equal_vectors_are_refused(pairs: Pairs) -> None:
    flat = replace(pairs, photographs=np.ones_like(pairs.photographs))
    for method in heads.METHODS:
        with pytest.raises(OptionError, match="all training vectors of one side are equal"):
            train(flat, Settings(method=method))


# -- contrastive -------------------------------------------------------------------------------


def _loss(
    images: np.ndarray, texts: np.ndarray, photograph: np.ndarray, text: np.ndarray, tau: float
) -> float:
    def one_way(logits: np.ndarray) -> float:
        return -float(np.mean(np.diag(logits) - np.log(np.exp(logits).sum(axis=1))))

    logits = images @ texts.T / tau
    for i in range(len(images)):
        for j in range(len(images)):
            if i != j and (photograph[i] == photograph[j] or text[i] == text[j]):
                logits[i, j] = -np.inf
    return (one_way(logits) + one_way(logits.T)) / 2


def test_loss_and_gradient_are_those_of_numpy() -> None:
    random = np.random.default_rng(0)
    images, texts = random.normal(size=(2, 8, 5))
    photograph, text = np.array([0, 0, 1, 2, 3, 4, 5, 5]), np.array([0, 1, 2, 2, 3, 4, 5, 6])
    given = [torch.tensor(one, requires_grad=True) for one in (images, texts)]
    loss = contrastive_loss(*given, torch.tensor(photograph), torch.tensor(text), 0.7)
    assert loss.item() == pytest.approx(_loss(images, texts, photograph, text, 0.7), abs=1e-12)
    # Without the mask it is another.
    assert loss.item() != pytest.approx(
        _loss(images, texts, np.arange(8), np.arange(8), 0.7), abs=1e-3
    )
    loss.backward()
    for side, tensor in enumerate(given):
        for place in np.ndindex(8, 5):
            moved = [[images.copy(), texts.copy()] for _ in range(2)]
            moved[0][side][place] += 1e-6
            moved[1][side][place] -= 1e-6
            up, down = (_loss(*one, photograph, text, 0.7) for one in moved)
            assert tensor.grad is not None
            assert tensor.grad[place].item() == pytest.approx((up - down) / 2e-6, abs=1e-7)


def test_a_batch_of_one_photograph_teaches_nothing() -> None:
    images, texts = torch.randn(2, 4, 3, dtype=torch.float64)
    loss = contrastive_loss(images, texts, torch.zeros(4, dtype=torch.int64), torch.arange(4), 0.1)
    assert loss.item() == 0


FAST = Settings(epochs=6, batch_size=32, learning_rate=0.01)


@pytest.mark.parametrize("frozen", [False, True])
def test_contrastive_heads_find_their_captions(pairs: Pairs, frozen: bool) -> None:
    done = train(pairs, replace(FAST, freeze_text=frozen, epochs=20))
    assert done.best.recall.captions[2] > 60
    losses = [step.training_loss for step in done.steps]
    assert losses[0] is not None
    assert losses[-1] is not None
    assert losses[-1] < losses[0]
    assert done.best.recall.mean == max(step.recall.mean for step in done.steps)
    assert done.heads.temperature == 0.1
    assert np.array_equal(done.heads.txt.weight, np.eye(7)) == frozen
    assert "learning_rate 0.01" in done.heads.provenance.steps[1]


def test_training_ends_where_recall_does_not_rise(pairs: Pairs) -> None:
    done = train(pairs, replace(FAST, epochs=200, patience=3))
    assert len(done.steps) == done.best.at + 3
    assert len(done.steps) < 200


def test_the_same_seed_gives_the_same_heads(pairs: Pairs) -> None:
    first, again, other = (train(pairs, replace(FAST, seed=seed)) for seed in (0, 0, 1))
    assert first.heads.sha256 == again.heads.sha256 != other.heads.sha256


def test_the_same_heads_whatever_the_number_of_threads(pairs: Pairs) -> None:
    before = torch.get_num_threads()
    threads: list[int] = []
    try:
        found = set()
        for count in (1, 2):
            torch.set_num_threads(count)
            done = train(pairs, FAST, watch=lambda step: threads.append(torch.get_num_threads()))
            found.add(done.heads.sha256)
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(before)
    assert len(found) == 1
    assert set(threads) == {1}


@pytest.mark.parametrize("after", [1, 3, 6])
def test_a_run_taken_up_again_ends_with_the_same_bytes(
    pairs: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    class Killed(BaseException):
        pass

    def kill(step: Step) -> None:
        if step.at == after:
            raise Killed

    checkpoint = tmp_path / "heads.checkpoint"
    whole = train(pairs, FAST)
    with pytest.raises(Killed):
        train(pairs, FAST, checkpoint=checkpoint, watch=kill)
    # It can be used as it is.
    assert Heads.read(checkpoint).temperature == 0.1
    seen: list[Step] = []
    rest = train(pairs, FAST, checkpoint=checkpoint, watch=seen.append)
    assert rest.steps == whole.steps == tuple(seen)
    for name, done in (("whole", whole), ("rest", rest)):
        done.heads.save(tmp_path / name)
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "rest").read_bytes()
    # Heads are saved before it goes; until then nothing is trained twice.
    monkeypatch.setattr(contrastive._Run, "epoch", None)
    assert train(pairs, FAST, checkpoint=checkpoint).heads.sha256 == whole.heads.sha256


def test_a_checkpoint_of_another_run_is_refused(pairs: Pairs, tmp_path: Path) -> None:
    checkpoint = tmp_path / "heads.checkpoint"
    _stop_after_one(pairs, checkpoint)
    with pytest.raises(OptionError, match=r"another run \(temperature 0\.1 and not 0\.3\)"):
        train(pairs, replace(FAST, temperature=0.3), checkpoint=checkpoint)
    with pytest.raises(OptionError, match=r"another run \(other vectors\)"):
        train(pair(*tables(seed=1)), FAST, checkpoint=checkpoint)
    train(pairs, FAST).heads.save(checkpoint)
    with pytest.raises(FormatError, match="no checkpoint"):
        train(pairs, FAST, checkpoint=checkpoint)
    checkpoint.write_bytes(b"nothing")
    with pytest.raises(FormatError, match="no safetensors file of heads"):
        train(pairs, FAST, checkpoint=checkpoint)


@pytest.mark.parametrize("part", ["img_head.weight", "txt_head.bias", "exp_avg.txt.weight", "told"])
def test_a_changed_byte_is_noticed(pairs: Pairs, tmp_path: Path, part: str) -> None:
    file = tmp_path / "heads.checkpoint"
    _stop_after_one(pairs, file)
    if not part.startswith("exp_avg"):
        Heads.read(file).save(file)
    whole = bytearray(file.read_bytes())
    length = int.from_bytes(whole[:8], "little")
    if part == "told":
        place = whole.index(b"temperature 0.1") + len("temperature 0.")
    else:
        place = 8 + length + json.loads(whole[8 : 8 + length])[part]["data_offsets"][0] + 1
    whole[place] ^= 4
    file.write_bytes(whole)
    with pytest.raises(FormatError, match=r"heads\.checkpoint: not what was written \(its sha256"):
        Heads.read(file)
    with pytest.raises(FormatError, match="not what was written"):
        train(pairs, FAST, checkpoint=file)


def test_heads_of_others_tell_no_hash(pairs: Pairs, tmp_path: Path) -> None:
    found = train(pairs, Settings(method="ridge")).heads
    found.save(tmp_path / "ours")
    with safe_open(tmp_path / "ours", framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        told = json.loads(file.metadata()["embarith"])
    del told["sha256"]
    for metadata in (None, {"embarith": json.dumps(told)}):
        save_file(arrays, tmp_path / "theirs", metadata)
        assert Heads.read(tmp_path / "theirs").sha256 == found.sha256


@pytest.mark.parametrize("name", ["heads.safetensors", "heads.checkpoint"])
def test_a_full_disk_is_named_and_nothing_is_lost(pairs: Pairs, tmp_path: Path, name: str) -> None:
    resource = pytest.importorskip("resource")
    file = tmp_path / name
    found = train(pairs, replace(FAST, epochs=1)).heads

    def write() -> None:
        if name.endswith("checkpoint"):
            _stop_after_one(pairs, file)
        else:
            found.save(file)

    write()
    before = file.read_bytes()
    other = tmp_path / "other"
    other.write_bytes(b"")
    assert file.stat().st_mode == other.stat().st_mode
    if name.endswith("checkpoint"):
        file.unlink()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OSError, match=f"File too large: '{file}'"):
            write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    if name.endswith("safetensors"):
        assert file.read_bytes() == before
    assert {one.name for one in tmp_path.iterdir()} <= {name, "other"}


def test_two_processes_on_one_checkpoint_refuse_each_other(pairs: Pairs, tmp_path: Path) -> None:
    checkpoint = tmp_path / "heads.checkpoint"
    refused = []

    def meanwhile(step: Step) -> None:
        with pytest.raises(OptionError, match=r"heads\.checkpoint: another process is training"):
            train(pairs, replace(FAST, seed=1), checkpoint=checkpoint)
        refused.append(step)

    done = train(pairs, FAST, checkpoint=checkpoint, watch=meanwhile)
    assert tuple(refused) == done.steps
    assert [file.name for file in tmp_path.iterdir()] == ["heads.checkpoint"]
    # What a process that was killed leaves behind holds nobody up.
    (tmp_path / ".heads.checkpoint.lock").touch()
    assert train(pairs, FAST, checkpoint=checkpoint).heads.sha256 == done.heads.sha256
    assert [file.name for file in tmp_path.iterdir()] == ["heads.checkpoint"]


def _stop_after_one(pairs: Pairs, checkpoint: Path) -> None:
    def stop(step: Step) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(pairs, FAST, checkpoint=checkpoint, watch=stop)


def test_a_loss_that_is_no_number_stops_and_keeps_what_was_good(
    pairs: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        OptionError,
        match=r"the loss is nan in batch \d+ of epoch 1, at learning rate 1e\+29.*lower",
    ):
        train(pairs, replace(FAST, learning_rate=1e29), checkpoint=tmp_path / "first")
    assert not (tmp_path / "first").exists()
    checkpoint = tmp_path / "heads.checkpoint"
    whole = contrastive._Run.epoch

    def fail(run: contrastive._Run, number: int) -> float:
        if number == 3:
            run.weights["img.weight"].data[0, 0] = np.nan
        return whole(run, number)

    with monkeypatch.context() as patch:
        patch.setattr(contrastive._Run, "epoch", fail)
        with pytest.raises(
            OptionError, match=r"nan in batch 1 of epoch 3.*checkpoint holds the best"
        ):
            train(pairs, FAST, checkpoint=checkpoint)
    with safe_open(checkpoint, framework="numpy") as file:
        assert len(json.loads(file.metadata()["embarith"])["steps"]) == 2
    Heads.read(checkpoint)


def test_scores_are_recorded_and_decide_nothing(pairs: Pairs) -> None:
    plain = train(pairs, FAST)
    scored = train(pairs, FAST, score=lambda heads: (float(heads.img.weight[0, 0]), 1.5))
    assert plain.heads.sha256 == scored.heads.sha256
    assert {step.lam for step in scored.steps} == {1.5}
    assert {step.simat for step in plain.steps} == {None}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"method": "rigde"}, "did you mean 'ridge'"),
        ({"temperature": 0.0}, "temperature must be greater than 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be greater"),
        ({"learning_rate": 1e38}, "learning_rate must be greater than 0 and below 1e"),
        ({"weight_decay": -1.0}, "weight_decay"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"batch_size": 1}, "batch_size 1"),
    ],
)
def test_settings_without_meaning_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Settings(**wrong)  # type: ignore[arg-type]


def test_devices_that_there_are_not(pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    for wanted, message in (
        ("gpu", "there are cpu, cuda"),
        ("meta", "there are cpu, cuda"),
        ("cuda:3", "torch finds 1 CUDA GPUs"),
    ):
        with pytest.raises(OptionError, match=message):
            train(pairs, replace(FAST, device=wanted))


def test_contrastive_training_alone_needs_torch(
    pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r"needs torch: pip install 'embarith\[export\]'"):
        train(pairs, FAST)
    train(pairs, Settings(method="ridge"))
