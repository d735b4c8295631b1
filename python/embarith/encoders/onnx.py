"""Exported models at work: a folder of graphs, run by onnxruntime alone."""

from __future__ import annotations

import hashlib
import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from embarith import _core
from embarith.encoders import device as devices
from embarith.encoders import image
from embarith.encoders.card import CARDS, Card, Text, Tower, Visual, read_card
from embarith.encoders.heads import Heads
from embarith.encoders.text import Tokens
from embarith.errors import DataError, FormatError, OptionError, nearest
from embarith.files import sha256_of
from embarith.provenance import Provenance

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, OrtValue

CARD = "card.toml"
PARITY = "parity.json"
TOKENIZER = "tokenizer.json"
PIXELS, IDS, MASK, FEATURES = "pixels", "ids", "mask", "features"
"""What the graphs call their inputs and their output."""

# Photographs or texts a call of the graph; each divides the number of inputs a shard. On a CPU
# larger ones only take more memory.
_BATCH = {"cpu": 16, "cuda": 64}

# Counts up when inputs become other tensors or tokens than before.
_RULES = 1

_LIBRARIES: dict[Tower, tuple[str, tuple[str, ...]]] = {
    "visual": ("images", ("PIL", "simplejpeg")),
    "text": ("text", ("ftfy", "tokenizers")),
}

Item = TypeVar("Item")
Made = TypeVar("Made")


class Encoder(Protocol):
    """What turns photographs and texts into vectors: any object with these two methods.

    One that only knows texts, or only photographs, raises OptionError from the other.
    """

    def encode_images(self, images: Sequence[Any]) -> NDArray[np.float32]:
        """Return the vectors of photographs, shape (n, d)."""

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of texts, shape (n, d)."""


class OnnxEncoder:
    """A folder that `embarith export-onnx` wrote, or a graph of your own with its card.

    Parameters
    ----------
    folder : path
        Holds `card.toml`, and `visual.onnx`, `text.onnx` with `tokenizer.json`, or both.
    device : str
        `auto`, `cpu`, `cuda` or `cuda:N`.
    heads : Heads, optional
        Applied to every vector.

    Raises
    ------
    DataError
        The folder or one of its files is missing, or a file is not the one that was exported.
    OptionError
        The device cannot be had, or the graphs end in heads already.
    """

    def __init__(
        self, folder: str | Path, device: str = "auto", heads: Heads | None = None
    ) -> None:
        self.folder = Path(folder)
        self.card = _card(self.folder)
        if heads is not None:
            if self.card.heads is not None:
                raise OptionError(f"{self.card.name} ends in heads already; leave these out")
            self.card = replace(self.card, dimension=heads.dimensions, heads=heads.card)
        self.heads = heads
        self.device = devices.choose(device)

    def __repr__(self) -> str:
        return f"<OnnxEncoder {self.card.name!r} on {self.device}>"

    def encode_images(self, images: Sequence[Any]) -> NDArray[np.float32]:
        """Return the vectors of photographs.

        Parameters
        ----------
        images : sequence, length n
            Paths, Pillow images, or arrays of uint8 and shape (height, width, 3).

        Returns
        -------
        ndarray of float32, shape (n, d)

        Raises
        ------
        FormatError
            A file that is no photograph; names it.
        OptionError
            The encoder has no tower for photographs.
        """
        ready = ahead(self.prepare, images, 2 * self.batch)
        return self._gather(map(self.encode_tensors, batches(ready, self.batch)))

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of texts.

        Parameters
        ----------
        texts : sequence of str, length n

        Returns
        -------
        ndarray of float32, shape (n, d)

        Raises
        ------
        OptionError
            The encoder has no tower for texts, or a text is no Unicode.
        """
        if isinstance(texts, str):
            raise OptionError("encode_texts takes a list of texts; a single one is [text]")
        return self._gather(map(self._encode_batch, batches(texts, self.batch)))

    def prepare(self, photograph: Any) -> NDArray[np.float32]:
        """Return the tensor of one photograph: a path, an array or a Pillow image."""
        is_path = isinstance(photograph, str | Path)
        read = image.read_photograph if is_path else image.as_photograph
        return image.to_tensor(read(photograph), self._visual)

    def encode_tensors(self, tensors: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return the vectors of photographs that `prepare` made ready, in one call of the graph."""
        return self.compute("visual", {PIXELS: np.stack(tensors)})

    def compute(self, tower: Tower, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Run a tower's graph on inputs by the names that the graph has for them.

        A batch that a GPU has no memory for is halved, down to one.
        """
        count = len(next(iter(inputs.values())))
        try:
            vectors = self._run(self._session(tower), inputs)
            return self.heads.apply(tower, vectors).astype(np.float32) if self.heads else vectors
        except RuntimeError as fault:
            short = re.search("alloc|out of memory", str(fault), re.IGNORECASE)
            if self.device.kind == "cpu" or count == 1 or not short:
                raise
        halves = (slice(None, count // 2), slice(count // 2, None))
        return np.concatenate(
            [
                self.compute(tower, {name: values[half] for name, values in inputs.items()})
                for half in halves
            ]
        )

    def _run(
        self, session: InferenceSession, inputs: Mapping[str, NDArray[Any]]
    ) -> NDArray[np.float32]:
        binding = session.io_binding()
        for name, values in inputs.items():
            if self.device.kind == "cpu":
                binding.bind_cpu_input(name, np.ascontiguousarray(values))
            else:
                binding.bind_ortvalue_input(name, self._staged(name, values))
        binding.bind_output(FEATURES)
        session.run_with_iobinding(binding)
        vectors: NDArray[np.float32] = binding.copy_outputs_to_cpu()[0]
        return vectors

    def _staged(self, name: str, values: NDArray[Any]) -> OrtValue:
        """Return an input in memory that a GPU copies from; the next call of its size reuses it."""
        key = (get_ident(), name, values.shape, values.dtype.str)
        if key not in self._stages:
            self._stages[key] = devices.staging(self.device, values.shape, values.dtype.type)
        self._stages[key].numpy()[...] = values
        return self._stages[key]

    @cached_property
    def _stages(self) -> dict[tuple[int, str, tuple[int, ...], str], OrtValue]:
        return {}

    @property
    def batch(self) -> int:
        """Photographs or texts a call of the graph."""
        if self.card.export and self.card.export.precision == "int8":
            # One scale serves all values of a layer: beside others an input would come out
            # differently.
            return 1
        return _BATCH[self.device.kind]

    @cached_property
    def tokens(self) -> Tokens:
        """The tokenizer."""
        self._need("text")
        assert self.card.text is not None
        return Tokens(self.folder / TOKENIZER, self.card.text)

    def provenance(self, tower: Tower, *, rotate: bool = False) -> Provenance:
        """Return where vectors of a tower come from, for a table.

        `rotate` says whether photographs were turned as their EXIF data say.

        Raises
        ------
        OptionError
            There is no such tower, or its head takes other dimensions.
        """
        export = self.card.export
        self._need(tower)
        if self.heads is not None:
            width = self._session(tower).get_outputs()[0].shape[-1]
            # A graph of the user's own may not say.
            if isinstance(width, int):
                self.heads.check(tower, width, self.card.id)
        libraries = devices.versions(self.device)
        settings = {
            "device": self.device.kind,
            "tf32": "off",
            "precision": export.precision if export else "as the graph",
            **libraries,
        }
        rules = self.card.text if tower == "text" else None
        origin = Provenance(
            encoder=self.card.name,
            source=", ".join(f"{name} {value}" for name, value in settings.items()),
            sha256=self._sha256(self._graph(tower)),
            preprocessing=_describe_text(rules)
            if rules
            else image.describe(self._visual, rotate=rotate),
            licence=self.card.licence,
            random_weights=export.random_weights if export else None,
        )
        return self.card.heads.applied(origin, tower) if self.card.heads else origin

    def identity(self, tower: Tower, *, rotate: bool = False) -> str:
        """Return the sha256 of all that decides a tower's vectors, besides the inputs."""
        origin = self.provenance(tower, rotate=rotate)
        files = [f"{file.name} {self._sha256(file)}" for file in self._files()]
        versions = devices.versions(self.device)
        facts = [*files, origin.preprocessing, self.device.kind, self.batch, versions, _RULES]
        if self.heads is not None:
            facts.append(self.heads.sha256)
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    # -- within -------------------------------------------------------------------------------

    @property
    def _visual(self) -> Visual:
        self._need("visual")
        assert self.card.visual is not None
        return self.card.visual

    def _encode_batch(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self._need("text")
        ids, mask = self.tokens(texts)
        wanted = [one.name for one in self._session("text").get_inputs()]
        if not set(wanted) <= {IDS, MASK}:
            raise FormatError(
                f"{self._graph('text')} takes {', '.join(wanted)}; expected {IDS} and {MASK}"
            )
        inputs = {IDS: ids, MASK: mask}
        return self.compute("text", {name: inputs[name] for name in wanted})

    @cached_property
    def _sessions(self) -> dict[Tower, InferenceSession]:
        return {}

    def _need(self, tower: Tower) -> None:
        """Refuse a tower that is not there, and libraries that are not there."""
        if tower not in self.card.towers:
            kinds = {"visual": "photographs", "text": "texts"}
            raise OptionError(f"{self.card.name} encodes no {kinds[tower]}")
        extra, modules = _LIBRARIES[tower]
        for module in modules:
            if find_spec(module) is None:
                raise DataError(f"this takes {module}: pip install 'embarith[{extra}]'")

    def _session(self, tower: Tower) -> InferenceSession:
        self._need(tower)
        if tower not in self._sessions:
            export = self.card.export
            for file in self._files():
                if export and self._sha256(file) != export.files.get(file.name):
                    raise DataError(
                        f"{file} is not the exported file (its sha256 differs); export again"
                    )
            self._sessions[tower] = devices.start(self._graph(tower), self.device)
        return self._sessions[tower]

    def _files(self) -> list[Path]:
        """Return what decides the vectors: graphs, their data beside them, the tokenizer."""
        if self.card.export:
            return [self.folder / name for name in sorted(self.card.export.files)]
        files = (file for file in sorted(self.folder.iterdir()) if file.is_file())
        return [file for file in files if file.name != CARD]

    def _gather(self, batches: Iterator[NDArray[np.float32]]) -> NDArray[np.float32]:
        parts = list(batches)
        return np.concatenate(parts) if parts else np.empty((0, self.card.dimension), np.float32)

    def _graph(self, tower: Tower) -> Path:
        return self.folder / f"{tower}.onnx"

    def _sha256(self, file: Path) -> str:
        if file not in self._sums:
            if not file.is_file():
                raise DataError(f"{file} is missing; export the model again")
            self._sums[file] = sha256_of(file)
        return self._sums[file]

    @cached_property
    def _sums(self) -> dict[Path, str]:
        return {}


def load_encoder(
    encoder: str | Path, device: str = "auto", heads: Heads | None = None
) -> OnnxEncoder:
    """Load an exported model.

    Parameters
    ----------
    encoder : str or path
        The folder that `embarith export-onnx` wrote, the id of a model that it exported into the
        cache, or `onnx:PATH` for a folder of your own graph with its card.
    device : str
        `auto` for a GPU where there is one, `cpu`, `cuda` or `cuda:N`. What was asked for is what
        runs, or an error.
    heads : Heads, optional
        Applied to every vector, which then has unit length: `Heads.read(FILE)`.

    Returns
    -------
    OnnxEncoder
        With the methods `encode_images` and `encode_texts`.

    Raises
    ------
    DataError
        No such folder, or a model that was not exported yet; says how to.
    OptionError
        The device cannot be had, or the encoder was exported with heads.
    """
    return OnnxEncoder(find_folder(encoder), device, heads)


def is_encoder(spec: str | Path | None) -> bool:
    """Return whether a word of the command line stands for an encoder, not for a table."""
    text = str(spec or "")
    if not text:
        return False
    folders = (Path(text.removeprefix("onnx:")), default_folder(text))
    return text in CARDS or any((folder / CARD).is_file() for folder in folders)


def find_folder(encoder: str | Path) -> Path:
    """Return the folder of an encoder; see `load_encoder`."""
    text = str(encoder)
    path = Path(text.removeprefix("onnx:")).expanduser()
    if (path / CARD).is_file():
        return path
    if ":" in text:
        folder = default_folder(text)
        if (folder / CARD).is_file():
            return folder
    if text in CARDS:
        raise DataError(f"{text!r} is not exported yet: `embarith export-onnx {text}` does it")
    if path.is_dir():
        raise DataError(
            f"{str(path)!r} holds no {CARD}; `embarith export-onnx` writes such folders"
        )
    raise DataError(
        f"{text!r} is neither an exported folder nor the id of a model{nearest(text, CARDS)}"
        " (`embarith models list` shows the ids)"
    )


def default_folder(encoder: str) -> Path:
    """Return where an export goes when no folder is named: the cache."""
    import pooch

    plain = "".join(letter if letter.isalnum() or letter in "-._" else "-" for letter in encoder)
    return Path(pooch.os_cache("embarith")) / "encoders" / plain


def _card(folder: Path) -> Card:
    file = folder / CARD
    if not file.is_file():
        raise DataError(f"{str(folder)!r} holds no {CARD}")
    try:
        card = read_card(file.read_text(encoding="utf-8"), str(file))
    except UnicodeDecodeError as fault:
        raise FormatError(f"{file}: {fault}") from None
    if card.export is not None and _recorded(folder / PARITY) != sha256_of(file):
        raise DataError(
            f"{file} is not the exported file (its sha256 is not the one in {PARITY}); export again"
        )
    return card


def _recorded(proof: Path) -> str:
    """Return the sha256 that an export's card had."""
    try:
        return str(json.loads(proof.read_text(encoding="utf-8"))["files"][CARD])
    except FileNotFoundError:
        raise DataError(f"{proof} is missing; export the model again") from None
    except (ValueError, KeyError, TypeError):
        raise FormatError(f"{proof}: no record of an export; export the model again") from None


def _describe_text(rule: Text) -> str:
    case = "lower case" if rule.lower else "case kept"
    return f"tokenizer {rule.tokenizer}, {rule.context} tokens, cleaning {rule.clean}, {case}"


def ahead(work: Callable[[Item], Made], items: Iterable[Item], depth: int) -> Iterator[Made]:
    """Yield `work(item)` in order, done on other threads up to `depth` items ahead."""
    with ThreadPoolExecutor(_core.threads(), "embarith") as pool:
        waiting: deque[Future[Made]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= depth:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of `size` items, the last one shorter."""
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch
