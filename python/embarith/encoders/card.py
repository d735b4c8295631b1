"""Model cards: where an encoder's weights come from, and how its inputs are made."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, ValidationError, convert, field, to_builtins

from embarith.errors import FormatError, OptionError, nearest
from embarith.provenance import Provenance

Feature = Literal["projected", "unprojected", "cls", "patches", "pooled", "logits"]
Channels = tuple[float, float, float]
Positive = Annotated[int, Meta(ge=1)]
Sha256 = Annotated[str, Meta(pattern="^([0-9a-f]{64}|)$")]
Precision = Literal["fp32", "fp16", "int8"]
Tower = Literal["visual", "text"]
SIDES: dict[Tower, str] = {"visual": "image", "text": "text"}
"""What a table of a tower's vectors is the table of."""


class Weights(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the weights are published.

    Parameters
    ----------
    url : str
        The address of the file.
    hub : str
        The repository of a model hub that holds it, or empty.
    package : str
        What `pip install` brings them, or empty.
    sha256 : str
        Of the file; empty if nobody has computed it yet.
    sha256_prefix : str
        The first digits of it, where the publisher states no more.
    """

    url: str = ""
    hub: str = ""
    package: str = ""
    sha256: Sha256 = ""
    sha256_prefix: str = ""


class Visual(Struct, frozen=True, forbid_unknown_fields=True):
    """How a photograph becomes a tensor, and what the tower gives.

    Parameters
    ----------
    size : int
        Side of the square tensor, in pixels.
    resize : {"shortest", "squash", "crop first"}
        `shortest` scales the shorter side to `resize_to` and crops the centre; `squash` scales
        both sides to `size`; `crop first` crops the square of `size / resize_to` of the shorter
        side about the centre and scales that.
    resize_to : int
        Pixels, see `resize`.
    interpolation : {"bicubic", "bilinear"}
        Filter of the scaling.
    antialias : bool
        Whether the filter widens when it makes smaller, as Pillow's does.
    mean, std : tuple of float
        A channel of values from 0 to 1 becomes `(value - mean) / std`.
    features : tuple of str
        What may be extracted, the default first.
    """

    size: Positive
    resize: Literal["shortest", "squash", "crop first"]
    resize_to: Positive
    interpolation: Literal["bicubic", "bilinear"]
    mean: Channels
    std: Channels
    features: Annotated[tuple[Feature, ...], Meta(min_length=1)]
    antialias: bool = True


class Text(Struct, frozen=True, forbid_unknown_fields=True):
    """How a text becomes tokens, and what the tower gives.

    Parameters
    ----------
    tokenizer : str
        `clip` for the byte-pair encoding of CLIP, or the hub repository of a tokenizer.
    context : int
        Tokens at most, marks of beginning and end included; more are cut off.
    clean : {"clip", "canonical", "none"}
        What happens to a text before its tokenizer: `clip` mends mangled characters, replaces HTML
        entities and makes white space single; `canonical` drops punctuation as well; `none` leaves
        all to the tokenizer.
    lower : bool
        Whether case is dropped.
    features : tuple of str
        What may be extracted, the default first.
    templates : mapping of str to tuple of str
        Named sets of sentences around a word, `{}` its place; the vectors of a set are averaged.
    """

    tokenizer: str
    context: Positive
    clean: Literal["clip", "canonical", "none"]
    lower: bool
    features: Annotated[tuple[Feature, ...], Meta(min_length=1)]
    templates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Gate(Struct, frozen=True, forbid_unknown_fields=True):
    """How near an export of the real weights has to come to the original.

    Parameters
    ----------
    fp16, int8 : float
        Share of nearest neighbours, among the samples, that has to stay the same; fp32 is held to
        differences of numbers instead.
    """

    fp16: float = 0.97
    int8: float = 0.8


class Export(Struct, frozen=True, forbid_unknown_fields=True):
    """What became of the model in a folder that `embarith export-onnx` wrote.

    Parameters
    ----------
    precision : {"fp32", "fp16", "int8"}
        Of the graphs' weights.
    features : mapping of str to str
        What each tower in the folder gives.
    files : mapping of str to str
        The sha256 of every other file of the folder.
    weights_sha256 : str
        Of the file of weights it was made from; empty for random weights.
    random_weights : int, optional
        The seed of weights that were drawn instead of loaded.
    versions : mapping of str to str
        Libraries that made it.
    """

    precision: Precision
    features: Mapping[Tower, Feature]
    files: Mapping[str, Sha256]
    weights_sha256: Sha256 = ""
    random_weights: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)


class CardHeads(Struct, frozen=True, forbid_unknown_fields=True):
    """Linear heads that the towers of an encoder end in.

    Parameters
    ----------
    sha256 : str
        Of their four arrays.
    provenance : Provenance
        Where they come from.
    temperature : float, optional
        τ of the loss that they were trained with.
    """

    sha256: Sha256
    provenance: Provenance
    temperature: float | None = None

    @property
    def name(self) -> str:
        """What sets them apart from others of their kind."""
        return f"{self.provenance.encoder} {self.sha256[:8]}"

    def applied(self, origin: Provenance, tower: Tower) -> Provenance:
        """Return the provenance of a tower's vectors once its head was applied."""
        tau = f", τ = {self.temperature:g}" if self.temperature is not None else ""
        made = "; ".join(part for part in (self.provenance.source, *self.provenance.steps) if part)
        return origin.then(
            f"{SIDES[tower]} head of {self.provenance.encoder} (sha256 {self.sha256}{tau}), then "
            f"unit length{made and f'; the heads: {made}'}",
            normalized=True,
        )


class Card(Struct, frozen=True, forbid_unknown_fields=True):
    """What is known about one encoder.

    Parameters
    ----------
    id : str
        `LOADER:NAME`, as the user types it.
    title, page, licence, citation : str
        What it is called, where it is described, under which terms, and what to cite.
    dimension : int
        Of its default features.
    weights : Weights
        Where they come from.
    visual : Visual, optional
        Its tower for photographs.
    text : Text, optional
        Its tower for texts.
    gate : Gate
        How near an export has to come to the original.
    export : Export, optional
        On the card of an exported folder: what was exported.
    heads : CardHeads, optional
        What its towers end in.
    """

    id: str
    title: str
    page: str
    licence: str
    citation: str
    dimension: Positive
    weights: Weights
    visual: Visual | None = None
    text: Text | None = None
    gate: Gate = field(default_factory=Gate)
    export: Export | None = None
    heads: CardHeads | None = None

    @property
    def loader(self) -> str:
        """Who loads it: the part of the id before the colon."""
        return self.id.partition(":")[0]

    @property
    def model(self) -> str:
        """What the loader calls it: the part of the id behind the colon."""
        return self.id.partition(":")[2]

    @property
    def name(self) -> str:
        """The id, and what sets it apart from the model: weights, precision, features, heads."""
        notes = []
        if self.export is not None:
            if self.export.random_weights is not None:
                notes.append(f"random weights {self.export.random_weights}")
            if self.export.precision != "fp32":
                notes.append(self.export.precision)
            for tower, feature in self.export.features.items():
                if feature != self.features(tower)[0]:
                    notes.append(f"{tower} {feature}")
        if self.heads is not None:
            notes.append(self.heads.name)
        return f"{self.id} ({', '.join(notes)})" if notes else self.id

    @property
    def towers(self) -> tuple[Tower, ...]:
        """What it encodes: `visual`, `text` or both."""
        have: tuple[tuple[Tower, object], ...] = (("visual", self.visual), ("text", self.text))
        return tuple(tower for tower, settings in have if settings is not None)

    def features(self, tower: Tower) -> tuple[Feature, ...]:
        """Return what a tower offers, the default first; nothing if there is no such tower."""
        settings = self.visual if tower == "visual" else self.text
        return settings.features if settings else ()

    @property
    def pinned(self) -> bool:
        """Whether the hash of the weights is known beforehand."""
        return bool(self.weights.sha256 or self.weights.sha256_prefix)


def read_card(text: str, name: str) -> Card:
    """Read a card.

    Parameters
    ----------
    text : str
        The card, TOML.
    name : str
        What errors call it.

    Returns
    -------
    Card

    Raises
    ------
    FormatError
        Text that is no TOML, a field that is missing, unknown or of the wrong kind.
    """
    try:
        fields = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise FormatError(f"{name}: {fault}") from None
    try:
        card = convert(fields, Card)
    except ValidationError as fault:
        raise FormatError(f"{name}: {fault}") from None
    if not card.towers:
        raise FormatError(f"{name}: neither [visual] nor [text]; a card has one of them or both")
    return card


def write_card(card: Card) -> str:
    """Return a card as TOML, the reverse of `read_card`."""
    import tomli_w

    def present(value: Any) -> Any:
        # TOML has no null; absence says the same.
        if isinstance(value, dict):
            return {key: present(inner) for key, inner in value.items() if inner is not None}
        return value

    return tomli_w.dumps(present(to_builtins(card)))


def card_of(encoder: str) -> Card:
    """Return the card of a known encoder.

    Parameters
    ----------
    encoder : str
        Its id.

    Raises
    ------
    OptionError
        No such card; names the nearest.

    Examples
    --------
    >>> card_of("torchvision:resnet50/IMAGENET1K_V1").dimension
    2048
    """
    if encoder not in CARDS:
        raise OptionError(
            f"no card of an encoder {encoder!r}{nearest(encoder, CARDS)}"
            " (`embarith models list` shows them)"
        )
    return CARDS[encoder]


def source_of(card: Card) -> str:
    """Return the TOML of a known encoder's card, as it travels with embarith."""
    return _FILES[card.id].read_text(encoding="utf-8")


def _load() -> tuple[dict[str, Card], dict[str, Traversable]]:
    cards, found = {}, {}
    for file in sorted(files("embarith.models").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            card = read_card(file.read_text(encoding="utf-8"), file.name)
            cards[card.id], found[card.id] = card, file
    return cards, found


_CARDS, _FILES = _load()
CARDS: Mapping[str, Card] = MappingProxyType(_CARDS)
