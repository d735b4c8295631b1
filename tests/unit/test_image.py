"""Photographs become the tensors that Pillow and torchvision make of them, to the bit."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision import transforms

from embarith import _core
from embarith.encoders import CARDS, card_of
from embarith.encoders.card import Visual
from embarith.encoders.image import (
    MAX_PIXELS,
    as_photograph,
    decode,
    describe,
    read_photograph,
    to_tensor,
)
from embarith.errors import FormatError, OptionError

CLIP = card_of("open_clip:ViT-B-32/openai").visual
assert CLIP is not None
RECIPES = {
    name: card.visual
    for name, card in CARDS.items()
    if card.visual is not None and card.visual.resize != "crop first" and card.visual.size < 300
}
SIZES = [
    *((224, 224), (300, 500), (500, 300), (64, 64), (231, 480), (700, 225), (17, 900), (900, 17)),
    *((1, 1), (2, 3), (1200, 800), (448, 448), (449, 225)),
]


def reference(image: Image.Image, visual: Visual) -> np.ndarray:
    mode = transforms.InterpolationMode(visual.interpolation)
    squash = visual.resize == "squash"
    size = (visual.size, visual.size) if squash else visual.resize_to
    steps = [
        transforms.Resize(size, mode),
        transforms.CenterCrop(visual.size),
        transforms.ToTensor(),
        transforms.Normalize(visual.mean, visual.std),
    ]
    tensor: np.ndarray = transforms.Compose(steps)(image.convert("RGB")).numpy()
    return tensor


@pytest.mark.parametrize("recipe", RECIPES)
def test_noise_of_every_shape_is_scaled_as_torchvision_does(recipe: str) -> None:
    rng = np.random.default_rng(5)
    for height, width in SIZES:
        noise = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        want = reference(Image.fromarray(noise), RECIPES[recipe])
        got = to_tensor(noise, RECIPES[recipe])
        np.testing.assert_array_equal(got, want, err_msg=f"{height} × {width}")


def test_the_order_of_the_passes_is_pillows() -> None:
    rng = np.random.default_rng(6)
    for _ in range(150):
        height, width, rows, columns = rng.integers(3, 150, 4).tolist()
        noise = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        want = np.asarray(Image.fromarray(noise).resize((columns, rows), Image.Resampling.BICUBIC))
        got = np.empty((3, rows, columns), dtype=np.float32)
        _core.photograph_to_tensor(
            noise,
            got,
            scaled=(rows, columns),
            corner=(0, 0),
            interpolation="bicubic",
            antialias=True,
            mean=(0, 0, 0),
            std=(1 / 255, 1 / 255, 1 / 255),
        )
        np.testing.assert_array_equal(np.rint(got).transpose(1, 2, 0), want)


def test_all_photographs_are_decoded_and_scaled_as_the_reference(shared: Path) -> None:
    files = sorted((shared / "photos").rglob("*.jpg"))
    assert len(files) == 7_641

    def differs(file: Path) -> bool:
        with Image.open(file) as image:
            photograph = read_photograph(file)
            same = np.array_equal(photograph, np.asarray(image.convert("RGB")))
            return not same or not np.array_equal(
                to_tensor(photograph, CLIP), reference(image, CLIP)
            )

    with ThreadPoolExecutor() as pool:
        wrong = [file for file, bad in zip(files, pool.map(differs, files), strict=True) if bad]
    assert wrong == []


def made_from(shared: Path, count: int) -> list[tuple[str, bytes]]:
    """JPEG files of other shapes and kinds, made of real photographs."""
    rng = np.random.default_rng(7)
    files = sorted((shared / "photos").rglob("*.jpg"))
    made = []
    for number, at in enumerate(rng.choice(len(files), count, replace=False)):
        image = Image.open(files[at]).convert("RGB")
        side = int(rng.integers(500, 1601))
        shape = [(side, side), (side, side // 3), (side // 3, side), (side, 3 * side // 4)]
        image = image.resize(shape[number % 4])
        mode = ["RGB", "RGB", "CMYK", "L"][number // 4 % 4]
        out = io.BytesIO()
        image.convert(mode).save(out, "JPEG", quality=90, progressive=number % 3 == 0)
        made.append((f"{mode} {image.size}", out.getvalue()))
    return made


def test_large_grey_cmyk_and_progressive_photographs_as_the_reference(shared: Path) -> None:
    for name, data in made_from(shared, 100):
        image = Image.open(io.BytesIO(data))
        photograph = decode(data, name)
        np.testing.assert_array_equal(photograph, np.asarray(image.convert("RGB")), name)
        np.testing.assert_array_equal(to_tensor(photograph, CLIP), reference(image, CLIP), name)


def test_crop_first_cuts_the_centre_as_tensorflows_models_do() -> None:
    lite = card_of("efficientnet_lite:efficientnet-lite2").visual
    rng = np.random.default_rng(8)
    for height, width in [(300, 500), (501, 333), (292, 292)]:
        noise = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        side = int(260 / 292 * min(height, width))
        top, left = (height - side + 1) // 2, (width - side + 1) // 2
        cut = Image.fromarray(noise[top : top + side, left : left + side])
        want = np.asarray(cut.resize((260, 260), Image.Resampling.BICUBIC)).astype(np.float64)
        got = to_tensor(noise, lite).transpose(1, 2, 0)
        np.testing.assert_allclose(got, (want - 127) / 128, atol=1e-6)


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "GIF", "BMP", "TIFF", "JPEG"])
def test_formats_are_decoded_as_pillow_does(format_: str) -> None:
    rng = np.random.default_rng(9)
    noise = Image.fromarray(rng.integers(0, 256, (20, 30, 3), dtype=np.uint8))
    for mode in ["RGB", "L", "P", "RGBA", "LA", "CMYK", "1"]:
        out = io.BytesIO()
        try:
            noise.convert(mode).save(out, format_)
        except (OSError, ValueError):
            continue  # the format has no such mode
        want = np.asarray(Image.open(io.BytesIO(out.getvalue())).convert("RGB"))
        np.testing.assert_array_equal(decode(out.getvalue(), mode), want, mode)


def test_sixteen_bits_are_cut_to_eight() -> None:
    grey = np.array([[0, 255, 256], [32_768, 65_280, 65_535]], dtype=np.uint16)
    out = io.BytesIO()
    Image.fromarray(grey).save(out, "PNG")
    got = decode(out.getvalue(), "grey")
    np.testing.assert_array_equal(got[..., 0], [[0, 0, 1], [128, 255, 255]])


def test_exif_rotation_is_ignored_unless_asked_for(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    file = tmp_path / "turned.jpg"
    Image.fromarray(noise).save(file, exif=exif)
    assert read_photograph(file).shape == (20, 30, 3)
    assert read_photograph(file, rotate=True).shape == (30, 20, 3)
    assert "ignored" in describe(CLIP)
    assert "applied" in describe(CLIP, rotate=True)


def jpeg() -> bytes:
    out = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (90, 90, 3), dtype=np.uint8)
    Image.fromarray(noise).save(out, "JPEG")
    return out.getvalue()


def bomb() -> bytes:
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = b"\xff\xff\xff\xff"  # 65,535 × 65,535
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"no image at all", "no image of a known format"),
        (jpeg()[:1000], "truncated"),
        (jpeg()[:30], r"(?i)truncated"),
        (bomb(), "more than the 178,956,970 pixels"),
    ],
)
def test_what_is_no_photograph_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        decode(data, "holiday.jpg")
    assert "holiday.jpg" in str(caught.value)


def test_huge_dimensions_of_a_png_are_refused() -> None:
    out = io.BytesIO()
    side = int(MAX_PIXELS**0.5) + 2
    Image.new("1", (side, side)).save(out, "PNG")
    with pytest.raises(FormatError, match="more than the 178,956,970 pixels"):
        decode(out.getvalue(), "large.png")


def test_a_hair_is_refused_before_memory_is_asked_for() -> None:
    hair = np.zeros((1, 3_000_000, 3), dtype=np.uint8)
    with pytest.raises(FormatError, match="too long and narrow"):
        to_tensor(hair, CLIP)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 2), dtype=np.uint8),
        np.zeros((2, 2, 4), dtype=np.uint8),
        np.zeros((2, 2, 3), dtype=np.float32),
        np.zeros((0, 2, 3), dtype=np.uint8),
    ],
)
def test_arrays_that_are_no_photographs_are_refused(array: np.ndarray) -> None:
    with pytest.raises(OptionError, match="is no photograph"):
        as_photograph(array)
