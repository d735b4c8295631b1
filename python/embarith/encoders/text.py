"""Texts as tokens: cleaned as the model's own library cleans them, then cut into its vocabulary."""

from __future__ import annotations

import html
import re
import string
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from embarith.encoders.card import Text
from embarith.errors import FormatError, OptionError

if TYPE_CHECKING:
    from tokenizers import Encoding

PLACE = "{}"
"""Where a template takes the word."""


def clean(text: str, rule: Text) -> str:
    r"""Return a text as its tokenizer expects it.

    Parameters
    ----------
    text : str
    rule : Text
        The card's `clean` and `lower`.

    Examples
    --------
    >>> from embarith.encoders import card_of
    >>> clean("Fish &amp;amp; chips\n", card_of("open_clip:ViT-B-32/openai").text)
    'fish & chips'
    """
    if rule.clean == "none":
        return text.lower() if rule.lower else text
    import ftfy

    # Twice, because captions from the web were often escaped twice.
    text = html.unescape(html.unescape(ftfy.fix_text(text)))
    if rule.clean == "canonical":
        text = text.replace("_", " ").translate(_NO_PUNCTUATION)
    text = re.sub(r"\s+", " ", text.strip()).strip()
    return text.lower() if rule.lower else text


_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def fill(templates: Sequence[str], word: str) -> list[str]:
    """Return the sentences that templates make of a word.

    Raises
    ------
    OptionError
        A template without the place `{}`.

    Examples
    --------
    >>> fill(["a {}", "a photo of a {}"], "dog")
    ['a dog', 'a photo of a dog']
    """
    for template in templates:
        if PLACE not in template:
            raise OptionError(f"template {template!r} has no {PLACE} for the word to stand in")
    return [template.replace(PLACE, word) for template in templates]


class Tokens:
    """The tokenizer of an exported folder.

    Parameters
    ----------
    path : path
        Its `tokenizer.json`, which knows where to cut a long text and how to fill up a short one.
    rule : Text
        How the card wants texts cleaned.

    Raises
    ------
    FormatError
        The file is no tokenizer.
    """

    def __init__(self, path: str | Path, rule: Text) -> None:
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as fault:  # the library raises nothing more specific
            raise FormatError(f"{path}: no tokenizer ({fault})") from None
        self._rule = rule

    def __call__(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Cut texts into tokens.

        Parameters
        ----------
        texts : sequence of str, length n

        Returns
        -------
        ids, mask : ndarray of int64, shape (n, tokens)
            Token numbers, and 1 where there is one.

        Raises
        ------
        OptionError
            A text with half of a surrogate pair, which no encoding of Unicode holds.
        """
        encoded = self._encoded(texts)
        ids = np.array([one.ids for one in encoded], dtype=np.int64)
        mask = np.array([one.attention_mask for one in encoded], dtype=np.int64)
        return ids, mask

    def cut(self, texts: Sequence[str]) -> int:
        """Return how many texts have more tokens than the model takes and lose their ends."""
        return sum(bool(one.overflowing) for one in self._encoded(texts))

    def _encoded(self, texts: Sequence[str]) -> list[Encoding]:
        broken = next((text for text in texts if _SURROGATE.search(text)), None)
        if broken is not None:
            raise OptionError(f"text {broken!r} is no Unicode text")
        cleaned = [clean(text, self._rule) for text in texts]
        encoded: list[Encoding] = self._tokenizer.encode_batch(cleaned)
        return encoded


_SURROGATE = re.compile("[\ud800-\udfff]")
