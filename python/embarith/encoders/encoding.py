"""Many inputs to one table: in shards that survive any end of the process, nothing done twice."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
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
from embarith.files import read_regular, replacing
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
        Different inputs that were encoded now, and whose vectors were there.
    cut : int
        Texts of more tokens than the model takes, which lost their ends.
    """

    table: EmbeddingTable
    faults: Mapping[str, str]
    computed: int
    reused: int
    cut: int = 0


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
        One of `load_encoder`, or any object with its two methods and a `__repr__` that names it
        and its version.
    inputs : Texts or Photographs
    path : path, optional
        Of the table; without one it is kept in the cache, by encoder and inputs.
    progress : callable, optional
        Called as `progress(stage, done, total)` in inputs.
    on_fault : callable, optional
        Called as `on_fault(label, reason)` for an input that cannot be used: a photograph that is
        none, or a vector that is zero or not finite.

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
        A label that repeats or is no Unicode text.
    """
    _check_labels(inputs)
    work = _work(encoder, inputs)
    path = Path(path) if path else _cached(work, inputs)
    if path.exists() and not storage.is_table(path):
        raise OptionError(f"{path} is there and no table; name another file")
    with _alone(path) as part:
        digests, faults = _digests(inputs)
        known = _known(path, work.identity)
        todo = [one for one in dict.fromkeys(digests.values()) if one not in known]
        computed = 0
        places = {digest: place for place, digest in reversed(digests.items())}
        bad: dict[Digest, str] = {}
        for place, reason in faults.items():
            _tell(on_fault, inputs.labels[place], reason)
        for done, (shard, is_new) in enumerate(_shards(part, work, todo, places), 1):
            computed += is_new * sum(not isinstance(one, str) for one in shard.values())
            for digest, result in shard.items():
                if isinstance(result, str):
                    bad[digest] = result
                    _tell(on_fault, inputs.labels[places[digest]], result)
                else:
                    known[digest] = result
            if progress:
                progress("encoding", min(done * SHARD, len(todo)), len(todo))
        faults |= {place: bad[digest] for place, digest in digests.items() if digest in bad}
        kept = [place for place in range(len(inputs.labels)) if place not in faults]
        if not kept:
            named = "; ".join(list(dict.fromkeys(faults.values()))[:3])
            raise FormatError(f"none of {len(inputs.labels)} inputs could be encoded: {named}")
        rows = [known[digests[place]] for place in kept]
        if len({len(row) for row in rows}) > 1:
            raise OptionError(
                f"{work.provenance.encoder} gave vectors of different lengths; shards of an older "
                f"version may lie in {part}, which can be removed"
            )
        table = EmbeddingTable.from_arrays(
            [inputs.labels[place] for place in kept], np.stack(rows), provenance=work.provenance
        )
        made_of = storage.MadeOf(work.identity, pa.array([digests[place] for place in kept]))
        if not _finished(path, table, made_of):
            table.save(path, made_of=made_of)
    return Encoded(
        EmbeddingTable.open(path),
        {inputs.labels[place]: reason for place, reason in sorted(faults.items())},
        computed,
        len({digests[place] for place in kept}) - computed,
        work.cut,
    )


def _check_labels(inputs: Texts | Photographs) -> None:
    """Refuse now what a table would refuse after all the work."""
    sources = inputs.sentences if isinstance(inputs, Texts) else inputs.paths
    if len(sources) != len(inputs.labels) or not inputs.labels:
        raise OptionError(f"{len(inputs.labels)} labels for {len(sources)} inputs to encode")
    if isinstance(inputs, Texts):
        for label, sentences in zip(inputs.labels, inputs.sentences, strict=True):
            if isinstance(sentences, str) or not sentences:
                raise OptionError(f"the sentences of {label!r} are {sentences!r}; expected a list")
    seen = set()
    for label in inputs.labels:
        if _SURROGATE.search(label) and isinstance(inputs, Texts):
            raise OptionError(f"text {label!r} is no Unicode text")
        if label in seen:
            raise TableError(f"label {label!r} stands twice among the inputs; a table has it once")
        seen.add(label)


_SURROGATE = re.compile("[\ud800-\udfff]")


def _tell(on_fault: Fault | None, label: str, reason: str) -> None:
    if on_fault:
        # A name of bytes that are no text has to be shown all the same.
        shown = (text.encode(errors="backslashreplace").decode() for text in (label, reason))
        on_fault(*shown)


# -- what is done with one input -------------------------------------------------------------


Vector = NDArray[np.float32]


@dataclass(frozen=True)
class _Work:
    """How inputs, by their places and hashes, become vectors or reasons why not."""

    identity: str
    provenance: Provenance
    run: Callable[[Mapping[int, Digest]], Iterator[Vector | str]]
    cut: int = 0


def _work(encoder: Encoder, inputs: Texts | Photographs) -> _Work:
    tower: Tower = "text" if isinstance(inputs, Texts) else "visual"
    rotate = isinstance(inputs, Photographs) and inputs.rotate
    if isinstance(encoder, OnnxEncoder):
        identity = encoder.identity(tower, rotate=rotate)
        provenance = encoder.provenance(tower, rotate=rotate)
    elif type(encoder).__repr__ is object.__repr__:
        raise OptionError(
            f"{type(encoder).__name__} has no __repr__ of its own, which is to tell its vectors "
            "apart from those of other encoders: return its name and version there"
        )
    else:
        named = json.dumps([repr(encoder), tower, rotate])
        identity = hashlib.sha256(named.encode()).hexdigest()
        provenance = Provenance(encoder=repr(encoder))
    if isinstance(inputs, Texts):
        alone = all(len(sentences) == 1 for sentences in inputs.sentences)
        provenance = replace(
            provenance, pooling=inputs.pooling, normalized=provenance.normalized and alone
        )
        cut = _count_cut(encoder, inputs) if isinstance(encoder, OnnxEncoder) else 0
        if cut:
            rules = f"{provenance.preprocessing}, {cut} of the texts cut at that length"
            provenance = replace(provenance, preprocessing=rules)
        return _Work(identity, provenance, lambda todo: _run_texts(encoder, inputs, todo), cut)
    return _Work(identity, provenance, lambda todo: _run_images(encoder, inputs, todo))


def _count_cut(encoder: OnnxEncoder, inputs: Texts) -> int:
    # Of all inputs, those whose vectors are there included: the table is the same either way.
    texts = (text for sentences in inputs.sentences for text in sentences)
    return sum(encoder.tokens.cut(batch) for batch in batches(texts, 4 * SHARD))


def _run_texts(
    encoder: Encoder, inputs: Texts, todo: Mapping[int, Digest]
) -> Iterator[Vector | str]:
    for places in batches(todo, SHARD):
        texts = [text for place in places for text in inputs.sentences[place]]
        vectors = iter(
            _as_vectors(encoder, "encode_texts", encoder.encode_texts(texts), len(texts))
        )
        for place in places:
            ours = np.stack([next(vectors) for _ in inputs.sentences[place]])
            yield _checked(ours[0] if len(ours) == 1 else _mean_direction(ours))


def _mean_direction(vectors: Vector) -> Vector:
    wide = vectors.astype(np.float64)
    with np.errstate(invalid="ignore"):  # of zero vectors, which have no direction
        unit = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    mean: Vector = unit.mean(axis=0).astype(np.float32)
    return mean


def _run_images(
    encoder: Encoder, inputs: Photographs, todo: Mapping[int, Digest]
) -> Iterator[Vector | str]:
    def load(place: int) -> NDArray[np.float32] | NDArray[np.uint8] | str:
        file = inputs.paths[place]
        try:
            data = read_regular(file)
            if hashlib.sha256(data).hexdigest() != todo[place]:
                return f"{file}: changed while it was being encoded"
            photograph = image.decode(data, str(file), rotate=inputs.rotate)
            return encoder.prepare(photograph) if isinstance(encoder, OnnxEncoder) else photograph
        except (EmbarithError, OSError) as fault:
            return _reason(fault)

    run: Callable[[Sequence[Any]], Any] = encoder.encode_images
    size = 32
    if isinstance(encoder, OnnxEncoder):
        run, size = encoder.encode_tensors, encoder.batch
    # A batch keeps to its shard, so that vectors do not depend on which shards are there.
    size = min(size, SHARD)
    for batch in batches(ahead(load, todo, 2 * size), size):
        whole = [one for one in batch if not isinstance(one, str)]
        found = run(whole) if whole else ()
        vectors = iter(_as_vectors(encoder, "encode_images", found, len(whole)) if whole else ())
        for one in batch:
            yield one if isinstance(one, str) else _checked(next(vectors))


def _as_vectors(encoder: Encoder, method: str, result: Any, count: int) -> Vector:
    """Return what an encoder gave as float32; refuse what is no matrix with a row an input."""
    try:
        vectors = np.asarray(result)
    except ValueError:  # rows of different lengths
        vectors = np.asarray(None)
    if vectors.dtype.kind not in "fiu" or vectors.ndim != 2 or vectors.shape[1] < 1:
        raise OptionError(
            f"{method} of {encoder!r} gave {type(result).__name__} of {vectors.dtype} and shape "
            f"{vectors.shape}; expected float32 of shape ({count}, d)"
        )
    if len(vectors) != count:
        raise OptionError(f"{method} of {encoder!r} gave {len(vectors)} rows for {count} inputs")
    with np.errstate(over="ignore"):  # to infinity, which is told of its input
        return vectors.astype(np.float32)


def _checked(vector: Vector) -> Vector | str:
    if not np.isfinite(vector).all():
        return "its vector holds values that are not finite"
    return vector if vector.any() else "its vector is zero and has no direction"


def _reason(fault: Exception) -> str:
    if isinstance(fault, OSError) and fault.strerror:
        return f"{fault.filename}: {fault.strerror}"
    return str(fault)


def _digests(inputs: Texts | Photographs) -> tuple[dict[int, Digest], dict[int, str]]:
    """Return the hash of every input's content, and why some have none."""
    digests: dict[int, Digest] = {}
    faults: dict[int, str] = {}
    if isinstance(inputs, Texts):
        for place, sentences in enumerate(inputs.sentences):
            digests[place] = hashlib.sha256(json.dumps(list(sentences)).encode()).hexdigest()
        return digests, faults
    for place, file in enumerate(inputs.paths):
        if _SURROGATE.search(inputs.labels[place]):
            faults[place] = "its name is no Unicode text; rename it"
            continue
        try:
            digests[place] = hashlib.sha256(read_regular(file)).hexdigest()
        except OSError as fault:
            faults[place] = _reason(fault)
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
    late = OptionError(f"{path}: another process has just written this table; try again")
    try:
        lock = (part / "lock").open("w")
    except FileNotFoundError:
        raise late from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OptionError(f"{path}: another process is writing this table") from None
        if os.fstat(lock.fileno()).st_nlink == 0:
            raise late
        yield part
        # A late comer may look in meanwhile.
        shutil.rmtree(part, ignore_errors=True)


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


def _shards(
    part: Path, work: _Work, todo: Sequence[Digest], places: Mapping[Digest, int]
) -> Iterator[tuple[dict[Digest, Vector | str], bool]]:
    """Yield the results of every shard, and whether they were computed now."""
    shards = {}
    for digests in batches(todo, SHARD):
        name = hashlib.sha256("\n".join([work.identity, *digests]).encode()).hexdigest()
        shards[part / f"{name}.safetensors"] = digests
    found = {file: _read_shard(file) for file in shards}
    absent = [digests for file, digests in shards.items() if found[file] is None]
    # One stream through all of them, so that inputs are made ready while the last shard computes.
    stream = work.run({places[digest]: digest for digests in absent for digest in digests})
    for file, digests in shards.items():
        results = found.pop(file)
        if results is not None:
            yield results, False
            continue
        results = dict(zip(digests, islice(stream, len(digests)), strict=True))
        _write_shard(file, results)
        yield results, True


def _read_shard(file: Path) -> dict[Digest, Vector | str] | None:
    try:
        rows = load_file(file)
    except (FileNotFoundError, SafetensorError):
        return None
    return {
        digest: row if row.dtype == np.float32 else row.tobytes().decode()
        for digest, row in rows.items()
    }


def _write_shard(file: Path, results: Mapping[Digest, Vector | str]) -> None:
    rows = {
        digest: np.frombuffer(one.encode(), np.uint8)
        if isinstance(one, str)
        else np.ascontiguousarray(one, dtype=np.float32)
        for digest, one in results.items()
    }
    with replacing(file) as temporary:
        temporary.write_bytes(save(rows))
