"""Linear heads on frozen embeddings: one for photographs, one for texts, into one space."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from embarith.errors import DataError, FormatError, OptionError
from embarith.files import replacing
from embarith.provenance import Provenance

Side = Literal["img", "txt"]
_NAMES = tuple(f"{side}_head.{part}" for side in ("img", "txt") for part in ("weight", "bias"))


@dataclass(frozen=True, slots=True)
class Linear:
    """x ↦ xWᵀ + b: weight of shape (out, in), bias of shape (out,), both float32."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True)
class Heads:
    """Heads for photographs and for texts, applied to raw tables, then scaled to unit length.

    Parameters
    ----------
    img, txt : Linear
        Into spaces of one dimension.
    provenance : Provenance
        Where they come from; its `encoder` names them.
    temperature : float or None
        τ of the loss that they were trained with.
    """

    img: Linear
    txt: Linear
    provenance: Provenance = field(default_factory=lambda: Provenance(encoder="heads"))
    temperature: float | None = None

    def __post_init__(self) -> None:
        named = zip(_NAMES, (*_parts(self.img), *_parts(self.txt)), strict=True)
        for name, array in named:
            wanted = 2 if name.endswith("weight") else 1
            if array.ndim != wanted or array.dtype != np.float32 or not np.isfinite(array).all():
                raise FormatError(
                    f"{name} is {array.dtype} of shape {array.shape}; expected finite float32 of "
                    f"{'shape (out, in)' if wanted == 2 else 'shape (out,)'}"
                )
        outs = [len(part) for part in (*_parts(self.img), *_parts(self.txt))]
        if len(set(outs)) > 1:
            raise FormatError(
                f"heads into {outs[0]} (image weight), {outs[1]} (its bias), {outs[2]} (text "
                f"weight) and {outs[3]} (its bias) dimensions; both lead into one space"
            )

    @cached_property
    def sha256(self) -> str:
        """Hash of the four arrays."""
        digest = hashlib.sha256()
        for array in (*_parts(self.img), *_parts(self.txt)):
            digest.update(f"{array.shape}\n".encode())
            digest.update(np.ascontiguousarray(array, "<f4").data)
        return digest.hexdigest()

    @property
    def dimensions(self) -> int:
        """Of the space that both lead into."""
        return len(self.img.bias)

    def apply_images(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return unit vectors of photographs, float64 of shape (n, out).

        Raises
        ------
        OptionError
            The vectors have another dimension than the head takes, or the head maps one to zero.
        """
        return _apply(self.img, vectors, "image")

    def apply_texts(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return unit vectors of texts, as `apply_images`."""
        return _apply(self.txt, vectors, "text")

    def save(self, path: str | Path) -> None:
        """Write the heads as safetensors, provenance and temperature in the metadata."""
        from safetensors.numpy import save_file

        told = {"provenance": asdict(self.provenance), "temperature": self.temperature}
        arrays = dict(zip(_NAMES, (*_parts(self.img), *_parts(self.txt)), strict=True))
        contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        with replacing(path) as part:
            save_file(contiguous, part, metadata={"embarith": json.dumps(told, ensure_ascii=False)})

    @classmethod
    def read(cls, path: str | Path) -> Heads:
        """Read heads that `save` or others wrote.

        Raises
        ------
        DataError
            There is no such file.
        FormatError
            It is no safetensors file with ``img_head.weight``, ``img_head.bias``,
            ``txt_head.weight`` and ``txt_head.bias`` in float32, of shapes that fit.
        """
        from safetensors import SafetensorError, safe_open

        if not Path(path).is_file():
            raise DataError(f"{str(path)!r} is no file of heads")
        try:
            with safe_open(path, framework="numpy") as file:
                names = set(file.keys())
                absent = [name for name in _NAMES if name not in names]
                if absent:
                    raise FormatError(
                        f"{path}: no {absent[0]}; heads have {', '.join(_NAMES)}, and it holds "
                        f"{', '.join(sorted(names)) or 'nothing'}"
                    )
                arrays = [file.get_tensor(name) for name in _NAMES]
                told = json.loads((file.metadata() or {}).get("embarith", "{}"))
            provenance = Provenance.from_stored(told.get("provenance", {}), Path(path).stem)
            return cls(
                Linear(*arrays[:2]), Linear(*arrays[2:]), provenance, told.get("temperature")
            )
        except FormatError as fault:
            named = str(fault) if str(path) in str(fault) else f"{path}: {fault}"
            raise FormatError(named) from None
        except (SafetensorError, ValueError, TypeError, AttributeError) as fault:
            raise FormatError(f"{path}: no safetensors file of heads ({fault})") from None


def _parts(head: Linear) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return head.weight, head.bias


def _apply(head: Linear, vectors: NDArray[np.float32], side: str) -> NDArray[np.float64]:
    taken = head.weight.shape[1]
    if vectors.ndim != 2 or vectors.shape[1] != taken:
        raise OptionError(
            f"the {side} head takes {taken} dimensions and the {side} table has "
            f"{vectors.shape[-1]}; heads fit the encoders that they were trained on"
        )
    mapped = vectors.astype(np.float64) @ head.weight.T.astype(np.float64)
    mapped += head.bias.astype(np.float64)
    lengths = np.linalg.norm(mapped, axis=1, keepdims=True)
    lost = np.flatnonzero(lengths == 0)
    if len(lost):
        raise OptionError(f"the {side} head maps row {lost[0]} to zero: no direction is left")
    scaled: NDArray[np.float64] = mapped / lengths
    return scaled
