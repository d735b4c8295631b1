"""The proof that an exported graph gives what the model gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embarith.encoders.card import Gate, Precision

Vectors = NDArray[np.float32]
BATCHES = (1, 3, 8)
MAX_DIFFERENCE = 1e-4
"""Of values up to 1; of larger ones as a share of the largest, as rounding goes."""
MAX_DISTANCE = 1e-6
MAX_BATCH_DISTANCE = 1e-6


@dataclass(frozen=True)
class Parity:
    """How near a graph comes to its model, on real inputs.

    Parameters
    ----------
    tower : str
    inputs : int
        Photographs or texts compared.
    samples : str
        Where they come from.
    max_difference : float
        Largest difference of two values.
    max_distance : float
        Largest cosine distance of two vectors.
    batch_distance : float
        Largest cosine distance of one input's vectors in batches of 1, 3, 8 and all.
    neighbours_1, neighbours_10 : float
        Share of the nearest, and of the ten nearest, other inputs that are the same.
    failed : tuple of str
        The checks that failed, with what was allowed.
    """

    tower: str
    inputs: int
    samples: str
    max_difference: float
    max_distance: float
    batch_distance: float
    neighbours_1: float
    neighbours_10: float
    failed: tuple[str, ...]


def compare(
    tower: str,
    reference: Vectors,
    encode: Callable[[slice], Vectors],
    *,
    samples: str,
    precision: Precision,
    gate: Gate | None,
) -> Parity:
    """Compare a graph with its model.

    Parameters
    ----------
    tower : str
    reference : ndarray of float32, shape (n, d)
        The model's vectors of all inputs.
    encode : callable
        Returns the graph's vectors of a slice of the inputs, encoded in one batch.
    samples : str
        Where the inputs come from.
    precision : {"fp32", "fp16", "int8"}
    gate : Gate, optional
        Shares of neighbours to be kept; None where neighbours mean nothing, as of random weights.
    """
    n = len(reference)
    ours = np.concatenate([encode(slice(at, at + 8)) for at in range(0, n, 8)])
    first = min(n, 24)
    apart = 0.0
    for size in BATCHES:
        batched = [encode(slice(at, min(at + size, first))) for at in range(0, first, size)]
        apart = max(apart, float(_distances(ours[:first], np.concatenate(batched)).max()))
    one, ten = (_kept(reference, ours, k) for k in (1, 10))
    figures = {
        "max_difference": float(np.abs(ours.astype(np.float64) - reference).max()),
        "max_distance": float(_distances(ours, reference).max()),
        "batch_distance": apart,
        "neighbours_1": one,
        "neighbours_10": ten,
    }
    limits: dict[str, float] = {"batch_distance": MAX_BATCH_DISTANCE}
    if precision == "fp32":
        largest = max(1.0, float(np.abs(reference).max()))
        limits |= {"max_difference": MAX_DIFFERENCE * largest, "max_distance": MAX_DISTANCE}
    shares: dict[str, float] = {}
    if gate is not None and precision != "fp32":
        share = gate.fp16 if precision == "fp16" else gate.int8
        shares = {"neighbours_1": share, "neighbours_10": share}
    failed = [
        f"{name} {figures[name]:.3g} is over {limit:g}"
        for name, limit in limits.items()
        if not figures[name] <= limit
    ]
    failed += [
        f"{name} {figures[name]:.3f} is under {share:g}"
        for name, share in shares.items()
        if not figures[name] >= share
    ]
    return Parity(tower, n, samples, **figures, failed=tuple(failed))


def _unit(vectors: Vectors) -> NDArray[np.float64]:
    wide = vectors.astype(np.float64)
    unit: NDArray[np.float64] = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    return unit


def _distances(left: Vectors, right: Vectors) -> NDArray[np.float64]:
    # By the difference: 1 − cos of two near vectors would drown in rounding.
    distances: NDArray[np.float64] = ((_unit(left) - _unit(right)) ** 2).sum(axis=1) / 2
    return distances


def _kept(reference: Vectors, ours: Vectors, k: int) -> float:
    k = min(k, len(reference) - 1)
    here, there = _neighbours(reference, k), _neighbours(ours, k)
    shared = [len(set(a) & set(b)) for a, b in zip(here, there, strict=True)]
    return float(np.mean(shared)) / k


def _neighbours(vectors: Vectors, k: int) -> Sequence[Sequence[int]]:
    unit = _unit(vectors)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    nearest: list[list[int]] = np.argsort(-cosines, axis=1, kind="stable")[:, :k].tolist()
    return nearest
