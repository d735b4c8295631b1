"""Captions in four layouts, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from embarith.errors import DataError, FormatError
from embarith.photos import read_captions

EXPECTED = {"a.jpg": ("A dog, running.", "Brown dog"), "b.jpg": ("A cat",)}


def _write(folder: Path, layout: str) -> Path:
    pairs = [(image, text) for image, texts in EXPECTED.items() for text in texts]
    if layout == "csv":
        file = folder / "captions.csv"
        file.write_text("image,n,caption\n" + "".join(f'{i},0,"{t}"\n' for i, t in pairs))
    elif layout == "tokens":
        file = folder / "flickr.token.txt"
        lines = (f"{image}#{n}\t{text}\r\n" for n, (image, text) in enumerate(pairs))
        file.write_bytes("".join(lines).encode())
    elif layout == "coco":
        file = folder / "captions_val.json"
        numbers = {image: 10 + n for n, image in enumerate(EXPECTED)}
        images = [{"id": n, "file_name": image, "width": 3} for image, n in numbers.items()]
        told = [{"image_id": numbers[image], "id": 0, "caption": text} for image, text in pairs]
        file.write_text(json.dumps({"info": {}, "images": images, "annotations": told}))
    else:
        file = folder / "dataset.json"
        images = [
            {"filename": image, "split": "train", "sentences": [{"raw": t} for t in texts]}
            for image, texts in EXPECTED.items()
        ]
        file.write_text(json.dumps({"dataset": "flickr8k", "images": images}))
    return file


@pytest.mark.parametrize("layout", ["csv", "tokens", "coco", "karpathy"])
def test_layouts(tmp_path: Path, layout: str) -> None:
    assert read_captions(_write(tmp_path, layout)) == EXPECTED


def test_a_folder_holds_captions_csv(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"captions\.csv"):
        read_captions(tmp_path)
    _write(tmp_path, "csv")
    assert read_captions(tmp_path) == EXPECTED


def test_karpathy_names_a_folder(tmp_path: Path) -> None:
    one = {"filename": "a.jpg", "filepath": "val2014", "sentences": [{"raw": "A dog"}]}
    (tmp_path / "d.json").write_text(json.dumps({"images": [one]}))
    assert read_captions(tmp_path / "d.json") == {"val2014/a.jpg": ("A dog",)}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "layout", ["image,caption{end}a.jpg,{caption}{end}", "a.jpg#0\t{caption}{end}"]
)
def test_lines_end_at_line_feeds_alone(tmp_path: Path, layout: str, end: str) -> None:
    caption = "A dog\u2028on\x85grass\x0bby a\x0criver"
    (tmp_path / "file").write_bytes(layout.format(caption=caption, end=end).encode())
    assert read_captions(tmp_path / "file") == {"a.jpg": (caption,)}


def test_a_quoted_caption_may_end_in_a_line_feed_and_hold_quotes(tmp_path: Path) -> None:
    (tmp_path / "file").write_text('image,caption\na.jpg,"A ""big"" dog.\n"\nb.jpg,A cat\n')
    assert read_captions(tmp_path / "file") == {"a.jpg": ('A "big" dog.',), "b.jpg": ("A cat",)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("word,image\nx,y\n", "no captions: expected CSV"),
        ("image,caption\n", "no captions in it"),
        ("image,caption\na.jpg,\n", ":2: image 'a.jpg' with caption ''"),
        ("image,caption\n,A dog\n", ":2: image '' with caption"),
        (
            "image,caption\na.jpg,A dog\n\nb.jpg,Two men , standing\n",
            ":4: 3 columns where the header has 2; captions that hold commas stand in quotes",
        ),
        (
            'image,caption\na.jpg,A dog\n\nb.jpg,"A cat\nc.jpg,A man\nd.jpg,A cow\n',
            ":4: unexpected end of data; here begins a field whose quote is not closed, or a quote "
            "within one is not doubled",
        ),
        (
            'image,caption\na.jpg,"A dog\nb.jpg,A "big" cat\n',
            ":2: .* expected after .*; here begins a field whose quote is not closed",
        ),
        (
            'image,caption\na.jpg,"A dog\nb.jpg,A cat"\nc.jpg,A man\n',
            ":2: a caption over several lines, up to line 3: .*so is a quote not closed",
        ),
        ("image,caption\na.jpg,A dog\nb.jpg,A \0 cat\n", r":3: a NUL, .*'A \\x00 cat'"),
        ("a.jpg#0\tA dog\nb.jpg#0\tA \0 cat\n", r":2: a NUL, .*'A \\x00 cat'"),
        ("image,n,caption\na.jpg,A dog\n", ":2: 2 columns where the header has 3"),
        ("image,caption\n../a.jpg,A dog\n", r":2: image '\.\./a\.jpg' leads out of the folder"),
        ("/a.jpg#0\tA dog\n", r"image '/a\.jpg' leads out of the folder"),
        (
            '{"images": [{"filename": "a", "filepath": "/home", "sentences": [{"raw": "x"}]}]}',
            r"images\[0\]: image '/home/a' leads out of the folder",
        ),
        ("a.jpg#0\tA dog\nb.jpg A cat\n", r":2: expected IMAGE#N"),
        ('{"images": []}', "neither COCO's nor Karpathy's|no captions in it"),
        ('{"images": [], "annotations": [{"image_id": 4, "caption": "x"}]}', "image 4, which is"),
        (
            '{"images": [{"id": 4, "file_name": "a.jpg"}, {"id": 4, "file_name": "b.jpg"}], '
            '"annotations": [{"image_id": 4, "caption": "x"}]}',
            r"images\[1\]: id 4 is that of 'a\.jpg' already",
        ),
        ('{"images": [{"sentences": []}]}', "neither COCO's nor Karpathy's JSON"),
        ("{", "neither COCO's nor Karpathy's JSON"),
    ],
)
def test_faults(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "file").write_text(content)
    with pytest.raises(FormatError, match=message):
        read_captions(tmp_path / "file")
    (tmp_path / "file").write_bytes(b"image,caption\n\xff")
    with pytest.raises(FormatError, match="no UTF-8 at byte 14"):
        read_captions(tmp_path / "file")
