"""EmbeddingTable: labels, one contiguous matrix, and where they came from."""

from __future__ import annotations

import hashlib
import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from embarith import _core, storage
from embarith.checks import (
    as_count,
    as_integers,
    as_matrix,
    as_queries,
    as_rows,
    check_directions,
    find_faults,
)
from embarith.draws import generator
from embarith.errors import MissingLabelError, OptionError, TableError, nearest
from embarith.files import replacing
from embarith.labels import as_labels, index_of, label_bytes
from embarith.provenance import Provenance

Similarity = Literal["cosine", "spearman"]
Weighted = str | ArrayLike | tuple[str | ArrayLike, float]


class EmbeddingTable:
    """Labels and their vectors: immutable, contiguous, checked once.

    Build one with `from_arrays`, `open` or `embarith.read`. Rows are finite and non-zero, labels
    unique and non-empty. Vectors are float32 and keep their lengths; search is by cosine, so unit
    and raw tables answer alike.

    Examples
    --------
    >>> import numpy as np
    >>> vectors = np.array([[3, 0], [0, 2], [4, 3]], dtype=np.float32)
    >>> table = EmbeddingTable.from_arrays(["east", "north", "northeast"], vectors)
    >>> len(table), table.dimensions, "north" in table
    (3, 2, True)
    >>> table["north"]
    array([0., 2.], dtype=float32)
    >>> table.most_similar("east", topn=1)
    [('northeast', 0.8)]
    """

    def __init__(
        self, labels: pa.StringArray, vectors: NDArray[np.float32], provenance: Provenance
    ) -> None:
        # Checked by the constructors below; this one only holds what it is given.
        self._labels = labels
        self.vectors = vectors
        self.provenance = provenance
        # Of a file that was checked when it was written, and is trusted until it is used.
        self._path: Path | None = None
        self._known_sha256: str | None = None
        self._known_lengths: int | None = None

    # -- construction -------------------------------------------------------------------------

    @classmethod
    def from_arrays(
        cls,
        labels: Sequence[str] | pa.StringArray,
        vectors: NDArray[Any],
        *,
        provenance: Provenance | None = None,
        on_bad: Literal["raise", "drop"] = "raise",
    ) -> EmbeddingTable:
        """Make a table of labels and vectors, checking both.

        Parameters
        ----------
        labels : sequence of str, length n
            Unique and non-empty.
        vectors : ndarray of float32 or float16, shape (n, d), C-contiguous
            float32 is taken without a copy and must not be written to afterwards; float16 is
            widened once.
        provenance : Provenance, optional
            Where the vectors came from.
        on_bad : {"raise", "drop"}
            What to do with rows that hold NaN or infinity, are all zero, or whose label is empty
            or a repetition: refuse the table, or leave those rows out and count them.

        Raises
        ------
        TableError
            Names the label and row at fault, or the dtype and strides of an unsuitable array.
        """
        matrix = as_matrix(vectors)
        names = as_labels(labels)
        if len(names) != len(matrix):
            raise TableError(f"{len(names)} labels for {len(matrix)} rows; give one label a row")
        origin = provenance or Provenance(encoder="arrays")
        faults = find_faults(names, matrix, _core.row_norms(matrix))
        if faults:
            if on_bad == "raise":
                row, fault = next(iter(faults.items()))
                label = names[row].as_py()
                raise TableError(
                    f"row {row} (label {label!r}): {fault}"
                    + (f" ({len(faults)} such rows)" if len(faults) > 1 else "")
                    + "; on_bad='drop' leaves such rows out"
                )
            keep = np.setdiff1d(np.arange(len(names)), np.fromiter(faults, np.int64))
            if not len(keep):
                raise TableError("no row is left after dropping the bad ones")
            names, matrix = names.take(pa.array(keep)), _taken(matrix, keep)
            origin = replace(origin, dropped=origin.dropped + len(faults))
        return cls(names, _read_only(matrix), origin)

    @classmethod
    def open(cls, path: str | Path) -> EmbeddingTable:
        """Memory-map a table saved by `save`, in time that does not grow with its size.

        An Arrow IPC file of the same columns that others wrote is checked whole.

        Raises
        ------
        FormatError
            The file is no Arrow IPC file of one record batch with columns `label` and `vector`.
        """
        stored = storage.load(path)
        if stored.sha256 is None:
            return cls.from_arrays(stored.labels, stored.vectors, provenance=stored.provenance)
        table = cls(stored.labels, stored.vectors, stored.provenance)
        table._path = Path(path)
        table._known_sha256 = stored.sha256
        table._known_lengths = stored.lengths
        return table

    def save(self, path: str | Path, *, made_of: storage.MadeOf | None = None) -> None:
        """Write the table as one Arrow IPC file, atomically (temporary file, fsync, rename).

        pyarrow, polars, pandas and DuckDB read the file without embarith. Beside a table that is
        large enough to repay it, `PATH.shadow` keeps what makes search fast, a quarter of the
        table's size; it may be deleted.

        Parameters
        ----------
        path : path
        made_of : MadeOf, optional
            What an encoder made the rows of, kept beside them.

        Raises
        ------
        TableError
            The table is itself a file that was damaged since.

        Warns
        -----
        UserWarning
            The table is written, but not its shadow, for which there is no room, say.
        """
        self.verify()
        storage.store(path, self._stored(), made_of)
        shadow = storage.shadow_of(path)
        try:
            if self.searcher.repays_shadow:
                with replacing(shadow) as temporary:
                    self.searcher.save_shadow(temporary, bytes.fromhex(self.sha256))
            elif shadow.is_file():
                shadow.unlink()
        except (OSError, OptionError) as error:
            # Such as a disk that the table just fitted on.
            warnings.warn(
                f"{shadow} could not be written ({getattr(error, 'strerror', None) or error}); the "
                "table is whole, but its first search takes longer",
                stacklevel=2,
            )
            if shadow.is_file():
                shadow.unlink()  # that of an older table

    def _stored(self) -> storage.Stored:
        lengths = _checksum(self.norms)
        return storage.Stored(self.labels, self.vectors, self.provenance, self.sha256, lengths)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy needs; it makes the core's objects anew."""
        return {k: v for k, v in self.__dict__.items() if k not in ("searcher", "_index")}

    # -- looking up ---------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._labels)

    def __repr__(self) -> str:
        return f"<EmbeddingTable {self.provenance.encoder!r}: {len(self)} × {self.dimensions}>"

    @cached_property
    def labels(self) -> pa.StringArray:
        """Labels in row order, as an Arrow array.

        Raises
        ------
        TableError
            The file that they come from was damaged.
        """
        if self._known_sha256 is not None:
            try:
                self._labels.validate(full=True)
            except pa.ArrowInvalid as error:
                raise TableError(f"{self._damaged}: {error}") from None
        return self._labels

    @property
    def _damaged(self) -> str:
        return f"{self._path or self.provenance.encoder} is damaged; make it again from its source"

    @contextmanager
    def naming_damage(self) -> Iterator[None]:
        """Name file and label where the core finds a row that was damaged.

        Raises
        ------
        TableError
            The row that the core named, with its label.
        """
        try:
            yield
        except TableError as error:
            if error.row is None:
                raise
            row, label = f"row {error.row}", self.labels[error.row].as_py()
            named = str(error).replace(row, f"{row} (label {label!r})")
            raise TableError(f"{self._damaged}: {named}") from None

    def check_rows(self, rows: NDArray[np.int64] | slice = slice(None)) -> None:
        """Check that rows have the lengths that they had when the table was checked.

        Raises
        ------
        TableError
            Names the row that was damaged since.
        """
        numbers = np.arange(len(self))[rows]
        for start in range(0, len(numbers), _BLOCK):
            block = numbers[start : start + _BLOCK]
            damaged = block[_core.row_norms(self.vectors[block]) != self.norms[block]]
            if len(damaged):
                with self.naming_damage():
                    error = TableError(f"row {damaged[0]} was changed since it was checked")
                    error.row = int(damaged[0])
                    raise error

    @property
    def dimensions(self) -> int:
        """Length of every vector."""
        return int(self.vectors.shape[1])

    @cached_property
    def index_to_key(self) -> list[str]:
        """Labels in row order."""
        keys: list[str] = self.labels.to_pylist()
        return keys

    @cached_property
    def key_to_index(self) -> dict[str, int]:
        """Row number of every label."""
        return {label: row for row, label in enumerate(self.index_to_key)}

    @cached_property
    def sha256(self) -> str:
        """Hash of the content: labels, shape and vectors; provenance does not count."""
        return self._known_sha256 or self._hashed()

    def verify(self) -> None:
        """Check the content of an opened file against the hash that it was saved with.

        `open` leaves that out, because it takes time that grows with the file.

        Raises
        ------
        TableError
            The file was damaged since it was saved.
        """
        if self._known_sha256 is not None and self._hashed() != self._known_sha256:
            raise TableError(f"{self._damaged}: its content does not match its hash")

    def _hashed(self) -> str:
        digest = hashlib.sha256(f"{len(self)} {self.dimensions}\n".encode())
        digest.update(label_bytes(self.labels))
        for start in range(0, len(self), _BLOCK):
            digest.update(self.vectors[start : start + _BLOCK].astype("<f4", copy=False).data)
        return digest.hexdigest()

    def __iter__(self) -> Iterator[str]:
        return iter(self.index_to_key)

    @cached_property
    def _index(self) -> _core.LabelIndex:
        return index_of(self.labels)

    def __contains__(self, label: object) -> bool:
        return isinstance(label, str) and self._index.rows([label])[0] >= 0

    def __getitem__(self, label: str | Sequence[str]) -> NDArray[np.float32]:
        """Return the vector of a label, shape (d,), or of several, shape (n, d)."""
        if isinstance(label, str):
            vector: NDArray[np.float32] = self.vectors[self._row(label)]
            return vector
        if not isinstance(label, Iterable):
            raise TypeError(f"{label!r} is no label; rows by number are in table.vectors")
        return self.vectors[[self._row(one) for one in label]]

    def _row(self, label: str) -> int:
        row = int(self._index.rows([label])[0])
        if row < 0:
            raise MissingLabelError(
                f"{label!r} is not in {self.provenance.encoder}" + self._suggest(label)
            )
        return row

    def _suggest(self, label: str) -> str:
        folded = label.casefold()
        for variant in (folded, folded.capitalize(), folded.upper(), folded.replace(" ", "_")):
            if variant != label and variant in self:
                return f"; did you mean {variant!r}?"
        # Comparing with every label of a large table takes seconds; near misses mostly share
        # the first letter and nearly the length.
        close = [
            key
            for key in self.index_to_key
            if key[:1] == label[:1] and abs(len(key) - len(label)) <= 1
        ]
        return nearest(label, close[:20_000])

    def rows(self, labels: Sequence[str] | pa.StringArray) -> NDArray[np.int64]:
        """Return the row number of every label, −1 where the table lacks it.

        Parameters
        ----------
        labels : sequence of str, length n

        Returns
        -------
        ndarray of int64, shape (n,)
        """
        names = labels.to_pylist() if isinstance(labels, pa.Array) else list(labels)
        return self._index.rows(names)

    # -- deriving -----------------------------------------------------------------------------

    def select(self, keep: Sequence[str] | NDArray[np.int64]) -> EmbeddingTable:
        """Return the table of these labels or row numbers, in the order given.

        Raises
        ------
        MissingLabelError
            A label that the table lacks, with the nearest one it has.
        TableError
            A row number out of range or given twice.
        OptionError
            An array that is none of integers, such as a mask.
        """
        if isinstance(keep, np.ndarray):
            rows = as_integers("keep", keep)
            if len(rows) and not (rows.min() >= 0 and rows.max() < len(self)):
                raise TableError(f"row numbers must lie in 0..{len(self) - 1}")
        else:
            rows = np.array([self._row(label) for label in keep], dtype=np.int64)
        if not len(rows):
            raise TableError("a table needs at least one row; the selection is empty")
        if np.array_equal(rows, np.arange(len(rows))):
            labels, vectors = self.labels.slice(0, len(rows)), self.vectors[: len(rows)]
        else:
            if len(np.unique(rows)) != len(rows):
                raise TableError("the selection names a row twice")
            labels, vectors = self.labels.take(pa.array(rows)), _taken(self.vectors, rows)
        return EmbeddingTable(
            labels, vectors, self.provenance.then(f"selected {len(rows)} of {len(self)} rows")
        )

    @staticmethod
    def concat(*tables: EmbeddingTable) -> EmbeddingTable:
        """Return the rows of tables of one encoder, one table after the other.

        Raises
        ------
        TableError
            Tables of different encoders or dimensions, or a label that stands in two of them.
        """
        first = tables[0]
        for table in tables[1:]:
            if table.dimensions != first.dimensions:
                raise TableError(
                    f"tables of {first.dimensions} and {table.dimensions} dimensions do not join"
                )
            for name in ("encoder", "sha256", "preprocessing", "pooling", "normalized"):
                ours, theirs = (getattr(one.provenance, name) for one in (first, table))
                if ours != theirs:
                    raise TableError(
                        f"tables of different {name} do not join: {ours!r} and {theirs!r}"
                    )
        labels = pa.concat_arrays([table.labels for table in tables])
        counts = pc.value_counts(labels)
        twice = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
        if len(twice):
            raise TableError(
                f"label {twice[0].as_py()!r} stands in two of the tables ({len(twice):,} such "
                "labels); join tables of different inputs"
            )
        return EmbeddingTable.from_arrays(
            labels,
            _joined([table.vectors for table in tables]),
            provenance=first.provenance.then(f"joined {len(tables)} tables"),
        )

    @staticmethod
    def intersection(*tables: EmbeddingTable) -> tuple[EmbeddingTable, ...]:
        """Return the tables on the labels that all of them have, in the first one's row order.

        Raises
        ------
        TableError
            The tables share no label.
        """
        shared = tables[0].labels
        for table in tables[1:]:
            shared = shared.filter(pc.is_in(shared, value_set=table.labels))
        if not len(shared):
            names = ", ".join(table.provenance.encoder for table in tables)
            raise TableError(f"{names} share no label")
        return tuple(
            table if shared.equals(table.labels) else table.select(table.rows(shared))
            for table in tables
        )

    def normalized(self) -> EmbeddingTable:
        """Return the table with every row scaled to unit length (computed in float64)."""
        return self._with_rows(
            lambda unit: unit, self.provenance.then("normalized", normalized=True)
        )

    def centered(self, on: Sequence[str] | None = None) -> EmbeddingTable:
        """Return unit rows less their mean, scaled to unit length again.

        Parameters
        ----------
        on : sequence of str, optional
            Labels over whose unit vectors the mean is taken; all by default.

        Raises
        ------
        TableError
            A row that equals the mean and so has no direction left.
        """
        basis = self if on is None else self.select(on)
        total = np.zeros(self.dimensions)
        for start in range(0, len(basis), _BLOCK):
            total += _unit(basis.vectors[start : start + _BLOCK]).sum(axis=0)
        mean = total / len(basis)
        named = "all rows" if on is None else f"{len(basis)} named rows"
        return self._with_rows(
            lambda unit: _rescale(unit - mean, self),
            self.provenance.then(f"centered on {named}", normalized=True),
        )

    def rotated(self, seed: int = 0) -> EmbeddingTable:
        """Return the table turned at random, a control for what depends on the basis.

        Lengths and cosines stay (to float32), rank correlations across the dimensions do not. The
        orthogonal matrix is drawn uniformly: the Q of a Gaussian matrix's QR factors, its columns
        signed so that the diagonal of R is positive (Mezzadri 2007). It has O(d^2) entries and
        takes O(d^3) time.

        Parameters
        ----------
        seed : int
            Not negative.

        Examples
        --------
        >>> table = EmbeddingTable.from_arrays(["a", "b"], np.eye(2, 3, dtype=np.float32))
        >>> table.rotated().most_similar("a")[0][0], table.rotated().provenance.steps
        ('b', ('rotated by seed 0',))
        """
        seed = as_count("seed", seed, 0)
        gaussian = generator(seed, "rotation").standard_normal((self.dimensions,) * 2)
        turn, upper = np.linalg.qr(gaussian)
        turn *= np.sign(np.diag(upper))
        out = np.empty_like(self.vectors)
        for start in range(0, len(self), _BLOCK):
            out[start : start + _BLOCK] = self.vectors[start : start + _BLOCK] @ turn
        origin = self.provenance.then(f"rotated by seed {seed}")
        return EmbeddingTable(self.labels, _read_only(out), origin)

    def _with_rows(self, change: Any, provenance: Provenance) -> EmbeddingTable:
        out = np.empty_like(self.vectors)
        for start in range(0, len(self), _BLOCK):
            out[start : start + _BLOCK] = change(_unit(self.vectors[start : start + _BLOCK]))
        return EmbeddingTable(self.labels, _read_only(out), provenance)

    # -- searching ----------------------------------------------------------------------------

    @cached_property
    def searcher(self) -> _core.Searcher:
        """The core's view of the rows, made at the first search."""
        shadow = storage.shadow_of(self._path) if self._path is not None else None
        if shadow is not None and shadow.is_file():
            try:
                return _core.Searcher(self.vectors, (shadow, bytes.fromhex(self.sha256)))
            except TableError as error:
                advice = "`save`, or `embarith table convert`, writes it anew"
                warnings.warn(f"{error}; {advice}", stacklevel=3)
        with self.naming_damage():
            searcher = _core.Searcher(self.vectors)
        if self._known_lengths not in (None, _checksum(searcher.norms)):
            raise TableError(f"{self._damaged}: a row was changed since it was checked")
        return searcher

    @cached_property
    def norms(self) -> NDArray[np.float64]:
        """Length of every row, shape (n,), in float64."""
        return self.searcher.norms

    def ranked(self) -> EmbeddingTable:
        """Return the table of doubled, centred ranks across dimensions.

        Spearman's rho of two rows is the cosine of their ranks. Computed once.

        Raises
        ------
        TableError
            A row with the same value in every dimension, or one that was damaged.
        """
        return self._ranked

    @cached_property
    def _ranked(self) -> EmbeddingTable:
        self.check_rows()
        ranks = _core.centered_ranks(self.vectors)
        flat = np.flatnonzero(_core.row_norms(ranks) == 0)
        if len(flat):
            label = self.labels[int(flat[0])].as_py()
            raise TableError(
                f"row {flat[0]} (label {label!r}) has the same value in every dimension: "
                "rank correlation is undefined there"
            )
        return EmbeddingTable(self.labels, _read_only(ranks), self.provenance)

    def search(
        self,
        queries: NDArray[Any],
        k: int,
        *,
        exclude: NDArray[np.int64] | None = None,
        similarity: Similarity = "cosine",
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Find the k most similar rows to every query, exactly.

        The score is the dot product of the unit vectors, computed in float64 from the stored
        float32 in one fixed order of summation, so that answers are the same for any number of
        threads, instruction set and batch. Equal scores go by the lower row.

        Parameters
        ----------
        queries : ndarray of float32 or float64, shape (n, d)
            Of any length from 1e-100 to 1e100.
        k : int
            Answers a query, at least 1.
        exclude : ndarray of int64, shape (n, m), optional
            Rows that may not answer each query, padded with −1.
        similarity : {"cosine", "spearman"}
            Spearman's rank correlation across the dimensions is the cosine of centred ranks.

        Returns
        -------
        indices : ndarray of int64, shape (n, k)
            Row numbers, best first; −1 where there are fewer candidates than k.
        scores : ndarray of float64, shape (n, k)
            Similarities; NaN where there are fewer candidates than k.

        Raises
        ------
        OptionError
            k < 1, an unknown similarity, queries that are no real numbers, of the wrong width,
            zero, not finite or of a length beyond these, or rows to exclude that there are not.
        TableError
            A row that was damaged since the table was checked.
        MemoryError
            More answers than there is room for.
        """
        k = as_count("k", k, 1)
        vectors = as_queries(queries, self.dimensions)
        if similarity not in get_args(Similarity):
            raise OptionError(f"similarity is 'cosine' or 'spearman', not {similarity!r}")
        ranked = similarity == "spearman"
        check_directions(vectors, ranked)
        if exclude is None:
            exclude = np.empty((len(vectors), 0), dtype=np.int64)
        excluded = as_rows("exclude", exclude, (len(vectors), None), len(self), least=-1)
        table = self.ranked() if ranked else self
        with self.naming_damage():
            found = table.searcher.search(vectors, min(k, len(self)), excluded, ranked=ranked)
        return padded(*found, k)

    def most_similar(
        self,
        positive: Weighted | Sequence[Weighted] = (),
        negative: Weighted | Sequence[Weighted] = (),
        topn: int = 10,
    ) -> list[tuple[str, float]]:
        """Return the `topn` labels nearest to a signed sum of unit vectors, inputs left out.

        Parameters
        ----------
        positive, negative : label, vector of shape (d,), (either, weight), or a list of these
            A vector that is a row of the table counts as that row and cannot be an answer.
        topn : int
            How many answers, at least 1.

        Returns
        -------
        list of (str, float)
            Labels and cosines, best first.

        Raises
        ------
        MissingLabelError
            A label that the table lacks, with the nearest one it has.
        """
        wanted = min(as_count("topn", topn, 1), len(self))
        total = np.zeros(self.dimensions)
        inputs: list[int] = []
        for sign, terms in ((1.0, _as_terms(positive)), (-1.0, _as_terms(negative))):
            for term, weight in terms:
                if isinstance(term, str):
                    rows, vector = [self._row(term)], self[term]
                else:
                    vector = np.asarray(term)
                    rows = self._equal_to(vector)
                inputs += rows
                total += sign * weight * _unit(vector[None])[0]
        if not inputs and not total.any():
            raise OptionError("most_similar needs at least one positive or negative term")
        exclude = np.array([sorted(set(inputs))], dtype=np.int64).reshape(1, -1)
        rows_found, scores = self.search(total[None], wanted, exclude=exclude)
        return [
            (self.labels[int(row)].as_py(), float(score))
            for row, score in zip(rows_found[0], scores[0], strict=True)
            if row >= 0
        ]

    def _equal_to(self, vector: NDArray[Any]) -> list[int]:
        rows: list[int] = []
        for start in range(0, len(self), _BLOCK):
            equal = (self.vectors[start : start + _BLOCK] == vector).all(axis=1)
            rows += (start + np.flatnonzero(equal)).tolist()
        return rows

    def similarity(self, first: str, second: str) -> float:
        """Return the cosine of two labels' vectors, in float64."""
        one, other = _unit(self[[first, second]])
        return float(np.clip(one @ other, -1.0, 1.0))


# Rows of which NumPy does something at a time: it sees no Ctrl-C meanwhile, and its copies in
# float64 take memory.
_BLOCK = 4096


def _checksum(lengths: NDArray[np.float64]) -> int:
    return zlib.crc32(lengths.astype("<f8").data)


def padded(
    indices: NDArray[np.int64], scores: NDArray[np.float64], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return answers with columns of −1 and NaN up to the k-th, where there are fewer candidates.

    Raises
    ------
    MemoryError
        More of them than there is room for.
    """
    more = ((0, 0), (0, k - indices.shape[1]))
    if not more[1][1]:
        return indices, scores
    try:
        return (
            np.pad(indices, more, constant_values=-1),
            np.pad(scores, more, constant_values=np.nan),
        )
    except (ValueError, MemoryError):
        raise MemoryError(f"k = {k}: no memory for so many answers to a question") from None


def _unit(vectors: NDArray[Any]) -> NDArray[np.float64]:
    wide = vectors.astype(np.float64)
    unit: NDArray[np.float64] = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    return unit


def _rescale(centered: NDArray[np.float64], table: EmbeddingTable) -> NDArray[np.float64]:
    lengths = np.linalg.norm(centered, axis=1, keepdims=True)
    if not lengths.all():
        raise TableError(f"a row of {table.provenance.encoder} equals the mean: no direction left")
    scaled: NDArray[np.float64] = centered / lengths
    return scaled


def _taken(vectors: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return some of the rows, in the order given, as a matrix that is not to be written to."""
    out = np.empty((len(rows), vectors.shape[1]), np.float32)
    for start in range(0, len(rows), _BLOCK):
        part = slice(start, start + _BLOCK)
        np.take(vectors, rows[part], axis=0, out=out[part], mode="clip")
    return _read_only(out)


def _joined(matrices: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    out = np.empty((sum(map(len, matrices)), matrices[0].shape[1]), np.float32)
    row = 0
    for matrix in matrices:
        for start in range(0, len(matrix), _BLOCK):
            block = matrix[start : start + _BLOCK]
            out[row : row + len(block)] = block
            row += len(block)
    return out


def _read_only(array: NDArray[np.float32]) -> NDArray[np.float32]:
    view = array.view()
    view.flags.writeable = False
    return view


def _as_terms(terms: Any) -> list[tuple[Any, float]]:
    def is_weighted(term: Any) -> bool:
        return isinstance(term, tuple) and len(term) == 2 and not isinstance(term[1], str)

    if (
        isinstance(terms, str)
        or is_weighted(terms)
        or (isinstance(terms, np.ndarray) and terms.ndim == 1)
    ):
        terms = [terms]
    return [term if is_weighted(term) else (term, 1.0) for term in terms]
