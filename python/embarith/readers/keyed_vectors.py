"""gensim's KeyedVectors in memory; gensim's files are pickles and are never loaded."""

from __future__ import annotations

from typing import Any

from embarith.errors import TableError
from embarith.provenance import Provenance
from embarith.table import EmbeddingTable


def from_gensim(keyed_vectors: Any) -> EmbeddingTable:
    """Take gensim KeyedVectors, or a model that has them as `wv`, as a table.

    Parameters
    ----------
    keyed_vectors : gensim.models.KeyedVectors
        Its float32 matrix is shared, not copied: train no further while the table is in use.

    Returns
    -------
    EmbeddingTable
        Of `index_to_key` and `vectors`; a FastText model gives the vectors of its vocabulary.

    Raises
    ------
    TableError
        The object has no `index_to_key` and `vectors`, or they cannot be a table.

    Examples
    --------
    >>> from gensim.models import KeyedVectors
    >>> keyed_vectors = KeyedVectors(vector_size=2)
    >>> keyed_vectors.add_vectors(["east", "north"], [[1.0, 0.0], [0.0, 1.0]])
    >>> from_gensim(keyed_vectors).index_to_key
    ['east', 'north']
    """
    vectors = getattr(keyed_vectors, "wv", keyed_vectors)
    if not (hasattr(vectors, "index_to_key") and hasattr(vectors, "vectors")):
        raise TableError(
            f"{type(keyed_vectors).__name__} has no index_to_key and vectors; "
            "give gensim KeyedVectors (gensim 4 or later)"
        )
    encoder = type(keyed_vectors).__name__
    provenance = Provenance(encoder=encoder, source="gensim")
    return EmbeddingTable.from_arrays(vectors.index_to_key, vectors.vectors, provenance=provenance)
