"""Where openly licensed photographs can be searched: Openverse and Wikimedia Commons.

Open are the licences under which everybody may use, change and share: CC0, the public domain, and
CC BY and CC BY-SA, which ask that the creator is named.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec

from embarith.errors import DataError

Get = Callable[[str, Mapping[str, str | int]], Any]
"""Called as ``get(url, parameters)`` for what an API answers as JSON."""

Documented = TypeVar("Documented")


@dataclass(frozen=True)
class Offer:
    """A photograph that a search found.

    Parameters
    ----------
    url : str
        Address of the file.
    licence : str
        Short name, such as `CC BY-SA 4.0`.
    licence_url, page, title, creator : str
        As in `Photograph`; empty where the source does not know.
    """

    url: str
    licence: str
    licence_url: str
    page: str
    title: str
    creator: str


@dataclass(frozen=True)
class Answer:
    """A page of what a search found.

    Parameters
    ----------
    offers : tuple of Offer
        Best first.
    passed : mapping of str to int
        Why others were passed over, and how many.
    more : bool
        Whether there is a next page.
    """

    offers: tuple[Offer, ...]
    passed: Mapping[str, int]
    more: bool


class Source(Protocol):
    """A search for photographs; `url` is the address of its API."""

    url: str

    def search(self, term: str, page: int, get: Get) -> Answer:
        """Return a page of what is found for a term.

        Parameters
        ----------
        term : str
        page : int
            From 1.
        get : callable
            Asks an API politely.

        Raises
        ------
        DataError
            The answer is not as documented.
        """


@dataclass(frozen=True)
class _Found:
    url: str
    license: str
    license_version: str | None = None
    license_url: str | None = None
    foreign_landing_url: str | None = None
    title: str | None = None
    creator: str | None = None


@dataclass(frozen=True)
class _OpenverseAnswer:
    results: list[_Found]
    page_count: int


class Openverse:
    """The Openverse API: 20 results a page, 20 requests a minute and 200 a day for everybody.

    What it knows of Wikimedia Commons is left to that source.
    """

    url = "https://api.openverse.org/v1/images/"

    def search(self, term: str, page: int, get: Get) -> Answer:
        """Return a page of results."""
        parameters: dict[str, str | int] = {
            "q": term,
            "license": ",".join(_CODES),
            "excluded_source": "wikimedia",
            "page": page,
            "page_size": 20,
        }
        answer = _documented(get(self.url, parameters), _OpenverseAnswer, self.url)
        found = [_openverse_offer(one) for one in answer.results]
        return _answer(found, more=page < answer.page_count)


def _openverse_offer(found: _Found) -> Offer | str:
    """Return what a result offers, or why it is passed over."""
    code = found.license.lower()
    if code not in _CODES:
        return "licence not open"
    return _offer(
        url=found.url,
        licence=f"{_CODES[code]} {found.license_version or ''}",
        licence_url=found.license_url,
        page=found.foreign_landing_url,
        title=found.title,
        creator=found.creator,
    )


_CODES = {"by": "CC BY", "by-sa": "CC BY-SA", "cc0": "CC0", "pdm": "PDM"}


@dataclass(frozen=True)
class _Fact:
    value: str


@dataclass(frozen=True)
class _Info:
    mime: str
    url: str
    thumburl: str = ""
    descriptionurl: str = ""
    # PHP writes an empty mapping as a list.
    extmetadata: dict[str, _Fact] | list[None] = field(default_factory=dict)


@dataclass(frozen=True)
class _Page:
    pageid: int
    title: str
    index: int = 0
    imageinfo: list[_Info] = field(default_factory=list)


@dataclass(frozen=True)
class _Query:
    pages: list[_Page] = field(default_factory=list)


@dataclass(frozen=True)
class _Error:
    info: str


class _CommonsAnswer(msgspec.Struct, frozen=True, rename={"rest": "continue"}):
    query: _Query = _Query()
    rest: Mapping[str, str | int] = {}
    batchcomplete: bool = False
    error: _Error | None = None


class Commons:
    """The API of Wikimedia Commons: 50 results a page, in a width of 960 pixels at most."""

    url = "https://commons.wikimedia.org/w/api.php"
    size = 50

    def search(self, term: str, page: int, get: Get) -> Answer:
        """Return a page of results."""
        parameters: dict[str, str | int] = {
            "action": "query",
            "format": "json",
            "formatversion": 2,
            "generator": "search",
            "gsrsearch": f"filetype:bitmap {term}",
            "gsrnamespace": 6,
            "gsrlimit": self.size,
            "gsroffset": self.size * (page - 1),
            "prop": "imageinfo",
            "iiprop": "url|size|mime|extmetadata",
            "iiextmetadatafilter": "Artist|LicenseShortName|LicenseUrl",
            # One of the widths that are kept ready.
            "iiurlwidth": 960,
        }
        pages: dict[int, _Page] = {}
        rest: Mapping[str, str | int] = {}
        # What is known of a page of results may come in several answers.
        for _ in range(self.size):
            answer = _documented(get(self.url, parameters | dict(rest)), _CommonsAnswer, self.url)
            if answer.error:
                raise DataError(f"{self.url} refuses the search for {term!r}: {answer.error.info}")
            for one in answer.query.pages:
                if one.pageid not in pages or one.imageinfo:
                    pages[one.pageid] = one
            rest = answer.rest
            if answer.batchcomplete or not rest:
                break
        found = [_commons_offer(one) for one in sorted(pages.values(), key=lambda one: one.index)]
        return _answer(found, more="gsroffset" in rest)


def _commons_offer(page: _Page) -> Offer | str:
    """Return what a page of a file offers, or why it is passed over."""
    if not page.imageinfo or page.imageinfo[0].mime not in _MIMES:
        return "no photograph"
    info = page.imageinfo[0]
    facts = info.extmetadata if isinstance(info.extmetadata, dict) else {}
    artist, licence, licence_url = (
        facts[name].value if name in facts else ""
        for name in ("Artist", "LicenseShortName", "LicenseUrl")
    )
    if not _OPEN.fullmatch(licence.strip()):
        return "licence not open"
    title = page.title.removeprefix("File:")
    return _offer(
        url=info.thumburl or info.url,
        licence=licence,
        licence_url=licence_url,
        page=info.descriptionurl,
        title=title.rpartition(".")[0] or title,
        creator=_TAG.sub(" ", artist),
    )


_MIMES = ("image/jpeg", "image/png", "image/webp")
# Versions may name a country, as `CC BY-SA 3.0 de`.
_OPEN = re.compile(
    r"CC0( 1\.0)?|PDM( 1\.0)?|CC PDM 1\.0|Public domain|CC BY(-SA)? \d\.\d( [a-z]{2,8})?", re.I
)
_TAG = re.compile(r"<(style|script)\b.*?</\1\s*>|<[^>]*>", re.I | re.S)

SOURCES: Mapping[str, Source] = {"openverse": Openverse(), "commons": Commons()}
"""By the name that a photograph's record has; pages of them are asked for in turn."""


# -- what others wrote ---------------------------------------------------------------------------


def _documented(answer: Any, kind: type[Documented], url: str) -> Documented:
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError as fault:
        raise DataError(f"{url} does not answer as its documentation says: {fault}") from None


def _answer(found: Iterable[Offer | str], *, more: bool) -> Answer:
    found = list(found)
    return Answer(
        tuple(one for one in found if isinstance(one, Offer)),
        Counter(one for one in found if isinstance(one, str)),
        more,
    )


def _offer(url: str, page: str | None, licence_url: str | None, **texts: str | None) -> Offer | str:
    """Return an offer whose texts and addresses do no harm, or why there is none."""
    if not _address(url):
        return "no address"
    clean = {name: _text(text or "") for name, text in texts.items()}
    return Offer(
        url=_address(url),
        page=_address(page or ""),
        licence_url=_address(licence_url or ""),
        **clean,
    )


def _text(text: str) -> str:
    """Return a text, or what HTML shows of it, as one line of at most 300 characters."""
    return " ".join(_UNFIT.sub(" ", html.unescape(text)).split())[:300]


def _address(text: str) -> str:
    """Return an address of the web as it is; anything else is none."""
    text = f"https:{text}" if text.startswith("//") else text
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return ""
    return text if known and len(text) <= 2000 and not _UNFIT.search(text) else ""


# Controls, halves of surrogate pairs, and marks that turn the direction of writing.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
