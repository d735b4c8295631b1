"""`export`: a model in, a folder out that is proved equal to it, or no folder."""

from __future__ import annotations

import fcntl
import glob
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from embarith.encoders.card import (
    CARDS,
    Card,
    Export,
    Feature,
    Precision,
    Tower,
    read_card,
    write_card,
)
from embarith.encoders.heads import Heads
from embarith.encoders.image import to_tensor
from embarith.encoders.onnx import CARD, IDS, MASK, PARITY, PIXELS, TOKENIZER, OnnxEncoder
from embarith.encoders.text import Tokens
from embarith.errors import DataError, EmbarithError, OptionError
from embarith.export import graph, samples, tokenizer
from embarith.export.loading import Model, load
from embarith.export.parity import Parity, compare
from embarith.export.towers import tower as tower_of
from embarith.files import sha256_of
from embarith.progress import Progress

if TYPE_CHECKING:
    from torch import nn

_LIBRARIES = ("torch", "onnx", "onnxscript", "onnxruntime")


class ParityError(EmbarithError, ValueError):
    """A graph that does not give what its model gives; says which check failed, and by how much."""


@dataclass(frozen=True)
class Exported:
    """What `export` did.

    Parameters
    ----------
    folder : Path
    card : Card
        As it stands in the folder.
    parity : tuple of Parity
        One a tower.
    """

    folder: Path
    card: Card
    parity: tuple[Parity, ...]


def export(
    model: str,
    folder: str | Path,
    *,
    precision: Precision = "fp32",
    feature: Feature | None = None,
    towers: Sequence[Tower] | None = None,
    heads: Heads | None = None,
    random_weights: int | None = None,
    progress: Progress | None = None,
    tell: Callable[[str], None] | None = None,
) -> Exported:
    """Export a model and prove the export equal to it.

    Parameters
    ----------
    model : str
        Its id; see `embarith models list`.
    folder : path
        What to write; an older export there is replaced once the new one is proved.
    precision : {"fp32", "fp16", "int8"}
        Of the weights.
    feature : str, optional
        What to extract, one that the card offers; its default otherwise.
    towers : sequence of {"visual", "text"}, optional
        What to export; all whose tokenizer can be had otherwise.
    heads : Heads, optional
        What the graphs are to end in, that of photographs or that of texts.
    random_weights : int, optional
        Draw the weights with this seed instead of loading them.
    progress : callable, optional
        Called as `progress(stage, done, total)`.
    tell : callable, optional
        Called with a line on what is fetched, and from where, before that begins.

    Returns
    -------
    Exported

    Raises
    ------
    ParityError
        A tower failed its gate; nothing is left of the new folder.
    OptionError
        No such model, feature or tower, heads of other dimensions; or `folder` holds something
        else.
    DataError
        The weights, or the libraries that load them, cannot be had; says where to get them.
    """
    target = Path(folder).resolve()
    _check_target(target)
    say = progress or (lambda _stage, _done, _total: None)
    if heads is not None:
        _check_model(heads, model, feature, towers)
    say("loading", 0, 4)
    loaded = load(model, random_weights=random_weights, tell=tell)
    chosen = _choose(loaded.card, feature, towers)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _private(target) as private:
        made = private / target.name
        made.mkdir()
        found = samples.find()
        parity = []
        card = _drop_towers(loaded.card, chosen)
        dimension = card.dimension
        parts = {
            which: (tower_of(loaded, which, wanted), _inputs(loaded, which, found, made))
            for which, wanted in chosen.items()
        }
        if heads is not None:
            _check_towers(heads, parts, card.id)
        for done, (which, (module, inputs)) in enumerate(parts.items()):
            say(f"exporting {which}", done + 1, 4)
            reference = _run(module, inputs)
            if heads is not None:
                # By NumPy, which knows nothing of the graph.
                reference = heads.apply(which, reference).astype(np.float32)
            try:
                graph.write(module, _examples(inputs), made / f"{which}.onnx", precision)
                if heads is not None:
                    graph.append(heads.head(which), made / f"{which}.onnx")
            except EmbarithError:
                raise
            except Exception as fault:  # of three libraries, whose exceptions share no base class
                reason = str(fault).strip().splitlines()[0]
                raise DataError(
                    f"the {which} tower of {card.id} could not be exported: {reason}"
                ) from fault
            dimension = reference.shape[1]
            parity.append((which, inputs, reference))
        card = replace(
            card,
            dimension=dimension,
            export=Export(
                precision=precision,
                features=chosen,
                files={file.name: sha256_of(file) for file in sorted(made.iterdir())},
                weights_sha256=loaded.weights_sha256,
                random_weights=random_weights,
                versions={name: version(name) for name in _LIBRARIES},
            ),
            heads=heads.card if heads else None,
        )
        (made / CARD).write_text(write_card(card), encoding="utf-8")
        _record(made, ())
        say("proving", 3, 4)
        proofs = tuple(
            _prove(made, which, inputs, reference, found) for which, inputs, reference in parity
        )
        failed = [f"{one.tower}: {fault}" for one in proofs for fault in one.failed]
        if failed:
            raise ParityError(
                f"the export of {card.name} is not the model, and nothing was written: "
                f"{'; '.join(failed)}"
            )
        _record(made, proofs)
        if target.exists():
            target.rename(private / _OLDER)
        made.rename(target)
    say("done", 4, 4)
    return Exported(target, card, proofs)


def template(model: str) -> Card:
    """Return a card for a model that has none, as far as its library knows it.

    The architecture is built for it, without weights; see `embarith.export.loading.load`.
    """
    import torch

    loaded = load(model, random_weights=0)
    visual = loaded.card.visual
    if visual is None:
        return loaded.card
    module = tower_of(loaded, "visual", visual.features[0])
    with torch.inference_mode():
        vectors = module(torch.zeros(1, 3, visual.size, visual.size))
    return replace(loaded.card, dimension=vectors.shape[1])


Inputs = dict[str, NDArray[Any]]
_LOCK, _OLDER = "lock", "older"


def _record(made: Path, proofs: Sequence[Parity]) -> None:
    """Write the proofs, and the sha256 of every file that they speak of."""
    files = {file.name: sha256_of(file) for file in sorted(made.iterdir()) if file.name != PARITY}
    text = msgspec.json.encode({"files": files, "proofs": proofs})
    (made / PARITY).write_bytes(msgspec.json.format(text, indent=2) + b"\n")


@contextmanager
def _private(target: Path) -> Iterator[Path]:
    """Yield a folder beside the target, locked while its process lives."""
    _remove_leftovers(target)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as name:
        private = Path(name)
        with (private / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield private


def _remove_leftovers(target: Path) -> None:
    """Remove what was left by exports to this place that were killed."""
    for private in target.parent.glob(f".{glob.escape(target.name)}.????????"):
        with suppress(OSError):
            if not {file.name for file in private.iterdir()} <= {_LOCK, _OLDER, target.name}:
                continue
            with (private / _LOCK).open("r+") as lock:
                # Held by a process that lives: the next one.
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if (private / _OLDER).exists() and not target.exists():
                    (private / _OLDER).rename(target)
                shutil.rmtree(private)


def _check_target(target: Path) -> None:
    """Refuse to replace anything but an older export, or nothing."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    with suppress(OSError, UnicodeDecodeError, EmbarithError):
        older = read_card((target / CARD).read_text(encoding="utf-8"), CARD).export
        if older is not None:
            ours = {CARD, PARITY, *older.files}
            if {file.name for file in target.iterdir()} <= ours:
                return
    raise OptionError(f"{target} is there and no exported model; name another folder")


def _check_model(
    heads: Heads, model: str, feature: Feature | None, towers: Sequence[Tower] | None
) -> None:
    """Refuse, before weights are fetched, heads that do not fit and what was exported before."""
    folder = Path(model.removeprefix("onnx:").removeprefix("folder:")).expanduser()
    if any(folder.glob("*.onnx")):
        card = None
        with suppress(OSError, UnicodeDecodeError, EmbarithError):
            card = read_card((folder / CARD).read_text(encoding="utf-8"), CARD)
        if card is not None and card.heads is not None:
            raise OptionError(
                f"{model} holds graphs that end in heads already; to end in these instead, give "
                f"the id of the model, {card.id}"
            )
        raise OptionError(
            f"{model} holds graphs, and heads are folded in on the way to them: give the id of the "
            f"model, or apply heads with `embarith encode {folder} --heads FILE`"
        )
    if model in CARDS and feature is None:
        for which in _choose(CARDS[model], None, towers):
            heads.check(which, CARDS[model].dimension, model)


def _check_towers(heads: Heads, parts: Mapping[Tower, tuple[nn.Module, Inputs]], name: str) -> None:
    """Refuse heads that do not fit, by what the towers give of two inputs."""
    for which, (module, inputs) in parts.items():
        two = {key: values[:2] for key, values in inputs.items()}
        heads.check(which, _run(module, two).shape[1], f"the {which} tower of {name}")


def _choose(
    card: Card, feature: Feature | None, towers: Sequence[Tower] | None
) -> dict[Tower, Feature]:
    wanted = tuple(towers or card.towers)
    for which in wanted:
        if which not in card.towers:
            raise OptionError(f"{card.id} has no {which} tower; it has {', '.join(card.towers)}")
    if card.visual and card.text and card.text.tokenizer != "clip":
        if towers and "text" in towers:
            raise OptionError(
                f"the tokenizer of {card.id} lies on a hub ({card.text.tokenizer}) and is not "
                "exported; --tower visual exports the tower for photographs"
            )
        wanted = ("visual",)
    offered = {which: card.features(which) for which in wanted}
    if feature and not any(feature in ours for ours in offered.values()):
        known = sorted({one for ours in offered.values() for one in ours})
        raise OptionError(f"{card.id} gives no feature {feature!r}; there are {', '.join(known)}")
    return {
        which: feature if feature and feature in ours else ours[0]
        for which, ours in offered.items()
        if not feature or feature in ours
    }


def _drop_towers(card: Card, chosen: dict[Tower, Feature]) -> Card:
    return replace(
        card,
        visual=card.visual if "visual" in chosen else None,
        text=card.text if "text" in chosen else None,
    )


def _inputs(model: Model, which: Tower, found: samples.Samples, folder: Path) -> Inputs:
    if which == "visual":
        assert model.card.visual is not None
        visual = model.card.visual
        return {PIXELS: np.stack([to_tensor(one, visual) for one in found.photographs])}
    assert model.card.text is not None
    tokenizer.write(model, folder / TOKENIZER)
    ids, mask = Tokens(folder / TOKENIZER, model.card.text)(found.texts)
    return {IDS: ids, MASK: mask} if model.card.loader == "sentence" else {IDS: ids}


def _examples(inputs: Inputs) -> dict[str, Any]:
    import torch

    return {name: torch.from_numpy(values[:2]) for name, values in inputs.items()}


def _run(module: nn.Module, inputs: Inputs) -> NDArray[np.float32]:
    import torch

    parts = []
    count = len(next(iter(inputs.values())))
    with torch.inference_mode():
        for at in range(0, count, 8):
            batch = [torch.from_numpy(values[at : at + 8]) for values in inputs.values()]
            parts.append(module(*batch).float().numpy())
    return np.concatenate(parts)


def _prove(
    folder: Path,
    which: Tower,
    inputs: Inputs,
    reference: NDArray[np.float32],
    found: samples.Samples,
) -> Parity:
    encoder = OnnxEncoder(folder, "cpu")
    card = encoder.card
    assert card.export is not None

    def run(batch: Inputs) -> NDArray[np.float32]:
        count = len(next(iter(batch.values())))
        try:
            vectors = encoder.compute(which, batch)
        except Exception as fault:  # onnxruntime's own exceptions share no base class
            reason = str(fault).strip().splitlines()[-1]
            raise ParityError(
                f"{which}: the graph does not take a batch of {count}: {reason}"
            ) from None
        if vectors.shape != (count, reference.shape[1]):
            raise ParityError(
                f"{which}: a batch of {count} gives vectors of shape {vectors.shape}, the model "
                f"{(count, reference.shape[1])}"
            )
        return vectors

    def encode(part: slice) -> NDArray[np.float32]:
        size = min(encoder.batch, part.stop - part.start)
        starts = range(part.start, min(part.stop, len(reference)), size)
        batches = (slice(at, min(at + size, part.stop)) for at in starts)
        return np.concatenate(
            [run({name: values[one] for name, values in inputs.items()}) for one in batches]
        )

    return compare(
        which,
        reference,
        encode,
        samples=found.photographs_from if which == "visual" else found.texts_from,
        precision=card.export.precision,
        gate=None if card.export.random_weights is not None else card.gate,
    )
