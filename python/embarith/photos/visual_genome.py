"""The photographs of SIMAT: regions of Visual Genome's."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from embarith.errors import DataError, FormatError
from embarith.progress import Progress

REGIONS = "retrieval_db.tsv"
_FOLDERS = ("", "VG_100K", "VG_100K_2", "images")


@dataclass(frozen=True)
class Region:
    """A part of a photograph: left, top, right and bottom in pixels, the last two exclusive."""

    image: str
    box: tuple[int, int, int, int]


def read_regions(path: str | Path) -> dict[str, Region]:
    """Read the published list of regions, by `region_id`.

    Raises
    ------
    DataError
        There is no such file.
    FormatError
        A column is absent, a region or image is no file name, a box is none, or a region stands
        for two parts; names the line.
    """
    path = Path(path)
    found: dict[str, Region] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", restval="")
            absent = {"region_id", "image_id", "bbox"} - set(rows.fieldnames or ())
            if absent:
                raise FormatError(f"{path}: no column {sorted(absent)[0]!r}")
            for row in rows:
                corners = row["bbox"].split(",")
                box = tuple(int(one) for one in corners if one.strip().isdecimal())
                if len(corners) != 4 or len(box) != 4 or box[0] >= box[2] or box[1] >= box[3]:
                    raise FormatError(
                        f"{path}:{rows.line_num}: bbox {row['bbox']!r}; expected left, top, right "
                        "and bottom"
                    )
                for column in ("region_id", "image_id"):
                    if not row[column] or Path(row[column]).name != row[column]:
                        raise FormatError(
                            f"{path}:{rows.line_num}: {column} {row[column]!r} is no file name"
                        )
                name = row["region_id"]
                region = Region(row["image_id"], (box[0], box[1], box[2], box[3]))
                if found.setdefault(name, region) != region:
                    raise FormatError(
                        f"{path}:{rows.line_num}: region {name!r} is another part already: "
                        f"{found[name].box} of image {found[name].image}"
                    )
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; it lists the regions to cut out") from None
    except (UnicodeDecodeError, csv.Error) as fault:
        raise FormatError(f"{path}: {fault}") from None
    return found


def crop(
    regions: dict[str, Region],
    photographs: str | Path,
    folder: str | Path,
    *,
    progress: Progress | None = None,
) -> int:
    """Cut regions out of photographs, as ``REGION_ID.png``; those that are there whole are kept.

    Parameters
    ----------
    regions : dict of str to Region
    photographs : path
        Holds ``IMAGE_ID.jpg``, itself or in ``VG_100K`` and ``VG_100K_2``, as Visual Genome's two
        archives do.
    folder : path
        Where the parts go, as PNG, which loses nothing of them.
    progress : callable, optional

    Returns
    -------
    int
        Regions that were cut out now.

    Raises
    ------
    DataError
        A photograph is absent; nothing is cut out then.
    FormatError
        A photograph is cut or damaged, or a region begins beyond it. One that only ends there is
        black beyond, as in the published crops.
    """
    photographs, folder = Path(photographs), Path(folder)
    files = {region.image: _find(photographs, region.image) for region in regions.values()}
    absent = sorted(image for image, file in files.items() if file is None)
    if absent:
        raise DataError(
            f"{photographs}: no photograph {absent[0]}.jpg, there or in VG_100K and VG_100K_2 "
            f"({len(absent):,} of {len(files):,} are absent)"
        )
    folder.mkdir(parents=True, exist_ok=True)
    todo = {name: one for name, one in regions.items() if not _is_crop(folder / f"{name}.png", one)}
    for done, (name, region) in enumerate(todo.items(), 1):
        _crop(files[region.image], region, folder / f"{name}.png")
        if progress:
            progress("regions", done, len(todo))
    return len(todo)


def _find(photographs: Path, image: str) -> Path | None:
    candidates = (photographs / inside / f"{image}.jpg" for inside in _FOLDERS)
    return next((file for file in candidates if file.is_file()), None)


def _is_crop(file: Path, region: Region) -> bool:
    """Whether a file is a whole PNG of a region's size."""
    from PIL import Image

    left, top, right, bottom = region.box
    try:
        with Image.open(file, formats=["PNG"]) as part:
            size = part.size
            part.verify()
    except Exception:  # decoders raise whatever a damaged file leads them to
        return False
    return bool(size == (right - left, bottom - top))


def _crop(file: Path | None, region: Region, target: Path) -> None:
    from PIL import Image, UnidentifiedImageError

    from embarith.files import replacing

    try:
        with Image.open(str(file)) as photograph:
            width, height = photograph.size
            if region.box[0] >= width or region.box[1] >= height:
                raise FormatError(
                    f"{file}: {width} × {height} pixels, and region {target.stem} begins at "
                    f"{region.box[0]}, {region.box[1]}; give the photographs at their full size"
                )
            part = photograph.convert("RGB").crop(region.box)
    except UnidentifiedImageError:
        raise FormatError(f"{file}: no photograph") from None
    except FormatError:
        raise
    except Exception as fault:  # decoders raise whatever a damaged file leads them to
        if isinstance(fault, MemoryError) or getattr(fault, "errno", None):
            raise
        reason = str(fault) or type(fault).__name__
        raise FormatError(f"{file}: cut or damaged: {reason}; fetch it again") from None
    with replacing(target) as temporary, temporary.open("wb") as out:
        part.save(out, "PNG")
