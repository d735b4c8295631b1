"""What `embarith paper` is to run: a TOML file, checked key by key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta, Struct, ValidationError, convert

from embarith.errors import DataError, EmbarithError, FormatError, nearest

Side = Literal["text", "image"]
Experiment = Literal[
    "offset",
    "random-pairs",
    "extended",
    "angles",
    "island",
    "geometry",
    "gap",
    "additivity",
    "extraction",
    "plane",
    "semeval",
    "similarity",
    "simat",
]
EXPERIMENTS: tuple[Experiment, ...] = get_args(Experiment)
DEFAULT = Path(__file__).with_name("default.toml")
"""What `embarith paper --init` writes."""

_SOURCES = ("table", "photos", "encoder", "word2vec")


class Space(Struct, frozen=True, forbid_unknown_fields=True):
    """One embedding space: a column of the tables.

    Parameters
    ----------
    name : str
        What the report calls it.
    side : {"text", "image"}
        Whether words are embedded themselves, or as the mean of their photographs.
    table : str
        A file of word vectors, or a name of the catalogue.
    photos : str
        A file of the vectors of photographs, labelled by the names of the collection's images.
    encoder : str
        Id of a model, or the folder of an exported one.
    word2vec : {"cbow", "skip-gram"}
        Train it on `corpus`.
    corpus : tuple of str
        Files or folders of text.
    epochs : int, optional
        Passes over it, if not as many as `embarith train word2vec` makes.
    random_weights : int, optional
        Seed of weights to draw instead of loading them; the report leaves such a space out of
        its claims.
    untrained : int
        How many copies of the same architecture with random weights stand beside it.
    """

    name: str
    side: Side
    table: str = ""
    photos: str = ""
    encoder: str = ""
    word2vec: Literal["", "cbow", "skip-gram"] = ""
    corpus: tuple[str, ...] = ()
    epochs: int | None = None
    random_weights: int | None = None
    untrained: int = 0


class SimatConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Text-driven transformation of photographs, with heads that lead two spaces into one.

    Parameters
    ----------
    images, texts : str
        Names of the spaces, both of encoders.
    data : str
        Folder of a SIMAT set, whose photographs are the collection's and left out of fitting.
    captions : str
        Of photographs of the collection, to fit the heads on.
    method : {"ridge", "cca"}
        How, in closed form.
    temperatures : tuple of float
        τ to train contrastive heads with as well, and to compare; needs torch.
    """

    images: str
    texts: str
    data: str = "mini_simat"
    captions: str = "photos/captions.csv"
    method: Literal["ridge", "cca"] = "ridge"
    temperatures: tuple[Annotated[float, Meta(gt=0)], ...] = ()


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """What to measure, on what.

    Parameters
    ----------
    spaces : tuple of Space
        The embedding spaces.
    collection : str
        Folder of photographs of words, or its name in the data folder.
    photographs : int
        That a word must have.
    cells : str
        CSV file of photographs in two factors, for additivity: columns image, subj, obj.
    simat : SimatConfig, optional
        What the experiment `simat` takes; there is none without.
    experiments : tuple of str
        Which of `EXPERIMENTS`.
    draws, control_draws : int
        Of every bootstrap; of random second pairs of the chosen questions.
    seed : int
        Of everything drawn.
    """

    spaces: tuple[Space, ...]
    collection: str = "photos"
    photographs: int = 30
    cells: str = "mini_simat/triplets.csv"
    simat: SimatConfig | None = None
    experiments: tuple[Experiment, ...] = EXPERIMENTS
    draws: int = 1000
    control_draws: int = 999
    seed: int = 0


def read_config(path: str | Path) -> Config:
    """Read a config.

    Raises
    ------
    DataError
        There is no such file.
    FormatError
        No TOML, or a key that is unknown, missing or of the wrong kind; names the key and the
        line.
    """
    path = Path(path)
    fields = _read(path)[1]
    _refuse_unknown(path, (), "", fields, Config)
    spaces = fields.get("spaces", [])
    if isinstance(spaces, list):
        for number, space in enumerate(spaces):
            if isinstance(space, dict):
                _refuse_unknown(path, ("spaces", number), f" of space {number + 1}", space, Space)
    simat = fields.get("simat")
    if isinstance(simat, dict):
        _refuse_unknown(path, ("simat",), " of simat", simat, SimatConfig)
    try:
        config = convert(fields, Config)
    except ValidationError as fault:
        found = re.findall(r"\.(\w+)|\[(\d+)\]", str(fault).partition(" - at `$")[2])
        keys = [key or int(number) for key, number in found]
        raise FormatError(f"{place(path, *keys)}: {_explained(str(fault))}") from None
    _check(path, config)
    return config


def place(path: Path, *keys: str | int) -> str:
    """Return ``FILE:LINE`` of a value of a config, ``FILE`` alone where it does not stand there.

    Parameters
    ----------
    path : Path
        A config that can be read.
    *keys : str or int
        What leads to the value: keys, and places in arrays from 0.
    """
    line = _line(_read(path)[0], keys) if keys else None
    return str(path) if line is None else f"{path}:{line}"


@contextmanager
def placed(path: Path | None, *keys: str | int) -> Iterator[None]:
    """Put the line of a config before what is wrong with its value."""
    try:
        yield
    except EmbarithError as reason:
        if path is None:
            raise
        raise type(reason)(f"{place(path, *keys)}: {reason}") from None


def _line(text: str, keys: Sequence[str | int]) -> int | None:
    """Return the line where a value begins: the first without which it is not there."""
    lines = text.split("\n")
    start = 1
    for end in range(1, len(lines) + 1):
        try:
            found: Any = tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue  # within a value of several lines
        try:
            for key in keys:
                found = found[key]
        except (KeyError, IndexError):
            start = end + 1
        else:
            return start
    return None


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        return text, tomllib.loads(text)
    except FileNotFoundError:
        raise DataError(
            f"{str(path.absolute())!r} is no file; `embarith paper --init` writes one"
        ) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise FormatError(f"{path}: {fault}") from None


def _refuse_unknown(
    path: Path,
    keys: tuple[str | int, ...],
    where: str,
    given: dict[str, object],
    record: type[Struct],
) -> None:
    known = record.__struct_fields__
    for key in given:
        if key not in known:
            raise FormatError(
                f"{place(path, *keys, key)}: unknown key {key!r}{where}"
                + (nearest(key, known) or f"; there are {', '.join(known)}")
            )


def _explained(fault: str) -> str:
    for name in set(re.findall(r"Invalid enum value '(.+?)'", fault)):
        choices = (*EXPERIMENTS, *get_args(Side), "cbow", "skip-gram", "ridge", "cca")
        return fault + nearest(name, choices)
    return fault


def _check(path: Path, config: Config) -> None:
    if not config.spaces:
        raise FormatError(f"{place(path, 'spaces')}: no [[spaces]]; name at least one")
    names: list[str] = []
    for number, space in enumerate(config.spaces):
        reason = _fault(space, names)
        if reason:
            raise FormatError(f"{place(path, 'spaces', number)}: space {space.name!r} {reason}")
        names.append(slug(space.name))
    if config.simat is not None:
        _check_simat(path, config.simat, config.spaces)
    for key, least in (("photographs", 1), ("draws", 1), ("control_draws", 1), ("seed", 0)):
        value = getattr(config, key)
        if value < least:
            raise FormatError(f"{place(path, key)}: {key} must be at least {least}, not {value}")


def _fault(space: Space, names: Sequence[str]) -> str:
    """Say what is wrong with a space that comes after others of these names."""
    given = [source for source in _SOURCES if getattr(space, source)]
    named = " and ".join(given) or "none"
    drawn = space.untrained or space.random_weights is not None
    foreign = space.photos if space.side == "text" else space.word2vec
    faults = (
        (not slug(space.name), "needs a name of letters or digits"),
        (slug(space.name) in names, "is called as another is, or alike; give it its own name"),
        (len(given) != 1, f"needs one of {', '.join(_SOURCES)}, not {named}"),
        (foreign, f"is of side {space.side}, which {named} is not for"),
        (drawn and not space.encoder, "has no encoder, which random_weights and untrained are for"),
        (space.word2vec and not space.corpus, "needs a corpus to train word2vec on"),
        (
            not space.word2vec and (space.corpus or space.epochs is not None),
            "has no word2vec, which corpus and epochs are for",
        ),
        (
            space.epochs is not None and space.epochs < 1,
            f"needs epochs of at least 1, not {space.epochs}",
        ),
    )
    return next((reason for wrong, reason in faults if wrong), "")


def _check_simat(path: Path, simat: SimatConfig, spaces: Sequence[Space]) -> None:
    for key, side, name in (("images", "image", simat.images), ("texts", "text", simat.texts)):
        known = [one.name for one in spaces if one.side == side and one.encoder]
        if name not in known:
            raise FormatError(
                f"{place(path, 'simat', key)}: {key} of simat {name!r} is no {side} space of an "
                "encoder" + (nearest(name, known) or f"; there are {', '.join(known) or 'none'}")
            )


def slug(name: str) -> str:
    """Return a name as part of the name of a file.

    Examples
    --------
    >>> slug("CLIP text (a NAME)")
    'clip-text-a-name'
    """
    words = "".join(one if one.isalnum() else " " for one in name.lower()).split()
    return "-".join(words)
