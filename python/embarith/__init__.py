"""Does b − a + c ≈ d hold in an embedding space: how well, and against which null."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from embarith._core import __version__ as __version__
    from embarith.encoders.encoding import encode as encode
    from embarith.encoders.onnx import Encoder as Encoder
    from embarith.encoders.onnx import load_encoder as load_encoder
    from embarith.experiments.analogy import analogy as analogy
    from embarith.provenance import Provenance as Provenance
    from embarith.readers import read as read
    from embarith.table import EmbeddingTable as EmbeddingTable

# PEP 562: a name is imported at its first use, so that `embarith --help` stays instant.
_HOMES = {
    "EmbeddingTable": "embarith.table",
    "Encoder": "embarith.encoders.onnx",
    "Provenance": "embarith.provenance",
    "__version__": "embarith._core",
    "analogy": "embarith.experiments.analogy",
    "encode": "embarith.encoders.encoding",
    "load_encoder": "embarith.encoders.onnx",
    "read": "embarith.readers",
}

__all__ = [
    "EmbeddingTable",
    "Encoder",
    "Provenance",
    "__version__",
    "analogy",
    "encode",
    "load_encoder",
    "read",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'embarith' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
