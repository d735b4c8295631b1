"""Captions of photographs in the layouts in which collections publish them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from embarith.errors import DataError, FormatError
from embarith.files import leads_out

CAPTIONS = "captions.csv"

_TOKEN_LINE = re.compile(r"(?P<image>[^\t#]+)#\w+\t(?P<caption>.*)")


class _CocoImage(msgspec.Struct):
    id: int
    file_name: str


class _CocoCaption(msgspec.Struct):
    image_id: int
    caption: str


class _Coco(msgspec.Struct):
    images: list[_CocoImage]
    annotations: list[_CocoCaption]


class _Sentence(msgspec.Struct):
    raw: str


class _KarpathyImage(msgspec.Struct):
    filename: str
    sentences: list[_Sentence]
    filepath: str = ""


class _Karpathy(msgspec.Struct):
    images: list[_KarpathyImage]


def read_captions(path: str | Path) -> dict[str, tuple[str, ...]]:
    """Read the captions of every photograph; the content shows which layout a file has.

    Parameters
    ----------
    path : path
        A folder that holds ``captions.csv``, or a file:

        - CSV with the columns `image` and `caption`, one caption a line, in quotes where it holds
          commas or quotes;
        - COCO's JSON: `images` (`id`, `file_name`) and `annotations` (`image_id`, `caption`);
        - Karpathy's JSON: `images` with `filename`, perhaps `filepath`, and `sentences` with `raw`;
        - Flickr's token files: ``1000268201_693b08cb0e.jpg#0``, a tab, the caption.

    Returns
    -------
    dict of str to tuple of str
        Photographs in the order of the file.

    Raises
    ------
    DataError
        There is no such file.
    FormatError
        It has another layout, a caption without text or without a photograph, or a photograph
        whose name leads out of its folder; names the line.
    """
    path = Path(path)
    if path.is_dir():
        path = path / CAPTIONS
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: no UTF-8 at byte {error.start}") from None
    if content.lstrip().startswith("{"):
        lines = _json(path, content)
    elif _TOKEN_LINE.fullmatch(content.partition("\n")[0].removesuffix("\r")):
        lines = _tokens(path, content)
    else:
        lines = _csv(path, content)
    found: dict[str, list[str]] = {}
    for where, image, caption in lines:
        if not image or not caption.strip():
            raise FormatError(f"{path}{where}: image {image!r} with caption {caption!r}")
        if "\0" in caption:
            raise FormatError(f"{path}{where}: a NUL, which is no text, in the caption {caption!r}")
        if leads_out(image):
            raise FormatError(
                f"{path}{where}: image {image!r} leads out of the folder of photographs; expected "
                "a name within it"
            )
        found.setdefault(image, []).append(caption.strip())
    if not found:
        raise FormatError(f"{path}: no captions in it")
    return {image: tuple(captions) for image, captions in found.items()}


_Lines = Iterator[tuple[str, str, str]]


def _csv(path: Path, content: str) -> _Lines:
    rows = csv.reader(io.StringIO(content, newline=""), strict=True)
    columns: list[str] = []
    first = 1
    try:
        columns = next(rows, [])
        if not {"image", "caption"} <= set(columns):
            raise FormatError(
                f"{path}: no captions: expected CSV with the columns image and caption, COCO's or "
                "Karpathy's JSON, or Flickr's token file"
            )
        image, caption = columns.index("image"), columns.index("caption")
        first = rows.line_num + 1
        for row in rows:
            where = f":{first}"
            if row and len(row) != len(columns):
                raise FormatError(
                    f"{path}{where}: {len(row)} columns where the header has {len(columns)}; "
                    "captions that hold commas stand in quotes"
                )
            if row:
                # One quote too many swallows the lines up to the next.
                if re.search(r"[\r\n]", row[caption].strip()):
                    raise FormatError(
                        f"{path}{where}: a caption over several lines, up to line "
                        f"{rows.line_num}: {row[caption]!r}; captions have one line, so is a quote "
                        "not closed?"
                    )
                yield where, row[image], row[caption]
            first = rows.line_num + 1
    except csv.Error as fault:
        raise FormatError(
            f"{path}:{first}: {fault}; here begins a field whose quote is not closed, or a quote "
            "within one is not doubled"
        ) from None


def _tokens(path: Path, content: str) -> _Lines:
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        match = _TOKEN_LINE.fullmatch(line.removesuffix("\r"))
        if match is None:
            raise FormatError(f"{path}:{number}: expected IMAGE#N, a tab and a caption: {line!r}")
        yield f":{number}", match["image"], match["caption"]


def _json(path: Path, content: str) -> _Lines:
    try:
        keys = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        if "annotations" not in keys:
            yield from _karpathy(content)
            return
        coco = msgspec.json.decode(content, type=_Coco)
    except msgspec.MsgspecError as fault:
        raise FormatError(f"{path}: neither COCO's nor Karpathy's JSON: {fault}") from None
    names: dict[int, str] = {}
    for number, image in enumerate(coco.images):
        if image.id in names:
            raise FormatError(
                f"{path}, images[{number}]: id {image.id} is that of {names[image.id]!r} already"
            )
        names[image.id] = image.file_name
    for number, one in enumerate(coco.annotations):
        where = f", annotations[{number}]"
        if one.image_id not in names:
            raise FormatError(f"{path}{where}: a caption of image {one.image_id}, which is none")
        yield where, names[one.image_id], one.caption


def _karpathy(content: str) -> _Lines:
    for number, image in enumerate(msgspec.json.decode(content, type=_Karpathy).images):
        name = "/".join(filter(None, (image.filepath, image.filename)))
        for sentence in image.sentences:
            yield f", images[{number}]", name, sentence.raw
