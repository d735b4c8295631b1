"""Heads by the symmetric contrastive loss of Couairon, Douze, Cord, Schwenk (2022)."""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from embarith.draws import generator
from embarith.encoders.heads import TOLD, Heads, Linear, write_arrays
from embarith.errors import FormatError, OptionError
from embarith.training.heads import (
    Scaling,
    Score,
    Settings,
    Step,
    Trained,
    Watch,
    identity,
    measure,
    provenance,
    require_torch,
)
from embarith.training.pairs import Floats, Ints, Pairs, Recall

if TYPE_CHECKING:
    import torch

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


def contrastive_loss(
    photographs: torch.Tensor,
    texts: torch.Tensor,
    photograph: torch.Tensor,
    text: torch.Tensor,
    temperature: float,
) -> torch.Tensor:
    """½(C(I, T) + C(T, I)), C = -mean log softmax(I · T / τ), over the pairs of a batch.

    Another caption of the same photograph is no wrong answer, nor is the same caption of another:
    both are left out of the softmax.

    Parameters
    ----------
    photographs, texts : tensor, shape (n, d)
        Unit vectors of every pair.
    photograph, text : tensor of int64, shape (n,)
        Which each pair is of.
    temperature : float
        τ.
    """
    import torch
    from torch.nn.functional import cross_entropy

    same = (photograph[:, None] == photograph) | (text[:, None] == text)
    same.fill_diagonal_(False)
    logits = (photographs @ texts.T / temperature).masked_fill(same, -torch.inf)
    own = torch.arange(len(logits), device=logits.device)
    loss: torch.Tensor = (cross_entropy(logits, own) + cross_entropy(logits.T, own)) / 2
    return loss


def train_contrastive(
    pairs: Pairs,
    settings: Settings,
    checkpoint: Path | None = None,
    score: Score | None = None,
    watch: Watch | None = None,
) -> Trained:
    """Train heads by AdamW; `train` documents the rest.

    First weights and the order of every epoch follow from the seed and the epoch's number alone, so
    that a run that was taken up again ends as one that was not. On the CPU torch computes in one
    thread: heads do not depend on how many cores there are, and more threads wait for each other
    in products as small as these where other programs run.
    """
    require_torch()
    with _one_thread(), _alone(checkpoint):
        return _train(pairs, settings, checkpoint, score, watch)


@contextmanager
def _one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _alone(checkpoint: Path | None) -> Iterator[None]:
    """Keep other processes from the checkpoint; the system lets go, however this one ends."""
    if checkpoint is None:
        yield
        return
    # Not the checkpoint, which every epoch replaces.
    place = checkpoint.with_name(f".{checkpoint.name}.lock")
    with place.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OptionError(
                f"{checkpoint}: another process is training these heads; let it end, or name "
                "another output"
            ) from None
        if os.fstat(lock.fileno()).st_nlink == 0:
            raise OptionError(
                f"{checkpoint}: another process has just ended training these heads; try again"
            )
        try:
            yield
        finally:
            place.unlink(missing_ok=True)


def _train(
    pairs: Pairs,
    settings: Settings,
    checkpoint: Path | None,
    score: Score | None,
    watch: Watch | None,
) -> Trained:
    run = _Run(pairs, settings)
    state = _load(checkpoint, run) if checkpoint and checkpoint.is_file() else None
    best = run.restore(state) if state else None
    steps = list(state.steps) if state else []
    if watch:
        for step in steps:
            watch(step)
    while not _is_done(steps, settings):
        epoch = len(steps) + 1
        try:
            training_loss = run.epoch(epoch)
        except _NotANumber as fault:
            kept = f"; {checkpoint} holds the best heads of the epochs before" if steps else ""
            raise OptionError(
                f"the loss is {fault.loss} in batch {fault.batch} of epoch {epoch}, at learning "
                f"rate {settings.learning_rate:g}: training diverged; lower the "
                f"learning rate, or raise the temperature"
                f"{kept if checkpoint else ''}"
            ) from None
        heads = run.heads(f"epoch {epoch}")
        step = measure(
            pairs, heads, score, at=epoch, training_loss=training_loss, loss=run.validation_loss()
        )
        steps.append(step)
        if best is None or _best(steps) is step:
            best = heads
        if checkpoint:
            _save(checkpoint, run, best, steps)
        if watch:
            watch(step)
    assert best is not None
    return Trained(best, tuple(steps), _best(steps))


def _best(steps: list[Step]) -> Step:
    # Of equal ones the first.
    return max(steps, key=lambda step: step.recall.mean)


def _is_done(steps: list[Step], settings: Settings) -> bool:
    if not steps:
        return False
    waited = len(steps) - _best(steps).at
    return len(steps) >= settings.epochs or waited >= settings.patience


class _NotANumber(Exception):  # noqa: N818
    def __init__(self, loss: float, batch: int) -> None:
        self.loss, self.batch = loss, batch


class _Run:
    """Vectors, weights and optimizer on the device."""

    def __init__(self, pairs: Pairs, settings: Settings) -> None:
        import torch

        self.pairs, self.settings = pairs, settings
        self.device = _device(settings.device)
        photographs = pairs.photographs.astype(np.float64)
        texts = pairs.texts.astype(np.float64)
        fitted = np.unique(pairs.training[:, 0]), np.unique(pairs.training[:, 1])
        self.scalings = {
            "img": Scaling.of(photographs[fitted[0]]),
            "txt": Scaling.of(texts[fitted[1]]),
        }
        if settings.freeze_text:
            self.texts = self._tensor(texts / np.linalg.norm(texts, axis=1, keepdims=True))
        else:
            self.texts = self._tensor(self.scalings["txt"](texts))
        self.photographs = self._tensor(self.scalings["img"](photographs))
        out = texts.shape[1]
        self.sides = {"img": (photographs.shape[1], out)}
        if not settings.freeze_text:
            self.sides["txt"] = (out, out)
        self.weights: dict[str, Any] = {}
        for side, (taken, given) in self.sides.items():
            # As torch.nn.Linear begins.
            most = taken**-0.5
            random = generator(settings.seed, "heads", side)
            self.weights[f"{side}.weight"] = self._tensor(
                random.uniform(-most, most, (given, taken))
            ).requires_grad_()
            self.weights[f"{side}.bias"] = self._tensor(np.zeros(given)).requires_grad_()
        self.optimizer = torch.optim.AdamW(
            self.weights.values(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )

    @property
    def fingerprint(self) -> str:
        """Hash of all that decides how training goes."""
        settings = json.dumps(asdict(self.settings), sort_keys=True)
        return hashlib.sha256(f"{self.pairs.sha256} {settings}".encode()).hexdigest()

    def _tensor(self, array: Floats) -> Any:
        import torch

        return torch.from_numpy(array.astype(np.float32)).to(self.device)

    def _loss(self, pairs: Ints) -> Any:
        import torch
        from torch.nn.functional import linear, normalize

        photograph, text = torch.from_numpy(pairs.T.copy()).to(self.device)
        photographs, texts = self.photographs[photograph], self.texts[text]
        photographs = linear(photographs, self.weights["img.weight"], self.weights["img.bias"])
        if "txt" in self.sides:
            texts = linear(texts, self.weights["txt.weight"], self.weights["txt.bias"])
        return contrastive_loss(
            normalize(photographs),
            normalize(texts),
            photograph,
            text,
            self.settings.temperature,
        )

    def _batches(self, pairs: Ints, order: Ints) -> list[Ints]:
        """Return batches of about equal size, so that none is left with a few pairs."""
        return np.array_split(pairs[order], math.ceil(len(pairs) / self.settings.batch_size))

    def epoch(self, number: int) -> float:
        """Go once through all captions; return the mean loss of a pair."""
        pairs = self.pairs.training
        order = generator(self.settings.seed, "heads", "order", number).permutation(len(pairs))
        total = 0.0
        for place, batch in enumerate(self._batches(pairs, order), 1):
            loss = self._loss(batch)
            value = float(loss.detach())
            if not np.isfinite(value):
                raise _NotANumber(value, place)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += value * len(batch)
        if not all(bool(weight.isfinite().all()) for weight in self.weights.values()):
            raise _NotANumber(np.nan, place)
        return total / len(pairs)

    def validation_loss(self) -> float:
        """Return the mean loss of a pair of validation, in batches as those of training."""
        import torch

        pairs = self.pairs.validation
        order = generator(self.settings.seed, "heads", "validation").permutation(len(pairs))
        with torch.no_grad():
            batches = self._batches(pairs, order)
            return sum(float(self._loss(batch)) * len(batch) for batch in batches) / len(pairs)

    def heads(self, picked: str) -> Heads:
        """Return the weights as heads of raw vectors."""
        img, txt = (self._folded(side) for side in ("img", "txt"))
        made = provenance(self.pairs, self.settings, picked)
        return Heads(img, txt, made, self.settings.temperature)

    def _folded(self, side: str) -> Linear:
        if side not in self.sides:
            return identity(self.pairs.texts.shape[1])
        weight, bias = (
            self._array(f"{side}.{part}").astype(np.float64) for part in ("weight", "bias")
        )
        return self.scalings[side].folded(weight, bias)

    def _array(self, name: str) -> NDArray[np.float32]:
        array: NDArray[np.float32] = self.weights[name].detach().cpu().numpy().copy()
        return array

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return weights and moments, by name."""
        held = {f"weights.{name}": self._array(name) for name in self.weights}
        for name, weight in self.weights.items():
            for moment in _MOMENTS:
                value = self.optimizer.state[weight][moment]
                held[f"{moment}.{name}"] = value.detach().cpu().numpy().copy()
        return held

    def restore(self, state: _State) -> Heads:
        """Take up weights and moments; return the best heads so far."""
        import torch

        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(torch.from_numpy(state.arrays[f"weights.{name}"]))
                self.optimizer.state[weight] = {
                    moment: torch.from_numpy(state.arrays[f"{moment}.{name}"]).to(
                        "cpu" if moment == "step" else self.device
                    )
                    for moment in _MOMENTS
                }
        return state.best


def _device(wanted: str) -> Any:
    import torch

    try:
        device = torch.device(wanted)
    except RuntimeError:
        raise OptionError(f"device {wanted!r}; there are cpu, cuda and cuda:N") from None
    if device.type not in ("cpu", "cuda"):
        raise OptionError(f"device {wanted!r}; there are cpu, cuda and cuda:N")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise OptionError(
            f"device {wanted}: torch finds {torch.cuda.device_count()} CUDA GPUs; use cpu"
        )
    return device


# -- checkpoints -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _State:
    arrays: dict[str, NDArray[np.float32]]
    best: Heads
    steps: tuple[Step, ...]


def _save(path: Path, run: _Run, best: Heads, steps: list[Step]) -> None:
    told = {
        "provenance": asdict(best.provenance),
        "temperature": best.temperature,
        "run": run.fingerprint,
        "settings": asdict(run.settings),
        "steps": [asdict(step) for step in steps],
    }
    arrays = run.arrays()
    for side, head in (("img", best.img), ("txt", best.txt)):
        arrays[f"{side}_head.weight"], arrays[f"{side}_head.bias"] = head.weight, head.bias
    write_arrays(path, arrays, told)


def _load(path: Path, run: _Run) -> _State:
    from safetensors import safe_open

    # Names what is wrong with a file that is none, or that is not what was written.
    best = Heads.read(path)
    with safe_open(path, framework="numpy") as file:
        told = json.loads((file.metadata() or {}).get(TOLD, "{}"))
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if "run" not in told:
        raise FormatError(f"{path}: heads, but no checkpoint; name another output")
    if told["run"] != run.fingerprint:
        mine = asdict(run.settings)
        other = [
            f"{name} {value} and not {mine.get(name)}"
            for name, value in told["settings"].items()
            if value != mine.get(name)
        ]
        raise OptionError(
            f"{path}: the checkpoint of another run ({', '.join(other) or 'other vectors'}); "
            "remove it, or name another output"
        )
    steps = tuple(
        Step(**{**step, "recall": Recall(*(tuple(one) for one in step["recall"].values()))})
        for step in told["steps"]
    )
    return _State(arrays, best, steps)
