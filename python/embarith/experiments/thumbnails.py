"""Photographs small enough to be kept inside a result."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from embarith.encoders.image import read_photograph
from embarith.errors import DataError, OptionError
from embarith.files import inside
from embarith.result import SimatResult, TransformResult

# Pixels of the longest side: the first at which all fit.
SIDES = (128, 96, 64, 48)
# Characters of all thumbnails of a result.
MOST = 1_500_000
_QUALITY = 85

R = TypeVar("R", bound=SimatResult | TransformResult)


def illustrated(result: R, folder: Path) -> R:
    """Return a result that holds thumbnails of the photographs it names.

    Parameters
    ----------
    result : SimatResult or TransformResult
    folder : Path
        Where the photographs lie under the names that the result has for them.

    Raises
    ------
    DataError
        A photograph is not there.
    FormatError
        A name, or a link, that leads out of the folder; and as `thumbnails`.
    OptionError, OSError
        As `thumbnails`.
    """
    if isinstance(result, SimatResult):
        named = [name for one in result.examples for name in (one.image, *one.retrieved)]
    else:
        named = [result.image, *(answer.image for answer in result.retrieved)]
    names = list(dict.fromkeys(named))
    files = [inside(folder, name) for name in names]
    absent = [file for file in files if not file.is_file()]
    if absent:
        raise DataError(
            f"{absent[0]}: no such photograph ({len(absent):,} of the {len(files):,} to be shown "
            "are absent)"
        )
    made, _ = thumbnails(files)
    return replace(result, thumbnails=dict(zip(names, made, strict=True)))


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
