"""Photographs of words: which there are, and one vector a word out of them."""

from embarith.photos.collection import (
    Collection,
    Photograph,
    import_collection,
    read_collection,
    read_photographs,
    read_words,
    without_shared,
)
from embarith.photos.pooling import POOLS, Pool, medoid, pool

__all__ = [
    "POOLS",
    "Collection",
    "Photograph",
    "Pool",
    "import_collection",
    "medoid",
    "pool",
    "read_collection",
    "read_photographs",
    "read_words",
    "without_shared",
]
