"""Linear heads on frozen embeddings: one for photographs, one for texts, into one space."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embarith.encoders.card import SIDES, CardHeads, Tower
from embarith.errors import DataError, FormatError, OptionError
from embarith.files import replacing
from embarith.provenance import Provenance
from embarith.table import EmbeddingTable

_NAMES = tuple(f"{side}_head.{part}" for side in ("img", "txt") for part in ("weight", "bias"))

TOLD = "embarith"
"""Key of the metadata under which stands what a file tells of its arrays."""

# As `CardHeads.applied` writes it.
_STEP = re.compile(r"(?:image|text) head of (?P<name>.+?) \(sha256 (?P<sha256>[0-9a-f]{64})")


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
            if array.ndim != wanted or array.dtype != np.float32:
                raise FormatError(
                    f"{name} is {array.dtype} of shape {array.shape}; expected float32 of "
                    f"{'shape (out, in)' if wanted == 2 else 'shape (out,)'}"
                )
            lost = np.argwhere(~np.isfinite(array))
            if len(lost):
                place = tuple(lost[0].tolist())
                raise FormatError(
                    f"{name} holds {array[place]} at {list(place)} ({len(lost):,} "
                    f"{'value is' if len(lost) == 1 else 'values are'} not finite); heads are of "
                    "finite numbers"
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

    @property
    def card(self) -> CardHeads:
        """What the card of an encoder says of its heads."""
        return CardHeads(self.sha256, self.provenance, self.temperature)

    def head(self, tower: Tower) -> Linear:
        """Return the head of the tower for photographs or of that for texts."""
        return self.img if tower == "visual" else self.txt

    def check(self, tower: Tower, dimensions: int, whose: str) -> None:
        """Refuse vectors of another dimension than the head takes.

        Raises
        ------
        OptionError
            Names both; `whose` is what errors call the vectors.
        """
        taken = self.head(tower).weight.shape[1]
        if dimensions != taken:
            raise OptionError(
                f"the {SIDES[tower]} head takes {taken} dimensions and {whose} has {dimensions}; "
                "heads fit the encoders that they were trained on"
            )

    def check_not_applied(self, origin: Provenance, tower: Tower) -> None:
        """Refuse vectors that are not those which these heads were fitted on.

        Raises
        ------
        OptionError
            These very heads were applied already, or others that they know nothing of, or the
            vectors are of the encoder that the other of these heads is for.
        """
        led = _led_by(origin)
        if any(self.sha256 == one.sha256 for one in led):
            raise OptionError(
                f"{origin.encoder}: these heads (sha256 {self.sha256}) were applied already; "
                "leave them out"
            )
        pair = self.provenance.source.removeprefix("linear heads on ")
        of_photographs = pair.startswith(f"{origin.encoder} and ")
        of_texts = pair.endswith(f" and {origin.encoder}")
        mine, other = (
            (of_photographs, of_texts) if tower == "visual" else (of_texts, of_photographs)
        )
        if led and not mine:
            raise OptionError(
                f"{origin.encoder}: heads were applied already, {led[-1]}, and {self.card.name} "
                "were not trained on what these give; apply them to the table as it was before"
            )
        if other and not mine:
            raise OptionError(
                f"{origin.encoder}: {self.card.name} are {self.provenance.source}; the "
                f"{SIDES[tower]} head is for the other of these"
            )

    def apply(self, tower: Tower, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return unit vectors: xWᵀ + b, computed in float64, then scaled.

        Parameters
        ----------
        tower : {"visual", "text"}
        vectors : ndarray of float32, shape (n, in)
            As the tower gives them.

        Returns
        -------
        ndarray of float64, shape (n, out)

        Raises
        ------
        OptionError
            The vectors have another dimension than the head takes, or the head maps one to zero.
        """
        head, side = self.head(tower), SIDES[tower]
        self.check(tower, vectors.shape[-1], f"the {side} table")
        mapped = vectors.astype(np.float64) @ head.weight.T.astype(np.float64)
        mapped += head.bias.astype(np.float64)
        lengths = np.linalg.norm(mapped, axis=-1, keepdims=True)
        lost = np.flatnonzero(lengths == 0)
        if len(lost):
            raise OptionError(f"the {side} head maps row {lost[0]} to zero: no direction is left")
        scaled: NDArray[np.float64] = mapped / lengths
        return scaled

    def apply_to(self, table: EmbeddingTable, tower: Tower) -> EmbeddingTable:
        """Return a table of photographs or texts in the space that the heads lead into.

        Raises
        ------
        OptionError
            As `apply` and `check_not_applied`.
        """
        origin = table.provenance
        self.check_not_applied(origin, tower)
        self.check(tower, table.dimensions, origin.encoder)
        table.check_rows()
        applied = self.card.applied(
            replace(origin, encoder=f"{origin.encoder} ({self.card.name})"), tower
        )
        vectors = self.apply(tower, table.vectors).astype(np.float32)
        return EmbeddingTable.from_arrays(table.labels, vectors, provenance=applied)

    def save(self, path: str | Path) -> None:
        """Write the heads as safetensors; provenance, temperature, hash of all in the metadata."""
        told = {"provenance": asdict(self.provenance), "temperature": self.temperature}
        arrays = dict(zip(_NAMES, (*_parts(self.img), *_parts(self.txt)), strict=True))
        write_arrays(path, arrays, told)

    @classmethod
    def read(cls, path: str | Path) -> Heads:
        """Read heads that `save` or others wrote.

        Raises
        ------
        DataError
            There is no such file.
        FormatError
            It is no safetensors file with ``img_head.weight``, ``img_head.bias``,
            ``txt_head.weight`` and ``txt_head.bias`` in float32, of shapes that fit, or not what
            was written: the hash that `save` left is of other bytes.
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
                told = json.loads((file.metadata() or {}).get(TOLD, "{}"))
                written = told.pop("sha256", None)
                # A checkpoint has more arrays than those of heads.
                held = {name: file.get_tensor(name) for name in names if written is not None}
            if written is not None and written != _digest(told, held):
                raise FormatError(
                    f"{path}: not what was written (its sha256 is not {written}); the file was "
                    "damaged or changed, take a copy that was not or make it again"
                )
            provenance = Provenance.from_stored(told.get("provenance", {}), Path(path).stem)
            temperature = told.get("temperature")
            if not isinstance(temperature, int | float | None):
                raise FormatError(f"temperature {temperature!r} is no number")
            return cls(Linear(*arrays[:2]), Linear(*arrays[2:]), provenance, temperature)
        except FormatError as fault:
            named = str(fault) if str(path) in str(fault) else f"{path}: {fault}"
            raise FormatError(named) from None
        except (SafetensorError, ValueError, TypeError, AttributeError) as fault:
            raise FormatError(f"{path}: no safetensors file of heads ({fault})") from None


def check_one_space(images: Provenance, texts: Provenance) -> None:
    """Refuse photographs and texts of which heads led one elsewhere than the other.

    Heads that leave texts as they are, by ridge regression or with a frozen space of the texts,
    need not be applied to these.

    Raises
    ------
    OptionError
        Names both, and the heads of each.
    """
    ours, theirs = _led_by(images), _led_by(texts)
    shared = ours[: len(theirs)]
    same = [one.sha256 for one in shared] == [one.sha256 for one in theirs]
    if same and all(one.keeps_texts for one in ours[len(theirs) :]):
        return
    one, other = (", then ".join(map(str, led)) or "no heads" for led in (ours, theirs))
    raise OptionError(
        f"{images.encoder} was led by {one} and {texts.encoder} by {other}: two spaces, whose "
        "vectors cannot be added; apply the same heads to both"
    )


@dataclass(frozen=True)
class _Led:
    """Heads that vectors were led by, as their provenance tells."""

    name: str
    sha256: str
    keeps_texts: bool

    def __str__(self) -> str:
        return f"{self.name} {self.sha256[:8]}"


def _led_by(origin: Provenance) -> tuple[_Led, ...]:
    """Return the heads that vectors were led by, the first first."""
    return tuple(
        _Led(
            found["name"],
            found["sha256"],
            bool(re.search(r"; method ridge(;|$)|, freeze_text True,", step)),
        )
        for step in origin.steps
        if (found := _STEP.match(step))
    )


def write_arrays(
    path: str | Path, arrays: Mapping[str, NDArray[np.generic]], told: Mapping[str, Any]
) -> None:
    """Write arrays by name, and what there is to tell of them, with a hash of both."""
    from safetensors.numpy import save

    held = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    mark = {**told, "sha256": _digest(told, held)}
    # Written by Python, whose errors say what the system said.
    whole = save(held, metadata={TOLD: json.dumps(mark, ensure_ascii=False)})
    with replacing(path) as part:
        part.write_bytes(whole)


def _digest(told: Mapping[str, Any], arrays: Mapping[str, NDArray[np.generic]]) -> str:
    digest = hashlib.sha256(json.dumps(told).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\n{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _parts(head: Linear) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return head.weight, head.bias
