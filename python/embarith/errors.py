"""Errors that embarith raises on purpose; each message names the thing at fault and the way out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

# How alike a suggestion is. At difflib's .6 unrelated words pass (weapon and wagon, train and
# untrained); here one wrong letter of four still does, and of our own names 95 % of slips.
_ALIKE = 0.75


class EmbarithError(Exception):
    """Base of all errors raised for bad input; the command line prints it without a traceback."""


class FormatError(EmbarithError, ValueError):
    """A file that cannot be read as what it claims to be; names the file and line or byte."""


class TableError(EmbarithError, ValueError):
    """Labels or vectors that no table may hold; names the label and row."""

    row: int | None = None  # where the core found one at fault


class MissingLabelError(EmbarithError, KeyError):
    """A label that a table does not have; suggests the nearest ones."""

    def __str__(self) -> str:
        # KeyError would show the quoted repr of the message.
        return str(self.args[0])


class DataError(EmbarithError, OSError):
    """Data that is absent, cut or damaged, and how to supply it."""


class OptionError(EmbarithError, ValueError):
    """An option or a combination of options without meaning; names the valid choices."""


def nearest(name: str, choices: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the choice most like `name`, or an empty string.

    Where none is like it, one of the same letters in another order, as short names are mistyped, or
    the last of those that it is the first part of, as the newest version is.

    Parameters
    ----------
    name : str
        What was asked for.
    choices : iterable of str
        What there is.

    Examples
    --------
    >>> nearest("gogle", ["google", "msr"])
    "; did you mean 'google'?"
    >>> nearest("dgo", ["dog", "cat"])
    "; did you mean 'dog'?"
    >>> nearest("fasttext", ["text", "fasttext-crawl"])
    "; did you mean 'fasttext-crawl'?"
    >>> nearest("weapon", ["wagon", "msr"])
    ''
    """
    names = list(choices)
    longer = sorted(one for one in names if re.match(rf"{re.escape(name)}[\W_]", one))
    swapped = [one for one in names if sorted(one) == sorted(name)]
    found = difflib.get_close_matches(name, names, n=1, cutoff=_ALIKE) or swapped or longer[-1:]
    return f"; did you mean {found[0]!r}?" if found else ""
