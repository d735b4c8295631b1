"""The result of laying the words of a question, or their photographs, out in a plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from embarith.result.codec import Record
from embarith.result.figures import EncoderInfo, Run

Place = Literal["a", "b", "c", "d", "y"]


@dataclass(frozen=True, slots=True)
class PlaneWord:
    """A word of the question.

    Parameters
    ----------
    place : {"a", "b", "c", "d"}
        Its part in the question.
    word : str
    x, y : float
        Where it lies in the plane.
    off : float
        How far it lies from the plane.
    photographs : int
        How many it is the mean of; 0 where its vector is its own.
    spread, spread_in_plane : float or None
        Root mean square distance of its photographs to it, in all dimensions and in the plane.
    """

    place: Place
    word: str
    x: float
    y: float
    off: float
    photographs: int
    spread: float | None
    spread_in_plane: float | None


@dataclass(frozen=True, slots=True)
class PlanePhotograph:
    """A photograph: its word, its name, where it lies, how far from the plane, and what it shows.

    `thumbnail` is a JPEG file in base64, empty where none was made.
    """

    word: str
    image: str
    x: float
    y: float
    off: float
    thumbnail: str


@dataclass(frozen=True, slots=True)
class PlaneOffset:
    """The point y = b − a + c, and how near it comes to d in all dimensions.

    Parameters
    ----------
    x, y, off : float
        Where it lies in the plane, and how far from it.
    angle, angle_only_c : float or None
        Angles of y and of c with d, in degrees; None without a d.
    angle_offsets, angle_offsets_in_plane : float or None
        Angle between b − a and d − c, in all dimensions and as the plane shows it, in degrees.
    """

    x: float
    y: float
    off: float
    angle: float | None
    angle_only_c: float | None
    angle_offsets: float | None
    angle_offsets_in_plane: float | None


@dataclass(frozen=True, slots=True)
class PlaneDistance:
    """Two of a, b, c, d and y: their angle in degrees, their distance, and it in the plane."""

    first: Place
    second: Place
    angle: float
    distance: float
    in_plane: float


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PlaneResult(Record):
    """The words of a question in the plane of the first two principal components.

    Parameters
    ----------
    question : str
        As ``a:b``, ``a:b::c:?`` or ``a:b::c:d``.
    fitted_on : {"photographs", "words"}
        What the plane was fitted on, all of it shown.
    variance : (float, float)
        Shares of the variance of what it was fitted on along the two axes.
    words : tuple of PlaneWord
    photographs : tuple of PlanePhotograph
        Empty where words alone were laid out.
    offset : PlaneOffset or None
        None for a pair.
    distances : tuple of PlaneDistance
        All pairs of a, b, c, d and y.
    absent : dict of str to int
        Photographs that are listed for a word but have no vector, so that they are not shown.
    thumbnail_side : int or None
        Longest side of the thumbnails, in pixels.
    """

    schema: Literal["embarith.plane/1"] = "embarith.plane/1"
    encoder: EncoderInfo
    question: str
    fitted_on: Literal["photographs", "words"]
    variance: tuple[float, float]
    words: tuple[PlaneWord, ...]
    photographs: tuple[PlanePhotograph, ...]
    offset: PlaneOffset | None
    distances: tuple[PlaneDistance, ...]
    absent: dict[str, int]
    thumbnail_side: int | None
    run: Run

    def __repr__(self) -> str:
        shown = f"{len(self.photographs)} photographs" if self.photographs else "words"
        return (
            f"<PlaneResult {self.encoder.name!r}, {self.question}: {shown}, "
            f"{100 * sum(self.variance):.1f} % of their variance>"
        )
