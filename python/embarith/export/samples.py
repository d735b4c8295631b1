"""Photographs, captions and words that an export is proved on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embarith.data.finding import folders
from embarith.encoders.image import read_photograph
from embarith.errors import DataError

Photograph = NDArray[np.uint8]

# What tokenizers and cleaning rules trip over, among sentences of every length.
_CAPTIONS = (
    "a dog",
    "Two children play with a red ball on the beach.",
    "A man in a blue shirt is standing on a ladder cleaning a window.",
    "don\u2019t touch the \u201cwet\u201d paint",
    "fish &amp; chips, 5&nbsp;\u00a3 only",
    "caf\u00e9 na\u00efve \u00fcber \u6771\u4eac \U0001f600",
    "  white\tspace \n everywhere  ",
    "a photo of a weapon",
    "The old, grey, weather-beaten boat that nobody had used for thirty years lay on the shore "
    "of the lake, its paint peeling, its oars gone, and a heron standing in the bow as though "
    "it had been appointed captain of whatever voyage was still to come, while on the far bank "
    "the lights of the village went on one after the other and the church bell struck seven.",
)


@dataclass(frozen=True)
class Samples:
    """What an export is proved on.

    Parameters
    ----------
    photographs : list of ndarray
        Square, tall and wide ones among them.
    texts : list of str
    photographs_from, texts_from : str
        Where they come from.
    """

    photographs: list[Photograph]
    texts: list[str]
    photographs_from: str
    texts_from: str


def find(count: int = 64) -> Samples:
    """Return samples out of the data folder, else out of installed packages.

    Parameters
    ----------
    count : int
        Photographs at most, and words beside the captions.

    Raises
    ------
    DataError
        No photographs anywhere.
    """
    photographs, photographs_from = _photographs(count)
    words, words_from = _words(count)
    texts_from = f"{len(_CAPTIONS)} captions of embarith and {len(words)} words of {words_from}"
    return Samples(photographs, [*_CAPTIONS, *words], photographs_from, texts_from)


def _photographs(count: int) -> tuple[list[Photograph], str]:
    for _, folder in folders(None):
        files = sorted((folder / "photos").rglob("*.jpg"))
        if len(files) >= 3:
            chosen = [files[at] for at in np.linspace(0, len(files) - 1, count, dtype=int)]
            found = [read_photograph(file) for file in dict.fromkeys(chosen)]
            return [*found, *_strips(found[0])], f"{len(found)} of the data folder, and cuts of one"
    try:
        from sklearn.datasets import load_sample_images
    except ImportError:
        raise DataError(
            "an export is proved on photographs: pip install scikit-learn, which carries two, or "
            "set EMBARITH_DATA to a folder that holds some under photos/"
        ) from None
    found = []
    for whole in load_sample_images().images:
        for at in range(0, 400, 80):
            cut = np.ascontiguousarray(whole[at // 4 : at // 4 + 240, at // 2 : at // 2 + 240])
            found += [cut, *_strips(whole[at // 4 :])]
    return found, f"{len(found)} cuts of the two photographs of scikit-learn"


def _strips(photograph: Photograph) -> list[Photograph]:
    """Return a tall and a wide cut."""
    height, width = photograph.shape[:2]
    tall = photograph[:, : max(width // 3, 1)]
    wide = photograph[: max(height // 3, 1)]
    return [np.ascontiguousarray(cut) for cut in (tall, wide)]


def _words(count: int) -> tuple[list[str], str]:
    from embarith.data.finding import locate

    try:
        lines = locate("google").read_text(encoding="utf-8").splitlines()
        source = "Google's analogies"
    except DataError:
        return [], "no data set"
    words = sorted({word for line in lines if line[:1] != ":" for word in line.split()})
    return [words[at] for at in np.linspace(0, len(words) - 1, count, dtype=int)], source
