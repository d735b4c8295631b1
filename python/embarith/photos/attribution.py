"""A page that names the creators, licences and sources of a collection's photographs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from embarith.errors import DataError
from embarith.photos.collection import read_collection, read_photographs


def attribution(home: str | Path, title: str = "") -> str:
    """Return an HTML page that loads nothing: a collection's photographs by word, and their makers.

    Parameters
    ----------
    home : path
        Where the collection's lists lie.
    title : str, optional
        The folder's name by default.

    Raises
    ------
    DataError
        No collection, no `images.csv`, or Jinja2 is not installed.
    FormatError
        A list cannot be read.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ModuleNotFoundError:
        raise DataError("this takes Jinja2: pip install 'embarith[images]'") from None
    found = read_collection(home)
    records = read_photographs(home)
    used = [records[image] for image in found.images if image in records]
    environment = Environment(
        loader=PackageLoader("embarith.photos", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["link"] = _link
    return environment.get_template("attribution.html").render(
        title=title or found.home.resolve().name,
        words=found.words,
        records=records,
        photographs=found.images,
        licences=Counter((one.licence, one.licence_url) for one in used).most_common(),
    )


def _link(url: str) -> str:
    """Return an address of the web; what else a list may hold could be a script."""
    try:
        return url if urlsplit(url).scheme in ("http", "https") else ""
    except ValueError:
        return ""
