"""Everything that one run of `embarith paper` measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa

    from embarith.result import Result


@dataclass(frozen=True, slots=True)
class SpaceInfo:
    """One embedding space of the run.

    Parameters
    ----------
    name : str
        Also the name of its table in every result.
    side : {"text", "image"}
    rows, dimensions : int
        Of its table of words.
    encoder : str
        What the table calls its origin by itself.
    licence : str
    random_weights : bool
        Whether its weights were drawn: it proves that the tool runs, and nothing about the model.
    photographs : int
        Photographs a word, 0 on the text side.
    left_out : int
        Words of the collection without enough photographs that could be read.
    untrained : int
        Copies with random weights that stand beside it.
    """

    name: str
    side: Literal["text", "image"]
    rows: int
    dimensions: int
    encoder: str
    licence: str
    random_weights: bool
    photographs: int
    left_out: int
    untrained: int


@dataclass(frozen=True, slots=True)
class Selection:
    """How questions were chosen that photographs can be asked: what was left at every step.

    Parameters
    ----------
    name : str
        Of the chosen set.
    questions, pairs : int
        Chosen, and distinct pairs in them.
    rated, pictured : int
        Rated pairs of the source, and those whose two words have enough photographs.
    relations : int
        Relations that have such pairs.
    not_above_zero, sharing : int
        Those of the pictured pairs with a rating of 0 or less, and with a photograph in common.
    couples : int
        Couples of pairs of one relation, both rated above 0, of four distinct words.
    apart : int
        Those of them whose four words have no photograph in common, in `apart_of` relations.
    photographs : int
        That a word must have.
    """

    name: str
    questions: int
    rated: int
    pictured: int
    relations: int
    not_above_zero: int
    sharing: int
    couples: int
    apart: int
    apart_of: int
    pairs: int
    photographs: int


@dataclass(frozen=True, slots=True)
class PartInfo:
    """One part of the run: the file of its results, or why it has none.

    Parameters
    ----------
    name : str
        ``EXPERIMENT``, ``EXPERIMENT/SPACE`` or ``EXPERIMENT/SPACE/QUESTION``.
    file : str
        Of its results, beside the manifest.
    skipped : str
        Why there are none.
    """

    name: str
    file: str = ""
    skipped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a run consists of, as `paper.json` holds it.

    Parameters
    ----------
    spaces : tuple of SpaceInfo
    selection : Selection or None
        None where spaces of text alone had no collection of photographs.
    unpictured : tuple of str
        The words of table 4 that have too few photographs.
    parts : tuple of PartInfo
        In the order of the experiments and, within one, of the spaces.
    seed : int
    """

    schema: Literal["embarith.paper/1"] = "embarith.paper/1"
    spaces: tuple[SpaceInfo, ...]
    selection: Selection | None
    unpictured: tuple[str, ...]
    parts: tuple[PartInfo, ...]
    seed: int


@dataclass(frozen=True)
class Paper:
    """A whole run, as reports take it.

    Parameters
    ----------
    manifest : Manifest
    results : mapping of str to tuple of Result
        By the name of the part.
    details : mapping of str to tuple of pyarrow.Table
        The single questions of the parts that have some, one table a result.
    """

    manifest: Manifest
    results: Mapping[str, tuple[Result, ...]]
    details: Mapping[str, tuple[pa.Table, ...]] = field(default_factory=dict)
