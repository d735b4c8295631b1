"""Linear heads on frozen embeddings, fitted on photographs with captions.

Ridge regression and canonical correlation analysis in closed form, in float64; the contrastive
loss of Couairon, Douze, Cord, Schwenk (2022) by torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from embarith.encoders.heads import Heads, Linear
from embarith.errors import OptionError, nearest
from embarith.provenance import Provenance
from embarith.training.pairs import Floats, Pairs, Recall, local_pairs, retrieve

Method = Literal["contrastive", "ridge", "cca"]
METHODS: tuple[Method, ...] = get_args(Method)

PENALTIES = tuple(10.0 ** (step / 2) for step in range(-8, 5))
"""Penalties tried by ridge and CCA, as multiples of a dimension's mean variance: 1e-4 to 100."""

Score = Callable[[Heads], tuple[float, float]]
"""Returns the best SIMAT score on dev, and its λ."""


@dataclass(frozen=True)
class Settings:
    """How to fit heads.

    Parameters
    ----------
    method : {"contrastive", "ridge", "cca"}
        Ridge leads photographs into the space of the texts as it is; CCA leads both into their
        canonical variates, each scaled by its correlation.
    temperature : float
        τ of the contrastive loss.
    freeze_text : bool
        Contrastive: leave the space of the texts as it is.
    epochs : int
        Passes over the captions, at most.
    patience : int
        Passes without a better validation recall after which to stop.
    batch_size : int
        Pairs in a batch, at most; all batches of an epoch are about as large.
    learning_rate, weight_decay : float
        Of AdamW.
    device : str
        What torch trains on: `cpu`, `cuda` or `cuda:N`.
    seed : int
        Of first weights and order of pairs.
    """

    method: Method = "contrastive"
    temperature: float = 0.1
    freeze_text: bool = False
    epochs: int = 30
    patience: int = 5
    batch_size: int = 2048
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    device: str = "cpu"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse settings without meaning.

        Raises
        ------
        OptionError
        """
        if self.method not in METHODS:
            known = nearest(self.method, METHODS)
            raise OptionError(f"method {self.method!r} is none of {', '.join(METHODS)}{known}")
        for name in ("temperature", "learning_rate"):
            value = getattr(self, name)
            # Beyond, float32 has no such numbers.
            if not 0 < value < 1e30:
                raise OptionError(f"{name} must be greater than 0 and below 1e30, not {value}")
        for name in ("epochs", "patience"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.batch_size < 2:
            raise OptionError(f"batch_size {self.batch_size}: a caption is told from others")
        if not (math.isfinite(self.weight_decay) and self.weight_decay >= 0):
            raise OptionError(f"weight_decay must be at least 0, not {self.weight_decay}")


@dataclass(frozen=True, slots=True)
class Step:
    """Heads after an epoch, or of one penalty, on the validation photographs.

    Parameters
    ----------
    at : float
        Number of the epoch, from 1, or the penalty.
    recall : Recall
    training_loss, loss : float or None
        Contrastive loss a pair, mean over the batches of the epoch and over validation.
    simat : float or None
        The SIMAT score on dev, at `lam`, where it was asked for.
    lam : float or None
    """

    at: float
    recall: Recall
    training_loss: float | None = None
    loss: float | None = None
    simat: float | None = None
    lam: float | None = None


@dataclass(frozen=True)
class Trained:
    """Heads, all that was tried, and the step that they are of."""

    heads: Heads
    steps: tuple[Step, ...]
    best: Step


Watch = Callable[[Step], None]


def train(
    pairs: Pairs,
    settings: Settings | None = None,
    *,
    checkpoint: Path | None = None,
    score: Score | None = None,
    watch: Watch | None = None,
) -> Trained:
    """Fit heads on the training photographs; those of the best validation recall are returned.

    Parameters
    ----------
    pairs : Pairs
    settings : Settings, optional
    checkpoint : path, optional
        Contrastive: written after every epoch, holds the best heads so far and all that training
        goes on from; where it is there, training goes on. To be removed once the heads are saved.
    score : callable, optional
        Says the SIMAT score of heads; it is recorded and decides nothing.
    watch : callable, optional
        Called with every `Step`.

    Raises
    ------
    OptionError
        torch is not installed or has no such device, the checkpoint is of other vectors or
        settings or another process writes it, or the loss is no longer a number.
    """
    chosen = settings or Settings()
    if chosen.method == "contrastive":
        from embarith.training.contrastive import train_contrastive

        return train_contrastive(pairs, chosen, checkpoint, score, watch)
    fit = _ridge(pairs) if chosen.method == "ridge" else _cca(pairs)
    steps: list[Step] = []
    tried: list[Heads] = []
    for penalty in PENALTIES:
        heads = replace(
            fit(penalty), provenance=provenance(pairs, chosen, f"penalty {penalty:.3g}")
        )
        step = measure(pairs, heads, score, at=penalty)
        if watch:
            watch(step)
        steps.append(step)
        tried.append(heads)
    # Of equal ones the greatest penalty.
    best = max(range(len(steps)), key=lambda i: (steps[i].recall.mean, i))
    return Trained(tried[best], tuple(steps), steps[best])


def require_torch() -> None:
    """Refuse to begin where torch is not installed, before any vector is read.

    Raises
    ------
    OptionError
    """
    if find_spec("torch") is None:
        raise OptionError("contrastive training needs torch: pip install 'embarith[export]'")


def measure(
    pairs: Pairs,
    heads: Heads,
    score: Score | None,
    *,
    at: float,
    training_loss: float | None = None,
    loss: float | None = None,
) -> Step:
    """Return the step of heads, with recall on validation and the score of SIMAT."""
    simat, lam = score(heads) if score else (None, None)
    return Step(at, Recall.of(validate(pairs, heads)), training_loss, loss, simat, lam)


def validate(pairs: Pairs, heads: Heads) -> tuple[Floats, Floats]:
    """Return what `retrieve` finds on the validation photographs and their captions."""
    photographs, texts, local = local_pairs(pairs.validation)
    return retrieve(
        heads.apply("visual", pairs.photographs[photographs]),
        heads.apply("text", pairs.texts[texts]),
        local,
    )


def provenance(pairs: Pairs, settings: Settings, picked: str) -> Provenance:
    """Return what heads tell of their making."""
    used, name = {"method": settings.method}, str(settings.method)
    if settings.method == "contrastive":
        used = asdict(settings)
        frozen = ", text frozen" if settings.freeze_text else ""
        name = f"contrastive (τ = {settings.temperature:g}{frozen})"
    return Provenance(
        encoder=f"{name} heads",
        source=f"linear heads on {pairs.source}",
        sha256=pairs.sha256,
        steps=(
            pairs.describe(),
            ", ".join(f"{key} {value}" for key, value in used.items()),
            f"{picked}, by mean recall on validation",
        ),
    )


# -- closed forms ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scaling:
    """x ↦ (x - mean) / length: what heads see while they are fitted."""

    mean: Floats
    length: float

    @classmethod
    def of(cls, vectors: Floats) -> Scaling:
        """Return the scaling to mean zero and mean length one."""
        mean = vectors.mean(axis=0)
        length = float(np.linalg.norm(vectors - mean, axis=1).mean())
        if length == 0:
            raise OptionError("all training vectors of one side are equal: nothing to fit")
        return cls(mean, length)

    def __call__(self, vectors: Floats) -> Floats:
        """Scale vectors, shape (n, d)."""
        return (vectors - self.mean) / self.length

    def folded(self, weight: Floats, bias: Floats) -> Linear:
        """Return the map of raw vectors that equals the given one of scaled vectors."""
        whole = weight / self.length
        return Linear(whole.astype(np.float32), (bias - whole @ self.mean).astype(np.float32))


def identity(dimensions: int) -> Linear:
    """Return the head that leaves a space as it is."""
    return Linear(np.eye(dimensions, dtype=np.float32), np.zeros(dimensions, np.float32))


def _ridge(pairs: Pairs) -> Callable[[float], Heads]:
    """Fit Y ≈ XWᵀ + b by (XᵀX + pI)⁻¹XᵀY, Y the captions' unit vectors, both centred.

    Every caption is a line of its own, as all lines of a photograph have one X.
    """
    photographs, lines = np.unique(pairs.training[:, 0], return_inverse=True)
    counts = np.bincount(lines).astype(np.float64)
    texts = pairs.texts[pairs.training[:, 1]].astype(np.float64)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    total = np.zeros((len(photographs), texts.shape[1]))
    np.add.at(total, lines, texts)
    raw = pairs.photographs[photographs].astype(np.float64)
    mean = counts @ raw / counts.sum()
    scaling = Scaling(mean, Scaling.of(raw).length)
    centred = scaling(raw)
    offset = total.sum(axis=0) / counts.sum()
    values, axes = np.linalg.eigh(centred.T @ (counts[:, None] * centred))
    rotated = axes.T @ (centred.T @ (total - counts[:, None] * offset))
    unit = values.sum() / len(values)

    def fit(penalty: float) -> Heads:
        weight = (axes @ (rotated / (np.maximum(values, 0) + penalty * unit)[:, None])).T
        return Heads(scaling.folded(weight, offset), identity(texts.shape[1]))

    return fit


def _cca(pairs: Pairs) -> Callable[[float], Heads]:
    """Fit canonical variates of photographs and captions, a line a pair.

    Both covariances have p times their mean variance added to the diagonal; W = Uᵀ C⁻¹ᐟ² and its
    like from the singular vectors of Cxx⁻¹ᐟ² Cxy Cyy⁻¹ᐟ², a variate scaled by its correlation.
    """
    photographs = pairs.photographs[pairs.training[:, 0]].astype(np.float64)
    texts = pairs.texts[pairs.training[:, 1]].astype(np.float64)
    sides = [Scaling.of(photographs), Scaling.of(texts)]
    X, Y = sides[0](photographs), sides[1](texts)
    spectra = [np.linalg.eigh(side.T @ side / len(side)) for side in (X, Y)]
    crossed = X.T @ Y / len(X)

    def fit(penalty: float) -> Heads:
        whiten = [
            (axes * (np.maximum(values, 0) + penalty * values.mean()) ** -0.5) @ axes.T
            for values, axes in spectra
        ]
        left, correlations, right = np.linalg.svd(
            whiten[0] @ crossed @ whiten[1], full_matrices=False
        )
        weights = [
            correlations[:, None] * (left.T @ whiten[0]),
            correlations[:, None] * (right @ whiten[1]),
        ]
        none = np.zeros(len(correlations))
        img, txt = (side.folded(one, none) for side, one in zip(sides, weights, strict=True))
        return Heads(img, txt)

    return fit
