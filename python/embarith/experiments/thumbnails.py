"""Photographs small enough to be kept inside a result."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path

from embarith.encoders.image import read_photograph
from embarith.errors import OptionError

# Pixels of the longest side: the first at which all fit.
SIDES = (128, 96, 64, 48)
# Characters of all thumbnails of a result.
MOST = 1_500_000
_QUALITY = 85


def thumbnails(paths: Sequence[Path]) -> tuple[list[str], int]:
    """Make JPEG thumbnails, as large as `MOST` characters for all of them allow.

    Parameters
    ----------
    paths : sequence of Path
        Files of photographs, turned upright as their EXIF data say.

    Returns
    -------
    thumbnails : list of str
        JPEG files in base64, which depend on the version of Pillow in their last bits.
    side : int
        Pixels of their longest side, one of `SIDES`.

    Raises
    ------
    FormatError
        A file is no photograph.
    OptionError
        There are too many to fit, or Pillow is absent.
    OSError
        A file cannot be read.
    """
    try:
        from PIL import Image
    except ImportError:
        raise OptionError("thumbnails need Pillow: pip install 'embarith[images]'") from None
    large = []
    for path in paths:
        image = Image.fromarray(read_photograph(path, rotate=True))
        image.thumbnail((SIDES[0], SIDES[0]), Image.Resampling.LANCZOS)
        large.append(image)
    for side in SIDES:
        texts = []
        for image in large:
            small = image.copy()
            small.thumbnail((side, side), Image.Resampling.LANCZOS)
            data = io.BytesIO()
            small.save(data, "JPEG", quality=_QUALITY, optimize=True)
            texts.append(base64.b64encode(data.getvalue()).decode())
        if sum(map(len, texts)) <= MOST:
            return texts, side
    raise OptionError(
        f"{len(paths):,} photographs do not fit into {MOST:,} characters of thumbnails: give "
        "fewer a word"
    )
