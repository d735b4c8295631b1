"""Exported models: real weights where a package carries them, else real architectures."""

from __future__ import annotations

from pathlib import Path

import pytest

from embarith.export import export
from exporting import CLIP, LITE2, MINILM, RESNET


@pytest.fixture(scope="session")
def exported(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for exports, filled by the fixtures below."""
    return tmp_path_factory.mktemp("exported")


@pytest.fixture(scope="session")
def minilm(exported: Path) -> Path:
    """MiniLM with its real weights."""
    return export(MINILM, exported / "minilm").folder


@pytest.fixture(scope="session")
def lite2(exported: Path) -> Path:
    """EfficientNet-Lite2 with its real weights."""
    return export(LITE2, exported / "lite2").folder


@pytest.fixture(scope="session")
def clip(exported: Path) -> Path:
    """The architecture of CLIP ViT-B/32 with random weights."""
    return export(CLIP, exported / "clip", random_weights=7).folder


@pytest.fixture(scope="session")
def resnet(exported: Path) -> Path:
    """The architecture of ResNet-50 with random weights."""
    return export(RESNET, exported / "resnet", random_weights=7).folder
