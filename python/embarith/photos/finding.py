"""Finding openly licensed photographs of words; many short runs end in the lists of a long one."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import msgspec

from embarith.encoders.image import decode
from embarith.errors import DataError, FormatError, OptionError
from embarith.files import replacing
from embarith.photos.client import Client, LostError
from embarith.photos.collection import (
    SETTINGS,
    WORDS,
    Member,
    Photograph,
    read_words,
    write_lists,
)
from embarith.photos.copies import Seen, fingerprint
from embarith.photos.sources import SOURCES, Answer, Offer, Source
from embarith.progress import Progress

JOURNAL = "found.jsonl"
"""What was asked and fetched, a JSON line each: the memory of a run for the next one."""
FOLDER = "photos"
THREADS = 4
LEAST = 64
"""Photographs of which a side has fewer pixels are left out."""
LOOK = 10
"""Results that are looked at for each photograph that is wanted."""
_PAGES = 20
_KIND = "search"
_NAME = re.compile(r"[0-9a-f]{32}\.(jpg|png|webp)")
_LEFT = re.compile(r"\.[0-9a-f]{32}\.(jpg|png|webp)\..{8}")


@dataclass(frozen=True)
class FoundWord:
    """What was found for a word.

    Parameters
    ----------
    word, term : str
        And what was searched for.
    photographs : int
        Taken into the collection.
    results : int
        Looked at.
    left_out : mapping of str to int
        Why results were left out, and how many.
    more : bool
        Whether the searches may have more results.
    """

    word: str
    term: str
    photographs: int
    results: int
    left_out: Mapping[str, int]
    more: bool


@dataclass(frozen=True)
class Found:
    """What `find` did.

    Parameters
    ----------
    words : tuple of FoundWord
    searched, fetched : int
        Pages of results and photographs that were asked for in this run; what earlier runs had is
        not asked for again.
    """

    words: tuple[FoundWord, ...]
    searched: int
    fetched: int


def read_terms(path: str | Path) -> dict[str, str]:
    """Read a list of words, one a line, each alone or with a tab and what to search for.

    Returns
    -------
    dict of str to str
        Word to search term: by default the word, with spaces for its underscores.

    Raises
    ------
    DataError
        There is no such file.
    FormatError
        It is no UTF-8, holds no words or one of them twice, or a line has several tabs.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except FileNotFoundError:
        raise DataError(f"{str(path)!r} is no file") from None
    except UnicodeDecodeError as fault:
        raise FormatError(f"{path}: not UTF-8 at byte {fault.start}") from None
    terms: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        word, *rest = (part.strip() for part in line.split("\t"))
        if not word and not any(rest):
            continue
        if not word or len(rest) > 1 or rest == [""]:
            raise FormatError(
                f"{path}:{number}: {line!r}; expected a word, or a word, a tab and what to search"
            )
        if word in terms:
            raise FormatError(f"{path}:{number}: word {word!r} stands there twice")
        terms[word] = rest[0] if rest else as_term(word)
    if not terms:
        raise FormatError(f"{path}: no words")
    return terms


def as_term(word: str) -> str:
    """Return what is searched for where only the word is known."""
    return word.replace("_", " ")


def find(
    terms: Mapping[str, str],
    home: str | Path,
    *,
    per_word: int = 30,
    sources: Mapping[str, Source] = SOURCES,
    contact: str = "",
    progress: Progress | None = None,
) -> Found:
    """Find photographs of words and make a collection of them, going on where an earlier run ended.

    The pages of all sources are taken in turn, and their results in order, until a word has its
    photographs. Left out are those that cannot be fetched or decoded, are small, or are copies of
    an earlier one, also of another word. Every answer and photograph is kept as soon as it is
    there, so that a run that ends early, however it ends, is taken up by the next one with the same
    lists as of one run.

    Parameters
    ----------
    terms : mapping of str to str
        Word to what is searched for.
    home : path
        Folder of the collection: lists, journal, and photographs named by their hash.
    per_word : int
    sources : mapping of str to Source
    contact : str
        A mail address or page for the operators of the servers.
    progress : callable, optional
        Called as `progress(stage, done, total)` in photographs.

    Raises
    ------
    OptionError
        `home` holds another collection or photographs of other words, or another process writes it.
    DataError
        A search is not answered. The lists hold what there is; the next run goes on.
    """
    home = Path(home)
    _check_home(home, terms)
    (home / FOLDER).mkdir(parents=True, exist_ok=True)
    with _open_journal(home) as journal:
        for place in (home / FOLDER).iterdir():
            if _LEFT.fullmatch(place.name):  # by a process that was killed: the lock is ours
                shutil.rmtree(place)
        hosts = {urlsplit(source.url).hostname or "" for source in sources.values()}
        client = Client(contact, hosts)
        try:
            with ThreadPoolExecutor(THREADS, "embarith") as pool:
                try:
                    run = _Run(home, journal, per_word, sources, client, pool)
                    chosen = run.choose(terms, progress)
                finally:
                    client.close()
        except (DataError, KeyboardInterrupt, SystemExit):
            _write(home, _Run(home, journal, per_word, sources).choose(terms))
            raise
        _write(home, chosen)
        _tidy(home, chosen, journal)
    return Found(chosen.words, journal.new_answers, journal.new_files)


def _check_home(home: Path, terms: Mapping[str, str]) -> None:
    if (home / SETTINGS).exists() or ((home / WORDS).exists() and not (home / JOURNAL).exists()):
        raise OptionError(f"{home} holds a collection that was not found here; name another folder")
    if (home / WORDS).exists():
        others = read_words(home / WORDS).keys() - terms.keys()
        if others:
            raise OptionError(
                f"{home} holds photographs of {min(others)!r} and {len(others) - 1:,} more words "
                "that are not asked for; ask for them too, or name another folder"
            )


# -- the journal ---------------------------------------------------------------------------------


class _File(msgspec.Struct, frozen=True):
    image: str
    width: int
    height: int
    sha256: str
    fingerprint: str


class _Searched(msgspec.Struct, frozen=True, tag="searched", tag_field="event"):
    source: str
    term: str
    page: int
    answer: Answer


class _Fetched(msgspec.Struct, frozen=True, tag="fetched", tag_field="event"):
    url: str
    file: _File | None = None
    fault: str = ""
    detail: str = ""


class _Journal:
    """What is known, and the file that keeps it."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self.searched: dict[tuple[str, str, int], Answer] = {}
        self.fetched: dict[str, _Fetched] = {}
        self.new_answers = self.new_files = 0
        self._lock = threading.Lock()
        self._stream = stream
        end = 0
        for number, line in enumerate(stream, 1):
            if not line.endswith(b"\n"):
                break  # cut when its writer was killed
            try:
                self._take(msgspec.json.decode(line, type=_Searched | _Fetched))
            except (msgspec.DecodeError, UnicodeDecodeError) as fault:
                raise FormatError(
                    f"{path}:{number}: damaged ({fault}); remove the line, and what it tells is "
                    "asked for again"
                ) from None
            end += len(line)
        stream.truncate(end)

    def add(self, event: _Searched | _Fetched) -> None:
        """Keep what was learnt, from any thread."""
        with self._lock:
            self._stream.write(msgspec.json.encode(event) + b"\n")
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._take(event)
            self.new_answers += isinstance(event, _Searched)
            self.new_files += isinstance(event, _Fetched) and event.file is not None

    def _take(self, event: _Searched | _Fetched) -> None:
        if isinstance(event, _Searched):
            self.searched[event.source, event.term, event.page] = event.answer
        else:
            self.fetched[event.url] = event


@contextmanager
def _open_journal(home: Path) -> Iterator[_Journal]:
    with (home / JOURNAL).open("a+b") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OptionError(f"{home}: another process finds photographs for it") from None
        stream.seek(0)
        yield _Journal(home / JOURNAL, stream)


# -- the choice ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Chosen:
    words: tuple[FoundWord, ...]
    members: tuple[Member, ...]
    photographs: tuple[Photograph, ...]
    copies: frozenset[str]


class _Run:
    """Chooses photographs in one order, however they come in.

    Without a client it knows what the journal knows.
    """

    def __init__(
        self,
        home: Path,
        journal: _Journal,
        per_word: int,
        sources: Mapping[str, Source],
        client: Client | None = None,
        pool: ThreadPoolExecutor | None = None,
    ) -> None:
        self._home = home
        self._journal = journal
        self._per_word = per_word
        self._sources = sources
        self._client = client
        self._map: Callable[..., Iterator[_Fetched]] = pool.map if pool else map
        self._seen = Seen()
        self._owners: list[str] = []
        self._copies: set[str] = set()

    def choose(self, terms: Mapping[str, str], progress: Progress | None = None) -> _Chosen:
        words, members, photographs = [], [], []
        for number, (word, term) in enumerate(terms.items()):
            left_out, looked = Counter[str](), _Looked()
            offers = self._offers(term, left_out, looked)
            kept: list[Photograph] = []
            # No more than are missing, so that none is fetched in vain.
            while batch := list(islice(offers, self._per_word - len(kept))):
                outcomes = self._map(self._fetch, [offer.url for _, offer in batch])
                for (source, offer), outcome in zip(batch, outcomes, strict=True):
                    file = self._judge(word, outcome)
                    if isinstance(file, str):
                        left_out[file] += 1
                    else:
                        kept.append(_record(source, offer, file))
                        if progress:
                            done = number * self._per_word + len(kept)
                            progress("photographs", done, len(terms) * self._per_word)
            words.append(
                FoundWord(word, term, len(kept), looked.results, dict(left_out), looked.more)
            )
            members += [Member(word, rank, one.image, _KIND, term) for rank, one in enumerate(kept)]
            photographs += kept
        return _Chosen(tuple(words), tuple(members), tuple(photographs), frozenset(self._copies))

    def _offers(
        self, term: str, left_out: Counter[str], looked: _Looked
    ) -> Iterator[tuple[str, Offer]]:
        """Yield the results for a term, the sources' pages in turn, every address once."""
        going = list(self._sources)
        addresses: set[str] = set()
        for page in range(1, _PAGES + 1):
            for source in list(going):
                answer = self._search(source, term, page)
                left_out.update(answer.passed)
                looked.results += sum(answer.passed.values())
                for offer in answer.offers:
                    if looked.results >= LOOK * self._per_word:
                        return
                    looked.results += 1
                    if offer.url not in addresses:
                        addresses.add(offer.url)
                        yield source, offer
                if not answer.more:
                    going.remove(source)
            if not going:
                looked.more = False
                return

    def _search(self, source: str, term: str, page: int) -> Answer:
        known = self._journal.searched.get((source, term, page))
        if known is not None:
            return known
        if self._client is None:
            return Answer((), {}, more=False)
        try:
            answer = self._sources[source].search(term, page, self._client.json)
        except LostError as fault:
            raise DataError(
                f"searching {source} for {term!r}: {fault}. What was found is kept; the same "
                "command goes on from there"
            ) from None
        self._journal.add(_Searched(source, term, page, answer))
        return answer

    def _fetch(self, url: str, *, anew: bool = False) -> _Fetched:
        known = self._journal.fetched.get(url)
        if known is not None and not anew:
            return known
        if self._client is None:
            return _Fetched(url, fault="not fetched yet")
        try:
            fetched = self._keep(url, self._client.file(url))
        except LostError as fault:
            if not fault.final:
                return _Fetched(url, fault="not to be had this time", detail=str(fault))
            fetched = _Fetched(url, fault="not to be had", detail=str(fault))
        self._journal.add(fetched)
        return fetched

    def _keep(self, url: str, data: bytes) -> _Fetched:
        kind = _kind(data)
        if kind is None:
            return _Fetched(url, fault="no photograph", detail=f"it begins {data[:12]!r}")
        try:
            photograph = decode(data, "the file")
        except FormatError as fault:
            return _Fetched(url, fault="damaged", detail=str(fault))
        height, width = photograph.shape[:2]
        if min(height, width) < LEAST:
            return _Fetched(url, fault="too small", detail=f"{width} × {height} pixels")
        sha256 = hashlib.sha256(data).hexdigest()
        # The server's name for it is of no use here, and might do harm.
        image = f"{FOLDER}/{sha256[:32]}.{kind}"
        with replacing(self._home / image) as temporary:
            temporary.write_bytes(data)
        return _Fetched(url, _File(image, width, height, sha256, fingerprint(photograph)))

    def _judge(self, word: str, outcome: _Fetched) -> _File | str:
        """Return the file if the collection takes it, or why not."""
        if outcome.file is None:
            return outcome.fault
        first = self._seen.near(outcome.file.fingerprint)
        if first is not None:
            self._copies.add(outcome.file.image)
            return "copy" if self._owners[first] == word else "copy of another word's"
        if not (self._home / outcome.file.image).is_file():
            # Removed by somebody, or as a copy in a run with other words.
            if self._client is None:
                return "not fetched yet"
            return self._judge(word, self._fetch(outcome.url, anew=True))
        self._seen.add(outcome.file.fingerprint)
        self._owners.append(word)
        return outcome.file


@dataclass
class _Looked:
    results: int = 0
    more: bool = True


def _kind(data: bytes) -> str | None:
    """Return the suffix of a photograph, or None for formats, some of them programs, left out."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    return "webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def _record(source: str, offer: Offer, file: _File) -> Photograph:
    return Photograph(
        image=file.image,
        source=source,
        width=file.width,
        height=file.height,
        sha256=file.sha256,
        licence=offer.licence,
        title=offer.title,
        creator=offer.creator,
        licence_url=offer.licence_url,
        page=offer.page,
        url=offer.url,
    )


def _write(home: Path, chosen: _Chosen) -> None:
    if chosen.members:
        write_lists(home, chosen.members, chosen.photographs)


def _tidy(home: Path, chosen: _Chosen, journal: _Journal) -> None:
    """Remove copies, and photographs whose writer was killed before it could tell of them."""
    listed = {one.image for one in chosen.photographs}
    known = {one.file.image for one in journal.fetched.values() if one.file} - chosen.copies
    for place in (home / FOLDER).iterdir():
        image = f"{FOLDER}/{place.name}"
        if _NAME.fullmatch(place.name) and image not in listed | known:
            place.unlink()
