"""Photographs to tensors beside decoding alone, and to vectors beside the bare session."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytest_benchmark.fixture import BenchmarkFixture
from torchvision import transforms

from embarith import load_encoder
from embarith.encoders import card_of
from embarith.encoders.image import decode, to_tensor
from embarith.encoders.onnx import batches
from embarith.export import export
from measuring import measure


def photographs(count: int) -> list[Path]:
    files = sorted((Path(os.environ.get("EMBARITH_DATA", ".")) / "photos").rglob("*.jpg"))
    if not files:
        pytest.skip("no photographs: set EMBARITH_DATA to a folder that holds some under photos/")
    return [files[at] for at in np.linspace(0, len(files) - 1, count, dtype=int)]


@pytest.mark.parametrize("peer", ["embarith", "embarith, decoding alone", "torchvision and Pillow"])
@pytest.mark.parametrize("side", [500, 640, 1600])
def test_photographs_to_tensors(benchmark: BenchmarkFixture, side: int, peer: str) -> None:
    visual = card_of("open_clip:ViT-B-32/openai").visual
    files = []
    for file in photographs(24):
        image = Image.open(file).convert("RGB")
        scale = side / max(image.size)
        out = io.BytesIO()
        image.resize([round(edge * scale) for edge in image.size]).save(out, "JPEG", quality=90)
        files.append(out.getvalue())
    steps = transforms.Compose(
        [
            transforms.Resize(visual.size, transforms.InterpolationMode.BICUBIC),
            transforms.CenterCrop(visual.size),
            transforms.ToTensor(),
            transforms.Normalize(visual.mean, visual.std),
        ]
    )
    work = {
        "embarith": lambda: [to_tensor(decode(file, "photograph"), visual) for file in files],
        # Kept by nobody: memory that is new with every photograph would make decoding look slow.
        "embarith, decoding alone": lambda: [len(decode(file, "photograph")) for file in files],
        "torchvision and Pillow": lambda: [
            steps(Image.open(io.BytesIO(file)).convert("RGB")).numpy() for file in files
        ],
    }
    group = f"JPEG of {side} pixels to a CLIP tensor, one thread"
    found = measure(benchmark, work[peer], group=group, peer=peer, rounds=15, items=len(files))
    if "alone" not in peer:
        for ours, theirs in zip(work["embarith"](), found, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.fixture(scope="module")
def lite2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "lite2"
    return export("efficientnet_lite:efficientnet-lite2", folder).folder


@pytest.mark.parametrize("peer", ["embarith", "embarith, bare session"])
def test_photographs_to_vectors(benchmark: BenchmarkFixture, lite2: Path, peer: str) -> None:
    encoder = load_encoder(lite2, device="cpu")
    files = photographs(64)
    ready = [encoder.prepare(file) for file in files]

    def bare() -> np.ndarray:
        return np.concatenate([encoder.encode_tensors(one) for one in batches(ready, 16)])

    work = {"embarith": lambda: encoder.encode_images(files), "embarith, bare session": bare}
    group = "64 photographs through EfficientNet-Lite2, onnxruntime on the CPU"
    found = measure(benchmark, work[peer], group=group, peer=peer, rounds=7, items=64)
    np.testing.assert_allclose(found, bare(), atol=1e-5)
