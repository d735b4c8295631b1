"""Photographs: decoded, scaled, cut and normalised as the libraries that trained on them do."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from embarith import _core
from embarith.encoders.card import Visual
from embarith.errors import FormatError, OptionError
from embarith.files import read_regular

if TYPE_CHECKING:
    from PIL.Image import Image

Photograph = NDArray[np.uint8]
"""Red, green and blue of every pixel, shape (height, width, 3)."""

MAX_PIXELS = 178_956_970
"""More are refused: Pillow's limit against decompression bombs, twice 1 GiB / 4 / 3."""


def read_photograph(path: str | Path, *, rotate: bool = False) -> Photograph:
    """Read a file of any common format.

    Parameters
    ----------
    path : path
        JPEG, PNG, WebP, GIF, BMP, TIFF and what else Pillow reads; the first frame counts.
    rotate : bool
        Whether to turn the photograph as its EXIF data say; most training pipelines do not.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        Transparency is dropped, grey repeated, 16 bits are cut to 8.

    Raises
    ------
    FormatError
        The file is no photograph, cut off, or of more than `MAX_PIXELS` pixels.
    OSError
        It cannot be read.
    """
    return decode(read_regular(path), str(path), rotate=rotate)


def decode(data: bytes, name: str, *, rotate: bool = False) -> Photograph:
    """Decode the bytes of a file; `name` is what errors call it. See `read_photograph`."""
    with _named(name):
        if not data:
            raise ValueError("the file is empty")
        fast = None if rotate else _decode_jpeg(data)
        return fast if fast is not None else _decode_any(data, rotate)


def as_photograph(image: Any) -> Photograph:
    """Return an array or a Pillow image as a photograph.

    Raises
    ------
    OptionError
        An array that is not of uint8 or not of shape (height, width, 3).
    """
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise OptionError(
                f"an array of {image.dtype} and shape {image.shape} is no photograph; expected "
                "uint8 and (height, width, 3)"
            )
        return np.ascontiguousarray(image)
    with _named("the image"):
        return _rgb(image)


def to_tensor(photograph: Photograph, visual: Visual) -> NDArray[np.float32]:
    """Scale, cut and normalise a photograph as a card says.

    Equal, to the bit, to Pillow's resize followed by torchvision's centre crop and normalisation.

    Parameters
    ----------
    photograph : ndarray of uint8, shape (height, width, 3)
    visual : Visual
        The card's rules.

    Returns
    -------
    ndarray of float32, shape (3, size, size)

    Examples
    --------
    >>> from embarith.encoders import card_of
    >>> clip = card_of("open_clip:ViT-B-32/openai").visual
    >>> to_tensor(np.zeros((300, 500, 3), dtype=np.uint8), clip).shape
    (3, 224, 224)
    """
    plan = _plan(visual, *photograph.shape[:2])
    out = np.empty((3, visual.size, visual.size), dtype=np.float32)
    _core.photograph_to_tensor(
        np.ascontiguousarray(photograph[plan.crop]),
        out,
        scaled=plan.scaled,
        corner=plan.corner,
        interpolation=visual.interpolation,
        antialias=visual.antialias,
        mean=visual.mean,
        std=visual.std,
    )
    return out


def describe(visual: Visual, *, rotate: bool = False) -> str:
    """Return what `to_tensor` does, for provenance."""
    rule = {
        "shortest": f"shorter side to {visual.resize_to}, centre {visual.size}",
        "squash": f"both sides to {visual.size}",
        "crop first": f"centre {visual.size}/{visual.resize_to}, then to {visual.size}",
    }[visual.resize]
    smooth = "antialiased" if visual.antialias else "not antialiased"
    turned = "EXIF rotation applied" if rotate else "EXIF rotation ignored"
    return (
        f"{rule}, {visual.interpolation} {smooth}, mean {list(visual.mean)}, "
        f"std {list(visual.std)}, {turned}"
    )


@dataclass(frozen=True)
class _Plan:
    crop: tuple[slice, slice]
    scaled: tuple[int, int]
    corner: tuple[int, int]


def _plan(visual: Visual, height: int, width: int) -> _Plan:
    size, whole = visual.size, (slice(None), slice(None))
    if visual.resize == "squash":
        return _Plan(whole, (size, size), (0, 0))
    short, long = sorted((height, width))
    if visual.resize == "crop first":
        # As TensorFlow's image models cut: the odd pixel stays at the top and left.
        side = max(int(size / visual.resize_to * short), 1)
        top, left = ((extent - side + 1) // 2 for extent in (height, width))
        return _Plan((slice(top, top + side), slice(left, left + side)), (size, size), (0, 0))
    # As torchvision scales and cuts: the longer side is cut to an integer, halves go to even.
    longer = int(visual.resize_to * long / short)
    if longer * visual.resize_to > MAX_PIXELS:
        raise FormatError(f"{width} × {height} pixels are too long and narrow to scale")
    scaled = (visual.resize_to, longer) if height <= width else (longer, visual.resize_to)
    top, left = (round((extent - size) / 2) for extent in scaled)
    return _Plan(whole, scaled, (top, left))


def _decode_jpeg(data: bytes) -> Photograph | None:
    """Decode the usual kinds of JPEG at twice Pillow's speed; None leaves the data to Pillow."""
    if data[:3] != b"\xff\xd8\xff":
        return None
    import simplejpeg

    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:
        return None
    if colours not in {"YCbCr", "Gray"}:
        return None
    _limit(width, height)
    try:
        photograph: Photograph = simplejpeg.decode_jpeg(data, "RGB")
    except ValueError:
        # Pillow names what is wrong, or forgives it.
        return None
    return photograph


def _decode_any(data: bytes, rotate: bool) -> Photograph:
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data)) as image:
        _limit(*image.size)
        return _rgb(ImageOps.exif_transpose(image) if rotate else image)


def _rgb(image: Image) -> Photograph:
    if image.mode.startswith("I"):
        # Pillow would clip 16 bits at 255 instead of scaling them.
        grey = np.clip(np.asarray(image).astype(np.int64), 0, 65_535) >> 8
        return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    return np.array(image.convert("RGB"))


def _limit(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ValueError(_TOO_LARGE)


_TOO_LARGE = f"more than the {MAX_PIXELS:,} pixels that are read"


@contextmanager
def _named(name: str) -> Iterator[None]:
    from PIL import Image, UnidentifiedImageError

    try:
        yield
    except UnidentifiedImageError:
        raise FormatError(f"{name}: no image of a known format") from None
    except Image.DecompressionBombError:
        raise FormatError(f"{name}: {_TOO_LARGE}") from None
    except Exception as fault:  # decoders raise whatever a damaged file leads them to
        raise FormatError(f"{name}: {fault or type(fault).__name__}") from None
