"""Regions cut out of stand-in photographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from embarith.errors import DataError, FormatError
from embarith.photos.visual_genome import Region, crop, read_regions


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Two photographs, 80 × 60 and 50 × 90, in the two folders of the archives."""
    folder = tmp_path / "vg"
    random = np.random.default_rng(0)
    for name, shape in (("VG_100K/7", (60, 80, 3)), ("VG_100K_2/9", (90, 50, 3))):
        file = folder / f"{name}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8)).save(file)
    return folder


def test_crops_are_the_pixels_of_the_box(photographs: Path, tmp_path: Path) -> None:
    regions = {"1": Region("7", (10, 5, 60, 45)), "2": Region("9", (0, 80, 60, 95))}
    assert crop(regions, photographs, tmp_path / "out") == 2
    with Image.open(photographs / "VG_100K/7.jpg") as photograph:
        whole = np.asarray(photograph)
    with Image.open(tmp_path / "out/1.png") as part:
        np.testing.assert_array_equal(np.asarray(part), whole[5:45, 10:60])
    with Image.open(tmp_path / "out/2.png") as part:  # beyond the photograph it is black
        assert part.size == (60, 15)
        assert not np.asarray(part)[10:].any()
        assert np.asarray(part)[:10, :50].any()
    assert crop(regions, photographs, tmp_path / "out") == 0


def test_regions_are_read_as_published(tmp_path: Path) -> None:
    file = tmp_path / "retrieval_db.tsv"
    file.write_text("region_id\timage_id\tsubj\tbbox\n4\t2378586\tgiraffe\t6,28,283,205\n")
    assert read_regions(file) == {"4": Region("2378586", (6, 28, 283, 205))}
    file.write_text("region_id\timage_id\tbbox\n4\t2378586\t6,28,5,205\n")
    with pytest.raises(FormatError, match=r"retrieval_db.tsv:2: bbox '6,28,5,205'"):
        read_regions(file)
    lines = ("region_id\timage_id\tbbox", "4\t7\t0,0,2,2", "5\t7\t0,0,2,2", "4\t7\t0,0,2,2")
    file.write_text("\n".join(lines))
    assert list(read_regions(file)) == ["4", "5"]
    for other in ("4\t7\t0,0,2,3", "4\t8\t0,0,2,2"):
        file.write_text("\n".join((*lines, other)))
        with pytest.raises(FormatError, match=r"retrieval_db.tsv:5: region '4' is another part"):
            read_regions(file)
    file.write_text("region_id\tbbox\n")
    with pytest.raises(FormatError, match="no column 'image_id'"):
        read_regions(file)
    with pytest.raises(DataError, match="no such file"):
        read_regions(tmp_path / "absent.tsv")


def test_faults(photographs: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no photograph 8.jpg.*\(1 of 2 are absent\)"):
        crop(
            {"1": Region("8", (0, 0, 2, 2)), "2": Region("7", (0, 0, 2, 2))}, photographs, tmp_path
        )
    with pytest.raises(FormatError, match="80 × 60 pixels, and region 1 begins at 90, 0"):
        crop({"1": Region("7", (90, 0, 99, 9))}, photographs, tmp_path / "out")
    lists = tmp_path / "retrieval_db.tsv"
    for cells, message in (
        ("../../escaped\t7\t0,0,2,2", r":2: region_id '\.\./\.\./escaped' is no file name"),
        ("4\t../7\t0,0,2,2", r":2: image_id '\.\./7' is no file name"),
        ("\t7\t0,0,2,2", ":2: region_id '' is no file name"),
        ("4\t7", ":2: bbox ''; expected left"),
    ):
        lists.write_text(f"region_id\timage_id\tbbox\n{cells}\n")
        with pytest.raises(FormatError, match=message):
            read_regions(lists)
    (photographs / "10.jpg").write_text("none")
    with pytest.raises(FormatError, match=r"10\.jpg: no photograph"):
        crop({"1": Region("10", (0, 0, 2, 2))}, photographs, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_a_cut_photograph_is_named(photographs: Path, tmp_path: Path) -> None:
    file = photographs / "VG_100K/7.jpg"
    file.write_bytes(file.read_bytes()[:-900])
    with pytest.raises(
        FormatError, match=r"VG_100K/7\.jpg: cut or damaged: image file is truncated.*; fetch it ag"
    ):
        crop({"1": Region("7", (0, 0, 9, 9))}, photographs, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_what_is_no_whole_crop_is_made_anew(photographs: Path, tmp_path: Path) -> None:
    regions = {str(i): Region("7", (0, 0, 20, 10 + i)) for i in range(5)}
    crop(regions, photographs, tmp_path / "out")
    files = [tmp_path / "out" / f"{name}.png" for name in regions]
    whole = [file.read_bytes() for file in files]
    files[0].write_text("no image")
    files[1].write_bytes(whole[1][:-20])
    files[2].write_bytes(b"")
    files[3].write_bytes(whole[4])
    assert crop(regions, photographs, tmp_path / "out") == 4
    assert [file.read_bytes() for file in files] == whole
