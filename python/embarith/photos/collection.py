"""Collections: photographs, a list of which word each belongs to, and one of where each is from."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from embarith.errors import DataError, FormatError, OptionError
from embarith.files import replacing
from embarith.photos.review import REVIEWS, without_dropped

WORDS = "words.csv"
IMAGES = "images.csv"
SETTINGS = "collection.toml"
_COLUMNS = ("word", "rank", "image")
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Collection:
    """Photographs of words.

    Parameters
    ----------
    home : Path
        Where the lists lie.
    folder : Path
        That images are named within; `home`, unless its `collection.toml` says otherwise.
    words : mapping of str to tuple of str
        The images of every word, best first.
    """

    home: Path
    folder: Path
    words: Mapping[str, tuple[str, ...]]

    @property
    def images(self) -> list[str]:
        """Every image once, in the order of the words."""
        return list(dict.fromkeys(image for images in self.words.values() for image in images))


@dataclass(frozen=True)
class Photograph:
    """A line of `images.csv`: a file, and where it is from.

    Parameters
    ----------
    image : str
        Name of the file within the collection's folder.
    source : str
        The data set or the search that it came from.
    width, height : int
        In pixels.
    sha256 : str
        Of the file.
    licence : str
        Its short name, such as `CC BY-SA 4.0`.
    title, creator : str, optional
    licence_url, page, url : str, optional
        Addresses of the licence's text, of the page that shows the photograph, and of the file.
    original_path : str, optional
        Name within a data set that is no search.
    """

    image: str
    source: str
    width: int
    height: int
    sha256: str
    licence: str
    title: str = ""
    creator: str = ""
    licence_url: str = ""
    page: str = ""
    url: str = ""
    original_path: str = ""


@dataclass(frozen=True)
class Member:
    """A line of `words.csv`: a photograph of a word.

    Parameters
    ----------
    word : str
    rank : int
        Place among the word's photographs, from 0.
    image : str
    kind : str
        How the photograph was matched to the word.
    query : str, optional
        What was searched for.
    """

    word: str
    rank: int
    image: str
    kind: str
    query: str = ""


def read_collection(folder: str | Path) -> Collection:
    """Read the collection in a folder, without photographs that a reviewer dropped.

    Parameters
    ----------
    folder : path
        Holds `words.csv` (columns `word`, `rank`, `image`), and the images that it names or a
        `collection.toml` whose line `images = "PATH"` says where they are.

    Raises
    ------
    DataError
        There is no such file, or no such folder of images.
    FormatError
        It lacks a column, or a line of it is not as it should be.
    """
    home = Path(folder)
    if not (home / WORDS).is_file():
        raise DataError(
            f"{str(home.absolute())!r} holds no {WORDS}, the list of words and their images"
        )
    return Collection(home, _folder(home), without_dropped(read_words(home / WORDS), home))


def read_words(path: str | Path) -> dict[str, tuple[str, ...]]:
    """Read the list of a collection: word to images, by rank.

    Raises
    ------
    DataError
        There is no such file.
    FormatError
        It lacks a column, or a line of it is not as it should be; names the line.
    """
    path = Path(path)
    ranked: dict[str, dict[int, str]] = {}
    for place, row in _rows(path, _COLUMNS):
        word, rank, image = (row[name] for name in _COLUMNS)
        if not word or not image or not rank.isdecimal():
            raise FormatError(
                f"{place}: word {word!r}, rank {rank!r}, image {image!r}; "
                "expected a word, an integer and the name of a file"
            )
        _check_inside(place, image)
        if ranked.setdefault(word, {}).setdefault(int(rank), image) != image:
            raise FormatError(f"{place}: word {word!r} has two images of rank {rank}")
    if not ranked:
        raise FormatError(f"{path}: no words")
    return {word: tuple(images[rank] for rank in sorted(images)) for word, images in ranked.items()}


def read_photographs(home: str | Path) -> dict[str, Photograph]:
    """Read where the photographs of a collection are from: image to its line of `images.csv`.

    Raises
    ------
    DataError
        There is no such file.
    FormatError
        It lacks a column, or a line of it is not as it should be; names the line.
    """
    path = Path(home) / IMAGES
    names = [field.name for field in fields(Photograph)]
    found: dict[str, Photograph] = {}
    for place, row in _rows(path, names[:6]):
        image, width, height, sha256 = (
            row[name] for name in ("image", "width", "height", "sha256")
        )
        if not image or not all(side.isdecimal() and int(side) for side in (width, height)):
            raise FormatError(
                f"{place}: image {image!r}, width {width!r}, height {height!r}; "
                "expected the name of a file and its size in pixels"
            )
        if not _SHA256.fullmatch(sha256):
            raise FormatError(f"{place}: sha256 {sha256!r}; expected 64 hexadecimal digits")
        _check_inside(place, image)
        if image in found:
            raise FormatError(f"{place}: image {image!r} stands there twice")
        texts = {name: row[name] for name in names if name in row}
        found[image] = Photograph(**texts | {"width": int(width), "height": int(height)})  # type: ignore[arg-type]
    return found


def write_lists(home: Path, members: Sequence[Member], photographs: Sequence[Photograph]) -> None:
    """Write the two lists of a collection, each whole or not at all."""
    # In this order, so that no word's image is without a record.
    for name, records in ((IMAGES, photographs), (WORDS, members)):
        columns = [field.name for field in fields(Photograph if name == IMAGES else Member)]
        with (
            replacing(home / name) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            rows = csv.DictWriter(file, columns, lineterminator="\n")
            rows.writeheader()
            rows.writerows(asdict(record) for record in records)


def import_collection(source: str | Path, home: str | Path) -> Collection:
    """Take over the lists and verdicts of another collection; its photographs stay where they are.

    Parameters
    ----------
    source : path
        A collection, which is only read.
    home : path
        The folder of the new one, made if it is not there.

    Raises
    ------
    DataError, FormatError
        `source` is no collection.
    OptionError
        `home` holds a collection.
    """
    source, home = Path(source), Path(home)
    found = read_collection(source)
    if (home / WORDS).exists() or (home / SETTINGS).exists():
        raise OptionError(f"{home} holds a collection; name another folder")
    if (source / IMAGES).is_file():
        read_photographs(source)
    home.mkdir(parents=True, exist_ok=True)
    with replacing(home / SETTINGS) as temporary:
        # TOML's strings are JSON's.
        path = json.dumps(str(found.folder.resolve()), ensure_ascii=False)
        temporary.write_text(f"images = {path}\n", encoding="utf-8")
    # As they are, with columns that only their maker knows; the list of words is what makes it one.
    journals = sorted((source / REVIEWS).glob("*.jsonl"))
    if journals:
        (home / REVIEWS).mkdir(exist_ok=True)
    names = [f"{REVIEWS}/{journal.name}" for journal in journals]
    for name in (*names, IMAGES, WORDS):
        if (source / name).is_file():
            with replacing(home / name) as temporary:
                temporary.write_bytes((source / name).read_bytes())
    return read_collection(home)


def without_shared(words: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Remove the images that stand under two or more words from all of them.

    A photograph that two words share is in both of their means and draws them together, which no
    encoder has to do with.

    Parameters
    ----------
    words : mapping of str to sequence of str
        The images of every word.

    Returns
    -------
    dict of str to tuple of str
        All words, also those of which nothing is left.

    Examples
    --------
    >>> without_shared({"cup": ["a.jpg", "b.jpg"], "table": ["b.jpg", "c.jpg"]})
    {'cup': ('a.jpg',), 'table': ('c.jpg',)}
    """
    counts = Counter(image for images in words.values() for image in set(images))
    return {
        word: tuple(image for image in images if counts[image] == 1)
        for word, images in words.items()
    }


def _folder(home: Path) -> Path:
    path = home / SETTINGS
    if not path.is_file():
        return home
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise FormatError(f"{path}: {fault}") from None
    images = settings.get("images")
    if not isinstance(images, str) or len(settings) > 1:
        raise FormatError(f'{path}: {settings}; expected one line, images = "PATH"')
    folder = home / images
    if not folder.is_dir():
        raise DataError(
            f"{path}: the images are to be in {str(folder.absolute())!r}, which is no folder"
        )
    return folder


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the lines of a list with their places, for messages; cells that lack are empty."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, restval="")
            absent = [name for name in columns if name not in (rows.fieldnames or ())]
            if absent:
                raise FormatError(f"{path}: no column {absent[0]!r}; expected {', '.join(columns)}")
            for row in rows:
                yield f"{path}:{rows.line_num}", row
    except FileNotFoundError:
        raise DataError(f"{str(path)!r} is no file") from None
    except (UnicodeDecodeError, csv.Error) as fault:
        raise FormatError(f"{path}: {fault}") from None


def _check_inside(place: str, image: str) -> None:
    if Path(image).is_absolute() or ".." in Path(image).parts:
        raise FormatError(f"{place}: image {image!r} leaves the folder")
