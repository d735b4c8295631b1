"""SIMAT: photographs, and what to change in each (Couairon, Douze, Cord, Schwenk 2022)."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embarith.errors import DataError, FormatError, OptionError
from embarith.files import filling, leads_out, replacing
from embarith.questions.triples import FIELDS, Triple

SOURCE = (
    "Couairon, Douze, Cord, Schwenk (2022), Embedding Arithmetic of Multimodal Queries for Image "
    "Retrieval"
)
SHORT = ("subj", "rel", "obj")
"""What the files call the fields."""

TRIPLETS, TRANSFOS, CAPTIONS = "triplets.csv", "transfos.csv", "captions.txt"
_PUBLISHED = "simat_db"

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Simat:
    """Queries ``photograph, value -> target`` and the photographs that may answer them.

    Parameters
    ----------
    name, source : str
    images : tuple of str, length p
        Names of the photographs: the column `image`, or `region_id` where there is none.
    regions : tuple of str, length p or 0
        The column `region_id` beside a column `image`.
    triples : tuple of Triple, length t
        Every triple that a photograph carries, once.
    carried : ndarray of int64, shape (c, 2)
        Photograph and triple that it carries; a photograph may carry several.
    captions : tuple of str, length k
    photograph : ndarray of int64, shape (n,)
        The photograph of every query.
    field : ndarray of int64, shape (n,)
        What is changed: place in `FIELDS`.
    value, target : tuple of str, length n
        The word to replace, and by what.
    goal : ndarray of int64, shape (n,)
        The triple after the change.
    caption : ndarray of int64, shape (n,)
        The caption of that triple.
    norm2 : ndarray of int64, shape (n,)
        Queries of the whole file with the same value; a query weighs norm2^-1/2.
    is_test : ndarray of bool, shape (n,)
    split : str
        How dev and test came about.
    stale : int
        Lines of ``transfos.csv`` whose `dataset_id` is not that of their photograph.
    """

    name: str
    source: str
    images: tuple[str, ...]
    regions: tuple[str, ...]
    triples: tuple[Triple, ...]
    carried: Ints
    captions: tuple[str, ...]
    photograph: Ints
    field: Ints
    value: tuple[str, ...]
    target: tuple[str, ...]
    goal: Ints
    caption: Ints
    norm2: Ints
    is_test: Bools
    split: str
    stale: int = 0

    def __len__(self) -> int:
        return len(self.value)

    def __repr__(self) -> str:
        return f"<Simat {self.name!r}: {len(self):,} queries, {len(self.images):,} photographs>"

    @cached_property
    def words(self) -> list[str]:
        """Every value and target once, sorted."""
        return sorted({*self.value, *self.target})

    def select(self, keep: Ints) -> Simat:
        """Return the set with these of its queries, and all of its photographs and captions."""
        return replace(
            self,
            photograph=self.photograph[keep],
            field=self.field[keep],
            value=tuple(self.value[i] for i in keep),
            target=tuple(self.target[i] for i in keep),
            goal=self.goal[keep],
            caption=self.caption[keep],
            norm2=self.norm2[keep],
            is_test=self.is_test[keep],
        )

    @property
    def texts(self) -> list[str]:
        """The words, then the captions: all that a table of texts is asked for."""
        return list(dict.fromkeys((*self.words, *self.captions)))

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """norm2^-1/2 of every query, not scaled."""
        weights: NDArray[np.float64] = self.norm2.astype(np.float64) ** -0.5
        return weights

    @cached_property
    def right(self) -> Bools:
        """Whether a photograph carries a caption's triple, shape (p, k).

        Captions that no query asks for are carried by none.
        """
        right = np.zeros((len(self.images), len(self.captions)), bool)
        caption_of = np.full(len(self.triples), -1, np.int64)
        caption_of[self.goal] = self.caption
        photograph, triple = self.carried[caption_of[self.carried[:, 1]] >= 0].T
        right[photograph, caption_of[triple]] = True
        return right

    @cached_property
    def sha256(self) -> str:
        """Hash of photographs, triples, captions and queries; name and source do not count."""
        digest = hashlib.sha256()
        texts = (self.images, self.regions, self.triples, self.captions, self.value, self.target)
        digest.update(json.dumps(texts, ensure_ascii=False).encode())
        for numbers in (self.carried, self.photograph, self.field, self.goal, self.caption):
            digest.update(np.ascontiguousarray(numbers, "<i8").data)
        digest.update(np.ascontiguousarray(self.norm2, "<i8").data)
        digest.update(np.packbits(self.is_test).data)
        return digest.hexdigest()


def chance(task: Simat, right: Bools | None = None) -> NDArray[np.float64]:
    """Probability that a photograph drawn among the others is right, shape (n,).

    Parameters
    ----------
    task : Simat
    right : ndarray of bool, shape (p, k), optional
        Which photograph is right for which caption; by default by triples.
    """
    right = task.right if right is None else right
    own = right[task.photograph, task.caption]
    others = right.sum(axis=0)[task.caption] - own
    share: NDArray[np.float64] = others / (len(task.images) - 1)
    return share


def is_test(image: str, seed: int = 0) -> bool:
    """Whether a photograph is one of the test: half of them, by a hash of seed and name.

    Examples
    --------
    >>> [is_test(f"{number}.jpg") for number in range(4)]
    [True, True, True, False]
    """
    return hashlib.sha256(f"{seed} {image}".encode()).digest()[0] < 128


# -- reading -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Row:
    """One line of a CSV file, whose faults name file and line."""

    path: Path
    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def fault(self, message: str) -> FormatError:
        return FormatError(f"{self.path}:{self.line}: {message}")

    def number(self, column: str, below: int | None = None) -> int:
        text = self.cells[column]
        if not text.isdecimal() or (below is not None and int(text) >= below):
            wanted = "a number" if below is None else f"one of 0..{below - 1}"
            raise self.fault(f"{column} {text!r}; expected {wanted}")
        return int(text)


def read(folder: str | Path, *, seed: int = 0) -> Simat:
    """Read a set in the published layout, or one that `write` wrote.

    Parameters
    ----------
    folder : path
        Holds ``triplets.csv`` (`region_id` or `image`, or both, `subj`, `rel`, `obj`, `dataset_id`,
        perhaps `caption_id`), ``transfos.csv`` (`region_id` or `image`, `field`, `value`, `target`,
        `target_ids`, perhaps `norm2` and `is_test`) and ``captions.txt``, itself or in
        ``simat_db/``. A photograph that carries several triples has a line each.
    seed : int
        Of the hash that splits a set without `is_test`.

    Raises
    ------
    DataError
        A file is absent.
    FormatError
        A line is not as it should be, a photograph's name leads out of its folder or is that of
        another, a query's photograph or caption is none of the set's, or no photograph carries its
        target; names the line. The column `dataset_id` of ``transfos.csv`` is stale in the
        published file and is not read.
    """
    path = Path(folder)
    if not (path / TRANSFOS).is_file() and (path / _PUBLISHED / TRANSFOS).is_file():
        path = path / _PUBLISHED
    captions = _captions(path / CAPTIONS)
    photographs = _photographs(path / TRIPLETS, len(captions))
    queries = _queries(path / TRANSFOS, photographs, captions)
    values = [row["value"] for row, *_ in queries]
    given_split = "is_test" in queries[0][0].cells
    images = photographs.images
    if given_split:
        tests = [_flag(row) for row, *_ in queries]
    else:
        split = [is_test(image, seed) for image in images]
        tests = [split[photograph] for _, photograph, *_ in queries]
    if "norm2" in queries[0][0].cells:
        norm2 = [max(row.number("norm2"), 0) for row, *_ in queries]
        if min(norm2) == 0:
            row = queries[norm2.index(0)][0]
            raise row.fault("norm2 '0'; expected the number of queries with this value")
    else:
        counts = {value: values.count(value) for value in set(values)}
        norm2 = [counts[value] for value in values]
    name = path.parent.name if path.name == _PUBLISHED else path.resolve().name
    return Simat(
        name=name,
        source=SOURCE,
        images=images,
        regions=photographs.regions,
        triples=tuple(photographs.triples),
        carried=np.array(photographs.carried, np.int64),
        captions=captions,
        photograph=np.array([photograph for _, photograph, *_ in queries], np.int64),
        field=np.array([SHORT.index(row["field"]) for row, *_ in queries], np.int64),
        value=tuple(values),
        target=tuple(row["target"] for row, *_ in queries),
        goal=np.array([goal for *_, goal, _ in queries], np.int64),
        caption=np.array([caption for *_, caption in queries], np.int64),
        norm2=np.array(norm2, np.int64),
        is_test=np.array(tests),
        split="by the column is_test"
        if given_split
        else f"half of the photographs by sha256, seed {seed}",
        stale=sum(
            row.cells.get("dataset_id", str(place)) != str(place) for row, place, *_ in queries
        ),
    )


def _captions(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8-sig").removesuffix("\n").split("\n")
    except FileNotFoundError:
        raise _absent(path) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: no UTF-8 at byte {error.start}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            raise FormatError(f"{path}:{number}: an empty caption; captions are numbered by line")
    return tuple(line.strip() for line in lines)


def _absent(path: Path) -> DataError:
    return DataError(f"{path}: no such file; a set has {TRIPLETS}, {TRANSFOS} and {CAPTIONS}")


def _rows(path: Path, needed: Sequence[str]) -> Iterator[_Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            columns = rows.fieldnames or ()
            absent = [name for name in needed if name not in columns]
            if absent or not {"region_id", "image"} & set(columns):
                column = absent[0] if absent else "region_id or image"
                stale = "; dataset_id is stale in published files" if "region" in column else ""
                held = f"it has {', '.join(columns)}" if columns else "the file is empty"
                raise FormatError(f"{path}: no column {column}; {held}{stale}")
            for cells in rows:
                row = _Row(path, rows.line_num, cells)
                if None in cells or None in cells.values():
                    raise row.fault(f"expected {len(columns)} columns")
                yield row
    except FileNotFoundError:
        raise _absent(path) from None
    except (UnicodeDecodeError, csv.Error) as fault:
        raise FormatError(f"{path}: {fault}") from None


@dataclass(frozen=True)
class _Photographs:
    """What ``triplets.csv`` says."""

    images: tuple[str, ...]
    regions: tuple[str, ...]
    triples: dict[Triple, int]
    carried: list[tuple[int, int]]
    caption_of: dict[int, int]  # caption by triple, where the file says so
    triple_of: dict[int, int]

    @cached_property
    def number(self) -> dict[str, int]:
        """The photograph of every name, `region_id` or `image`."""
        number = {region: place for place, region in enumerate(self.regions)}
        return number | {image: place for place, image in enumerate(self.images)}


def _photographs(path: Path, captions: int) -> _Photographs:
    found: dict[int, tuple[str, str]] = {}
    named: dict[str, int] = {}
    triples: dict[Triple, int] = {}
    carried: dict[tuple[int, int], None] = {}
    caption_of: dict[int, int] = {}
    triple_of: dict[int, int] = {}
    for row in _rows(path, (*SHORT, "dataset_id")):
        number = row.number("dataset_id")
        name = (row.cells.get("image") or row["region_id"], row.cells.get("region_id", ""))
        triple = Triple(*(row[field] for field in SHORT))
        if not all((*triple, name[0])):
            raise row.fault(f"photograph {name[0]!r} with {' | '.join(triple)!r}; a cell is empty")
        if leads_out(name[0]):
            raise row.fault(
                f"photograph {name[0]!r} leads out of the folder of photographs; expected a name "
                "within it"
            )
        if found.setdefault(number, name) != name:
            raise row.fault(
                f"dataset_id {number} is that of {found[number][0]!r} already; every photograph "
                "has one of its own, which numbers the rows of a similarity matrix"
            )
        for column in ("image", "region_id"):
            text = row.cells.get(column)
            if text and named.setdefault(text, number) != number:
                raise row.fault(
                    f"{column} {text!r} is that of dataset_id {named[text]} already; every "
                    "photograph has a name of its own"
                )
        place = triples.setdefault(triple, len(triples))
        carried[number, place] = None
        if row.cells.get("caption_id"):
            caption = row.number("caption_id", captions)
            if triple_of.setdefault(caption, place) != place:
                raise row.fault(f"caption_id {caption} is that of another triple already")
            if caption_of.setdefault(place, caption) != caption:
                raise row.fault(f"{' | '.join(triple)!r} has caption {caption_of[place]} already")
    if not found:
        raise FormatError(f"{path}: no photographs")
    if set(found) != set(range(len(found))):
        lost = min(set(range(len(found))) - set(found))
        raise FormatError(f"{path}: no dataset_id {lost}; they count the photographs from 0")
    ordered = [found[number] for number in range(len(found))]
    images = tuple(image for image, _ in ordered)
    regions = tuple(region for _, region in ordered)
    beside = regions if regions != images and all(regions) else ()
    return _Photographs(images, beside, triples, list(carried), caption_of, triple_of)


_Query = tuple[_Row, int, int, int]


def _queries(path: Path, photographs: _Photographs, captions: Sequence[str]) -> list[_Query]:
    """Return row, photograph, goal and caption of every query."""
    names = list(photographs.triples)
    carriers: dict[int, set[int]] = {}
    carries: dict[int, list[Triple]] = {}
    for one, place in photographs.carried:
        carriers.setdefault(place, set()).add(one)
        carries.setdefault(one, []).append(names[place])
    caption_of, triple_of = dict(photographs.caption_of), dict(photographs.triple_of)
    found = []
    for row in _rows(path, ("field", "value", "target", "target_ids")):
        name = row.cells.get("image") or row["region_id"]
        photograph = photographs.number.get(name, -1)
        if photograph < 0:
            raise row.fault(f"photograph {name!r} is not in {TRIPLETS}")
        if row["field"] not in SHORT:
            raise row.fault(f"field {row['field']!r}; expected one of {', '.join(SHORT)}")
        if not row["value"] or not row["target"] or row["value"] == row["target"]:
            raise row.fault(f"value {row['value']!r} and target {row['target']!r}: no change")
        caption = row.number("target_ids", len(captions))
        field = SHORT.index(row["field"])
        changed = [
            photographs.triples.get(triple._replace(**{FIELDS[field]: row["target"]}), -1)
            for triple in carries[photograph]
            if triple[field] == row["value"]
        ]
        if not changed:
            held = ", ".join(" | ".join(triple) for triple in carries[photograph])
            raise row.fault(
                f"photograph {name!r} has no {FIELDS[field]} {row['value']!r} to change; "
                f"it carries {held}"
            )
        goals = [goal for goal in changed if goal >= 0]
        if not goals:
            raise row.fault(
                f"no photograph carries what {row['value']!r} -> {row['target']!r} makes of "
                f"{name!r} (caption {caption}, {captions[caption]!r}); a query needs a valid target"
            )
        known = triple_of.get(caption)
        if known is None and len(goals) > 1:
            raise row.fault(
                f"{row['value']!r} of {name!r} stands in several triples; a column caption_id in "
                f"{TRIPLETS} says which is meant"
            )
        goal = known if known in goals else goals[0]
        if not carriers[goal] - {photograph}:
            raise row.fault(
                f"only {name!r} itself carries the target of the query, {captions[caption]!r}"
            )
        if triple_of.setdefault(caption, goal) != goal or (
            caption_of.setdefault(goal, caption) != caption
        ):
            raise row.fault(
                f"caption {caption}, {captions[caption]!r}, does not stand for one triple: here it "
                f"is {' | '.join(names[goal])!r}"
            )
        found.append((row, photograph, goal, caption))
    if not found:
        raise FormatError(f"{path}: no queries")
    return found


def _flag(row: _Row) -> bool:
    flags = {"true": True, "1": True, "false": False, "0": False}
    text = row["is_test"].lower()
    if text not in flags:
        raise row.fault(f"is_test {row['is_test']!r}; expected True or False")
    return flags[text]


# -- writing -----------------------------------------------------------------------------------


def write(task: Simat, folder: str | Path) -> list[Path]:
    """Write a set so that `read` finds it again: three files, and ``texts.txt`` to be encoded.

    A new folder appears whole or not at all.

    Raises
    ------
    OptionError
        The folder holds one of the files already.
    """
    folder = Path(folder)
    files = [folder / name for name in (TRIPLETS, TRANSFOS, CAPTIONS, "texts.txt")]
    for file in files:
        if file.exists():
            raise OptionError(f"{file} is there; name a new folder")
    with filling(folder) as private:
        _write(task, *(private / file.name for file in files))
    return files


def _write(task: Simat, carried: Path, transfos: Path, captions: Path, texts: Path) -> None:
    names = [{"image": image} for image in task.images]
    if task.regions:
        names = [
            {"region_id": region, "image": image}
            for region, image in zip(task.regions, task.images, strict=True)
        ]
    caption_of = {int(g): int(c) for g, c in zip(task.goal, task.caption, strict=True)}
    _write_rows(
        carried,
        (
            {
                **names[photograph],
                **dict(zip(SHORT, task.triples[triple], strict=True)),
                "dataset_id": photograph,
                "caption_id": caption_of.get(triple, ""),
            }
            for photograph, triple in task.carried.tolist()
        ),
    )
    _write_rows(
        transfos,
        (
            {
                "transfo_id": number,
                **names[photograph],
                "field": SHORT[field],
                "value": task.value[number],
                "target": task.target[number],
                "target_ids": caption,
                "norm2": norm2,
                "is_test": tested,
            }
            for number, (photograph, field, caption, norm2, tested) in enumerate(
                zip(
                    task.photograph.tolist(),
                    task.field.tolist(),
                    task.caption.tolist(),
                    task.norm2.tolist(),
                    task.is_test.tolist(),
                    strict=True,
                )
            )
        ),
    )
    for file, lines in ((captions, task.captions), (texts, task.texts)):
        with replacing(file) as part:
            part.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _write_rows(path: Path, rows: Iterator[dict[str, object]]) -> None:
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        first = next(rows)
        writer = csv.DictWriter(file, list(first), lineterminator="\n")
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(rows)
