"""Text to train on: sentences of lower-cased words from files, folders and archives.

Archives are read as streams and never unpacked to disk; of the text only the numbers of its words
are kept, in a temporary file without a name.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import mmap
import os
import re
import stat
import tarfile
import tempfile
import unicodedata
import warnings
import zipfile
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from embarith.encoders.bag import WORD
from embarith.errors import DataError, EmbarithError, FormatError, OptionError
from embarith.files import DAMAGED, sha256_of
from embarith.progress import Progress

PREPROCESSING = (
    "NFC, lower-cased; words are runs of letters and digits, with apostrophes and underscores "
    "inside them; a sentence ends at . ! ? or … before a capital or standing alone, not after "
    "titles and initials, at an empty line, and at the end of a text; sentences of more than "
    "10,000 words are cut there; tags (The/at) stripped"
)

LONGEST = 10_000
"""Words of a sentence; gensim leaves out what is beyond (`MAX_WORDS_IN_BATCH`)."""

_BLOCK = 1 << 20
_COUNTED = 1 << 24
_PACKED: dict[bytes, Callable[[IO[bytes]], _Readable]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
# No text is packed so tight; what is, was made to fill memory or disk.
_MOST_PACKED = 200
_ALWAYS_FINE = 100 << 20

# A full stop after these ends no sentence; I is mostly no initial.
_SHORT = (
    r"Mr|Mrs|Ms|Messrs|Mme|Mlle|Dr|Drs|Prof|Rev|Hon|Esq|St|Sr|Jr|Capt|Col|Gen|Lieut|Lt|Maj|Sgt|Gov"
    r"|Sen|Rep|Pres|Supt|Mt|Ft|Vol|vs|viz|cf|i\.e|e\.g|[A-HJ-Z]"
)
_FULL_STOP = r"\." + "".join(rf"(?<!\b{short}\.)" for short in _SHORT.split("|"))
# A mark, with what closes after it, before a capital (any letter but a-z: Python has no class for
# them); a mark that stands alone, as in tokenised text; an empty line.
_ENDS = re.compile(
    # What a match can begin with comes first, for speed.
    rf"(?=[.!?…\n])(?:(?:[!?…]|{_FULL_STOP})[\"'”»)\]]*\s+(?=[\"'“‘«(\[`]*[^\W\d_a-z])"
    r"|(?<=\s)[.!?…]\s+"
    r"|\n[^\S\n]*\n\s*)"
)
_TAGGED = re.compile(r"\S+/[^\s/]+")
_TAG = re.compile(r"/[^\s/]+(?=\s|$)")
_ADVICE = (
    "if this is text, name its encoding, such as utf-16; else leave the file out (archives in "
    "archives are not read)"
)
# Files beside the texts of published corpora that tell of them.
_ABOUT = {"readme", "license", "licence", "copying", "contents"}


@dataclass(frozen=True)
class Source:
    """A file that was read: its name, below the folder that was given, its size and its hash."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Corpus:
    """Sentences as numbers of words.

    Parameters
    ----------
    words : tuple of str
        In order of first appearance.
    counts : ndarray of int64, shape (words,)
        How often each stands in the text.
    tokens : ndarray of int32, shape (n,)
        Numbers of words, as they were read.
    starts, ends : ndarray of int64, shape (sentences,)
        The tokens of every sentence; texts go by name, however an archive orders them.
    texts : int
        Texts in all.
    tagged : int
        Texts whose words had tags.
    sources : tuple of Source
        The files read.
    left_out : tuple of str
        Files that are no texts: hidden ones, links, and ones that tell of the corpus.
    """

    words: tuple[str, ...]
    counts: NDArray[np.int64]
    tokens: NDArray[np.int32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    texts: int
    tagged: int
    sources: tuple[Source, ...]
    left_out: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Hash of the list of files read, as `sha256sum` writes it."""
        lines = (f"{one.sha256}  {one.name}\n" for one in self.sources)
        return sha256("".join(lines).encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[list[str]]:
        """Yield the words of every sentence."""
        words = self.words
        for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True):
            yield [words[number] for number in self.tokens[start:end].tolist()]


def read_corpus(
    paths: Sequence[str | Path],
    *,
    encoding: str | None = None,
    progress: Progress | None = None,
) -> Corpus:
    """Read the words of texts.

    Parameters
    ----------
    paths : sequence of path
        Text files, plain or packed by gzip, bzip2 or xz; zip and tar archives of texts; folders of
        all these. What a file is, its first bytes tell, not its name.
    encoding : str, optional
        Of all texts. By default UTF-8; bytes that are none are read as Windows-1252, with a warning
        that names the text and the first line.
    progress : callable, optional
        Called as progress("reading bytes", done, total).

    Returns
    -------
    Corpus

    Raises
    ------
    DataError
        A path that is absent or cannot be read, or an archive that is cut, damaged, encrypted, or
        packed tighter than any text.
    FormatError
        A binary file, or bytes that are neither UTF-8 nor Windows-1252, or not of the encoding
        named; names file and line. No words at all.
    OptionError
        An unknown encoding.

    Warns
    -----
    UserWarning
        Bytes of a text are read as Windows-1252.
    """
    if encoding is not None:
        try:
            "".encode(encoding)
        except LookupError:
            raise OptionError(f"encoding {encoding!r} is unknown; try utf-8 or cp1252") from None
    found = [list(_files(Path(path))) for path in paths]
    # Without a name it is gone with its process, however that ends.
    with tempfile.TemporaryFile() as file:
        spool = _Spool(encoding, file)
        sources = _read(found, spool, progress or (lambda *_: None))
        return spool.corpus(sources, " ".join(map(str, paths)))


def _read(
    found: Sequence[Sequence[tuple[Path, str]]], spool: _Spool, progress: Progress
) -> list[Source]:
    sizes = [file.stat().st_size for listed in found for file, _ in listed]
    sources: list[Source] = []
    done, total = 0, max(sum(sizes), 1)
    for given, listed in enumerate(found):
        for file, name in listed:
            size = sizes[len(sources)]

            def advance(packed: int, before: int = done) -> None:
                progress("reading bytes", before + packed, total)

            with _naming(file):
                for text in _texts(file, name, advance):
                    spool.read(text, (given, text.name))
                # File names need not be Unicode, records have to be.
                shown = os.fsencode(name or file.name).decode(errors="replace")
                sources.append(Source(shown, size, sha256_of(file)))
            done += size
            advance(0, done)
    return sources


@dataclass
class _Text:
    """A text to read.

    Parameters
    ----------
    name : str
        Below the folder or archive that was given; empty for a file that was given itself.
    shown : str
        For messages.
    stream : readable, optional
        Its bytes; None for a link.
    """

    name: str
    shown: str
    stream: _Readable | None

    @property
    def is_text(self) -> bool:
        path = PurePosixPath(self.name)
        hidden = any(part.startswith((".", "__MACOSX")) and part != ".." for part in path.parts)
        return self.stream is not None and not hidden and path.stem.lower() not in _ABOUT


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Unpacked:
    """A stream that is packed in a file, and how far the file was read."""

    def __init__(self, stream: _Readable, file: IO[bytes], size: int, advance: Any) -> None:
        self._stream, self._file, self._advance = stream, file, advance
        self._most = max(_MOST_PACKED * size, _ALWAYS_FINE)
        self._read = 0

    def read(self, size: int, /) -> bytes:
        got = self._stream.read(size)
        self._read += len(got)
        _check_packing(self._file.name, self._read, self._most)
        self._advance(self._file.tell())
        return got


def _check_packing(name: str, unpacked: int, most: int) -> None:
    if unpacked > most:
        raise DataError(
            f"{name}: holds more than {most >> 20:,} MB, over {_MOST_PACKED} times its own size: "
            "no text is packed so tight; unpack it yourself if you trust it"
        )


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of a folder with their names below it, in order of the names; or the file."""
    if path.is_file():
        yield path, ""
        return
    if not path.is_dir():
        raise DataError(f"{path}: neither a file nor a folder")

    def refuse(error: OSError) -> None:
        raise DataError(f"{error.filename}: cannot be read: {error.strerror}") from error

    below = []
    for folder, folders, names in os.walk(path, onerror=refuse):
        # Links to folders stand among the folders, but are not gone into.
        below += [Path(folder, name) for name in (*folders, *names)]
    files = [file for file in below if file.is_symlink() or not file.is_dir()]
    if not files:
        raise DataError(f"{path}: a folder without files")
    for name, file in sorted((file.relative_to(path).as_posix(), file) for file in files):
        if not file.is_file():
            raise DataError(
                f"{file}: no regular file, or a link to a folder or nowhere; name what it links to"
            )
        yield file, name


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Name the file in what goes wrong with it."""
    try:
        yield
    except EmbarithError:
        raise
    except DAMAGED as error:
        raise DataError(f"{file}: cut, damaged or encrypted ({error})") from error
    except UnicodeError as error:
        raise FormatError(f"{file}: {error}") from error
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}") from error


def _texts(file: Path, name: str, advance: Any) -> Iterator[_Text]:
    """Yield the texts of one file."""
    with file.open("rb") as raw:
        start = raw.read(512)
        raw.seek(0)
        if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            yield from _zipped(file, name, raw, advance)
            return
        size = file.stat().st_size
        stream: _Readable = raw
        for magic, unpack in _PACKED.items():
            if start.startswith(magic):
                stream = unpack(raw)
        unpacked = _Unpacked(stream, raw, size if stream is not raw else 1 << 62, advance)
        head = unpacked.read(512)
        whole = _Rewound(head, unpacked)
        if head[257:262] != b"ustar":
            yield _Text(name, str(file), whole)
            return
        with tarfile.open(fileobj=cast(IO[bytes], whole), mode="r|") as tar:
            for member in tar:
                if not member.isdir():
                    inside = tar.extractfile(member) if member.isreg() else None
                    yield _member(file, name, member.name, inside)


def _zipped(file: Path, name: str, raw: IO[bytes], advance: Any) -> Iterator[_Text]:
    with zipfile.ZipFile(raw) as archive:
        size = file.stat().st_size
        # Sizes may be false; but no more than them is ever read.
        unpacked = sum(info.file_size for info in archive.infolist())
        _check_packing(str(file), unpacked, max(_MOST_PACKED * size, _ALWAYS_FINE))
        packed = 0
        for info in archive.infolist():
            if info.is_dir():
                continue
            if stat.S_ISLNK(info.external_attr >> 16):
                yield _member(file, name, info.filename, None)
            else:
                with archive.open(info) as stream:
                    yield _member(file, name, info.filename, stream)
            packed += info.compress_size
            advance(min(packed, size))


def _member(file: Path, name: str, inside: str, stream: IO[bytes] | None) -> _Text:
    return _Text(str(PurePosixPath(name, inside.lstrip("/"))), f"{file}/{inside}", stream)


class _Rewound:
    """A stream with what was read of it put back."""

    def __init__(self, head: bytes, stream: _Readable) -> None:
        self._head, self._stream = io.BytesIO(head), stream

    def read(self, size: int, /) -> bytes:
        got = self._head.read(size)
        return got + self._stream.read(size - len(got)) if len(got) < size else got


@dataclass
class _Spool:
    """Sentences as they are read."""

    encoding: str | None
    file: IO[bytes]
    numbers: defaultdict[str, int] = field(default_factory=defaultdict)
    texts: list[tuple[tuple[int, str], int, int]] = field(default_factory=list)
    ends: array[int] = field(default_factory=lambda: array("q"))
    length: int = 0
    tagged: int = 0
    left_out: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        # A new word gets the next number.
        self.numbers.default_factory = self.numbers.__len__

    def read(self, text: _Text, key: tuple[int, str]) -> None:
        if not text.is_text or text.stream is None:
            self.left_out.append(text.shown)
            return
        first = len(self.ends)
        pieces = _whole_words(_decoded(text.stream, text.shown, self.encoding), text.shown)
        numbers = self.numbers
        pending = array("i")
        for sentence in _sentences(self._untagged(pieces)):
            words = WORD.findall(sentence.lower())
            pending.extend(map(numbers.__getitem__, words))
            for start in range(0, len(words), LONGEST):
                self.length += min(LONGEST, len(words) - start)
                self.ends.append(self.length)
            if len(pending) > _BLOCK:
                self._write(pending)
                pending = array("i")
        self._write(pending)
        self.texts.append((key, first, len(self.ends)))

    def _untagged(self, pieces: Iterator[str]) -> Iterator[str]:
        tagged = None
        for piece in pieces:
            if tagged is None:
                tagged = _is_tagged(piece)
                self.tagged += tagged
            yield _TAG.sub("", piece) if tagged else piece

    def _write(self, numbers: array[int]) -> None:
        try:
            self.file.write(numbers)
        except OSError as error:
            raise DataError(
                f"no room for the corpus's words, 4 bytes each, in {tempfile.gettempdir()} "
                f"({error.strerror}); TMPDIR names another folder"
            ) from None

    def corpus(self, sources: Sequence[Source], named: str) -> Corpus:
        if not self.length:
            gone = f" (left out: {', '.join(self.left_out[:5])})" if self.left_out else ""
            raise FormatError(f"{named}: no words in it{gone}")
        self.file.flush()
        # A map goes on after its file is closed.
        tokens = np.frombuffer(mmap.mmap(self.file.fileno(), 0, prot=mmap.PROT_READ), np.int32)
        ordered = sorted(self.texts, key=lambda one: one[0])
        sentences = np.concatenate([np.arange(first, last) for _, first, last in ordered])
        ends = np.frombuffer(self.ends, np.int64)
        starts = np.concatenate([[0], ends[:-1]])
        return Corpus(
            words=tuple(self.numbers),
            counts=_counts(tokens, len(self.numbers)),
            tokens=tokens,
            starts=starts[sentences],
            ends=ends[sentences],
            texts=len(self.texts),
            tagged=self.tagged,
            sources=tuple(sources),
            left_out=tuple(self.left_out),
        )


def _counts(tokens: NDArray[np.int32], words: int) -> NDArray[np.int64]:
    counts = np.zeros(words, np.int64)
    for start in range(0, len(tokens), _COUNTED):
        counts += np.bincount(tokens[start : start + _COUNTED], minlength=words)
    return counts


def _decoded(stream: _Readable, shown: str, encoding: str | None) -> Iterator[str]:
    """Yield a text in pieces of about a megabyte."""
    decoder = codecs.getincrementaldecoder(encoding or "utf-8")()
    line, last = 1, False
    while not last:
        block = _full(stream)
        last = len(block) < _BLOCK
        try:
            try:
                text = decoder.decode(block, last)
            except UnicodeDecodeError as fault:
                if encoding is not None or decoder.errors != "strict":
                    raise
                decoder.errors = _WINDOWS
                text = decoder.decode(block, last)
                if "\0" not in text:
                    wrong = _wrong(shown, line, fault)
                    warnings.warn(f"{wrong}; such bytes are read as Windows-1252", stacklevel=2)
        except UnicodeDecodeError as fault:
            raise FormatError(f"{_wrong(shown, line, fault)}; {_ADVICE}") from None
        if "\0" in text:
            line += text[: text.index("\0")].count("\n")
            raise FormatError(f"{shown}:{line}: a NUL byte; {_ADVICE}")
        line += text.count("\n")
        yield text


def _wrong(shown: str, line: int, fault: UnicodeDecodeError) -> str:
    line += fault.object[: fault.start].count(b"\n")
    return f"{shown}:{line}: byte {fault.object[fault.start]:#04x} is no {fault.encoding}"


def _as_windows(fault: UnicodeError) -> tuple[str, int]:
    """Read bytes that are no UTF-8 as Windows-1252, where that has them."""
    assert isinstance(fault, UnicodeDecodeError)
    try:
        return fault.object[fault.start : fault.end].decode("cp1252"), fault.end
    except UnicodeDecodeError:
        raise fault from None


_WINDOWS = "embarith-windows-1252"
codecs.register_error(_WINDOWS, _as_windows)


def _full(stream: _Readable) -> bytes:
    """Read a block that is shorter only at the end, so that blocks are the same for any source."""
    parts = []
    wanted = _BLOCK
    while wanted and (got := stream.read(wanted)):
        parts.append(got)
        wanted -= len(got)
    return b"".join(parts)


def _whole_words(pieces: Iterator[str], shown: str) -> Iterator[str]:
    """Yield text in pieces that end where words do."""
    rest = ""
    for piece in pieces:
        text = rest + piece
        end = max(text.rfind(" "), text.rfind("\n"), text.rfind("\t")) + 1
        if not end and len(text) > _BLOCK:
            raise FormatError(
                f"{shown}: a megabyte without a space or line end: words are what spaces separate, "
                "and there are none"
            )
        rest = text[end:]
        yield text[:end]
    yield rest


def _is_tagged(text: str) -> bool:
    """Return whether 19 of 20 words have a tag, which no plain text comes near."""
    words = text[:20_000].split()
    return len(words) > 0 and sum(map(bool, map(_TAGGED.fullmatch, words))) >= 0.95 * len(words)


def _sentences(pieces: Iterator[str]) -> Iterator[str]:
    """Yield sentences, as they stand in the text."""
    rest = ""
    for piece in pieces:
        text = unicodedata.normalize("NFC", rest + piece.replace("’", "'"))
        *whole, rest = _ENDS.split(text)
        yield from whole
        if len(rest) > _BLOCK:
            yield rest
            rest = ""
    yield rest
