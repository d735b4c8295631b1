"""Many inputs to one table: in shards that survive any end of the process, nothing done twice."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from embarith import storage
from embarith.encoders import image
from embarith.encoders.card import Tower
from embarith.encoders.onnx import Encoder, OnnxEncoder, ahead, batches
from embarith.errors import EmbarithError, FormatError, OptionError, TableError
from embarith.files import replacing
from embarith.progress import Progress
from embarith.provenance import Provenance
from embarith.table import EmbeddingTable

SHARD = 256
"""Inputs a shard: what a crash may cost, and what is lost to its last, short batch."""

Digest = str


@dataclass(frozen=True)
class Texts:
    """Labels, and the texts whose vectors are averaged for each.

    Parameters
    ----------
    labels : sequence of str, length n
        Unique.
    sentences : sequence of sequence of str, length n
        Of one sentence the vector is taken as it is; of several the mean of unit vectors.
    pooling : str
        How provenance calls that.
    """

    labels: Sequence[str]
    sentences: Sequence[Sequence[str]]
    pooling: str = ""


@dataclass(frozen=True)
class Photographs:
    """Labels and the files of photographs.

    Parameters
    ----------
    labels : sequence of str, length n
        Unique.
    paths : sequence of path, length n
    rotate : bool
        Whether to turn them as their EXIF data say.
    """

    labels: Sequence[str]
    paths: Sequence[Path]
    rotate: bool = False


@dataclass(frozen=True)
class Encoded:
    """What `encode` did.

    Parameters
    ----------
    table : EmbeddingTable
        Opened from its file.
    faults : mapping of str to str
        Inputs that were left out, by label, and why.
    computed, reused : int
        Different inputs that were encoded now, and that were encoded before.
    """

    table: EmbeddingTable
    faults: Mapping[str, str]
    computed: int
    reused: int


Fault = Callable[[str, str], None]
"""Called as ``on_fault(label, reason)`` for every input that is left out."""


def encode(
    encoder: Encoder,
    inputs: Texts | Photographs,
    path: str | Path | None = None,
    *,
    progress: Progress | None = None,
    on_fault: Fault | None = None,
) -> Encoded:
    """Encode texts or photographs into the table at `path`, going on where an earlier run ended.

    Every shard is written when it is done, into `PATH.part`; a run that ends early, however it
    ends, is taken up by the next one, and the table is the same to the byte as of one run. Inputs
    that a finished table holds, and equal inputs, are not encoded again.

    Parameters
    ----------
    encoder : Encoder
        One of `load_encoder`, or any object with its two methods; shards of the latter are told
        apart by its `repr`.
    inputs : Texts or Photographs
    path : path, optional
        Of the table; without one it is kept in the cache, by encoder and inputs.
    progress : callable, optional
        Called as `progress(stage, done, total)` in inputs.
    on_fault : callable, optional
        Called as `on_fault(label, reason)` for a photograph that cannot be used.

    Returns
    -------
    Encoded

    Raises
    ------
    OptionError
        Another process writes this table.
    FormatError
        Not one photograph could be used.
    TableError
        Labels that repeat, or vectors that are zero or not finite.
    """
    if len(set(inputs.labels)) != len(inputs.labels):
        label = next(label for label, count in Counter(inputs.labels).items() if count > 1)
        raise TableError(f"label {label!r} stands twice among the inputs; a table has each once")
    work = _work(encoder, inputs)
    path = Path(path) if path else _cached(work, inputs)
    with _alone(path) as part:
        digests, faults = _digests(inputs, on_fault)
        known = _known(path, work.identity)
        todo = [one for one in dict.fromkeys(digests.values()) if one not in known]
        reused = len(set(digests.values()) & set(known))
        sources = {digest: place for place, digest in reversed(digests.items())}
        done = 0
        for shard in batches(todo, SHARD):
            vectors, bad = _shard(part, work, shard, [sources[digest] for digest in shard])
            known.update(vectors)
            for place, digest in digests.items():
                if digest in bad:
                    faults[place] = bad[digest]
                    if on_fault:
                        on_fault(inputs.labels[place], bad[digest])
            done += len(shard)
            if progress:
                progress("encoding", done, len(todo))
        kept = [place for place in range(len(inputs.labels)) if place not in faults]
        if not kept:
            named = "; ".join(list(dict.fromkeys(faults.values()))[:3])
            raise FormatError(f"none of {len(inputs.labels)} inputs could be encoded: {named}")
        table = EmbeddingTable.from_arrays(
            [inputs.labels[place] for place in kept],
            np.stack([known[digests[place]] for place in kept]),
            provenance=work.provenance,
        )
        made_of = storage.MadeOf(work.identity, pa.array([digests[place] for place in kept]))
        if not _finished(path, table, made_of):
            table.save(path, made_of=made_of)
    return Encoded(
        EmbeddingTable.open(path),
        {inputs.labels[place]: reason for place, reason in sorted(faults.items())},
        len(todo),
        reused,
    )


# -- what is done with one input -------------------------------------------------------------


@dataclass(frozen=True)
class _Work:
    """How inputs, by their places, become vectors or reasons why not."""

    identity: str
    provenance: Provenance
    run: Callable[[Sequence[int]], Iterator[NDArray[np.float32] | str]]


def _work(encoder: Encoder, inputs: Texts | Photographs) -> _Work:
    tower: Tower = "text" if isinstance(inputs, Texts) else "visual"
    if isinstance(encoder, OnnxEncoder):
        rotate = isinstance(inputs, Photographs) and inputs.rotate
        identity = encoder.identity(tower, rotate=rotate)
        provenance = encoder.provenance(tower, rotate=rotate)
    else:
        name = repr(encoder)
        identity, provenance = hashlib.sha256(name.encode()).hexdigest(), Provenance(encoder=name)
    if isinstance(inputs, Texts):
        provenance = replace(provenance, pooling=inputs.pooling)
        return _Work(identity, provenance, lambda places: _run_texts(encoder, inputs, places))
    return _Work(identity, provenance, lambda places: _run_images(encoder, inputs, places))


def _run_texts(
    encoder: Encoder, inputs: Texts, places: Sequence[int]
) -> Iterator[NDArray[np.float32] | str]:
    texts = [text for place in places for text in inputs.sentences[place]]
    vectors = iter(encoder.encode_texts(texts))
    for place in places:
        ours = np.stack([next(vectors) for _ in inputs.sentences[place]])
        if len(ours) == 1:
            yield ours[0]
        else:
            wide = ours.astype(np.float64)
            unit = wide / np.linalg.norm(wide, axis=1, keepdims=True)
            yield unit.mean(axis=0).astype(np.float32)


def _run_images(
    encoder: Encoder, inputs: Photographs, places: Sequence[int]
) -> Iterator[NDArray[np.float32] | str]:
    def load(place: int) -> NDArray[np.float32] | NDArray[np.uint8] | str:
        try:
            photograph = image.read_photograph(inputs.paths[place], rotate=inputs.rotate)
            return encoder.prepare(photograph) if isinstance(encoder, OnnxEncoder) else photograph
        except (EmbarithError, OSError) as fault:
            return _reason(fault)

    run: Callable[[Sequence[Any]], NDArray[np.float32]] = encoder.encode_images
    size = 32
    if isinstance(encoder, OnnxEncoder):
        run, size = encoder.encode_tensors, encoder.batch
    for batch in batches(ahead(load, places, 2 * size), size):
        whole = [one for one in batch if not isinstance(one, str)]
        vectors = iter(run(whole) if whole else ())
        for one in batch:
            yield one if isinstance(one, str) else next(vectors)


def _reason(fault: Exception) -> str:
    if isinstance(fault, OSError) and fault.strerror:
        return f"{fault.filename}: {fault.strerror}"
    return str(fault)


def _digests(
    inputs: Texts | Photographs, on_fault: Fault | None
) -> tuple[dict[int, Digest], dict[int, str]]:
    """Return the hash of every input's content, and why some have none."""
    digests: dict[int, Digest] = {}
    faults: dict[int, str] = {}
    if isinstance(inputs, Texts):
        for place, sentences in enumerate(inputs.sentences):
            try:
                digests[place] = hashlib.sha256(json.dumps(list(sentences)).encode()).hexdigest()
            except UnicodeEncodeError:
                raise OptionError(f"text {inputs.labels[place]!r} is no Unicode text") from None
        return digests, faults
    for place, file in enumerate(inputs.paths):
        try:
            digests[place] = hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError as fault:
            faults[place] = _reason(fault)
            if on_fault:
                on_fault(inputs.labels[place], faults[place])
    return digests, faults


def _cached(work: _Work, inputs: Texts | Photographs) -> Path:
    import pooch

    named = json.dumps([work.identity, list(inputs.labels)])
    name = hashlib.sha256(named.encode(errors="surrogatepass")).hexdigest()
    return Path(pooch.os_cache("embarith")) / "encoded" / f"{name}.arrow"


# -- what is on disk -------------------------------------------------------------------------


@contextmanager
def _alone(path: Path) -> Iterator[Path]:
    """Yield the folder of shards, locked; it goes when the table is there."""
    part = Path(f"{path}.part")
    part.mkdir(parents=True, exist_ok=True)
    with (part / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OptionError(f"{path}: another process is writing this table") from None
        # Who waited may hold the lock of a folder that its predecessor removed.
        if not (part / "lock").exists() or os.fstat(lock.fileno()).st_nlink == 0:
            raise OptionError(f"{path}: another process has just written this table; try again")
        yield part
        shutil.rmtree(part)


def _known(path: Path, identity: str) -> dict[Digest, NDArray[np.float32]]:
    """Return vectors by the hash of their inputs, out of a finished table of this encoder."""
    made_of = storage.load_made_of(path)
    if made_of is None or made_of.encoder != identity:
        return {}
    with suppress(EmbarithError):
        table = EmbeddingTable.open(path)
        table.verify()
        return dict(zip(made_of.inputs.to_pylist(), table.vectors, strict=True))
    return {}


def _finished(path: Path, table: EmbeddingTable, made_of: storage.MadeOf) -> bool:
    """Return whether the file at `path` is this very table."""
    stored = storage.load_made_of(path)
    if stored is None or stored != made_of:
        return False
    there = EmbeddingTable.open(path)
    return there.sha256 == table.sha256 and there.provenance == table.provenance


def _shard(
    part: Path, work: _Work, digests: Sequence[Digest], places: Sequence[int]
) -> tuple[dict[Digest, NDArray[np.float32]], dict[Digest, str]]:
    """Return the vectors of a shard, computed unless its file is there, and its faults."""
    name = hashlib.sha256("\n".join([work.identity, *digests]).encode()).hexdigest()
    file = part / f"{name}.safetensors"
    try:
        rows = load_file(file)
    except (FileNotFoundError, SafetensorError):
        results = dict(zip(digests, work.run(places), strict=True))
        rows = {
            digest: np.frombuffer(one.encode(), np.uint8)
            if isinstance(one, str)
            else np.ascontiguousarray(one, dtype=np.float32)
            for digest, one in results.items()
        }
        with replacing(file) as temporary:
            temporary.write_bytes(save(rows))
    vectors = {digest: rows[digest] for digest in digests if rows[digest].dtype == np.float32}
    bad = {digest: rows[digest].tobytes().decode() for digest in digests if digest not in vectors}
    return vectors, bad
