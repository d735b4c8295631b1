"""Where an embedding space came from."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class Provenance:
    """Where an embedding space came from and what was done to it.

    Parameters
    ----------
    encoder : str
        Name of the model or file (`glove-6b-50d`, `open_clip:ViT-B-32/openai`).
    source : str
        Format and origin of the vectors.
    sha256 : str
        Hash of the source files or weights.
    preprocessing, pooling : str
        As the encoder states them.
    normalized : bool
        Whether every row was scaled to unit length.
    frequency_order : bool
        Whether rows are known to stand in order of word frequency.
    licence : str
        Licence of the vectors, shown to users.
    dropped : int
        Rows left out by `on_bad="drop"`.
    random_weights : int or None
        Seed of weights or word vectors that were drawn and never trained, for a control; None of
        all others.
    steps : tuple of str
        What was done since (`selected 30000 rows`, `centered`), oldest first.
    """

    encoder: str
    source: str = ""
    sha256: str = ""
    preprocessing: str = ""
    pooling: str = ""
    normalized: bool = False
    frequency_order: bool = False
    licence: str = ""
    dropped: int = 0
    random_weights: int | None = None
    steps: tuple[str, ...] = ()

    def then(self, step: str, **changes: Any) -> Provenance:
        """Return the provenance after one more step."""
        return replace(self, steps=(*self.steps, step), **changes)

    @classmethod
    def from_stored(cls, stored: dict[str, Any], encoder: str) -> Provenance:
        """Return what a file tells; `encoder` names one that tells nothing."""
        known = {field.name for field in fields(cls)}
        values = {key: value for key, value in stored.items() if key in known}
        values["steps"] = tuple(values.get("steps", ()))
        return cls(**{"encoder": encoder, **values})
