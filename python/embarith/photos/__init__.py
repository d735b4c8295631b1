"""Photographs of words: which there are, and one vector a word out of them."""

from embarith.photos.collection import (
    Collection,
    read_collection,
    read_words,
    without_shared,
)
from embarith.photos.pooling import POOLS, Pool, medoid, pool

__all__ = [
    "POOLS",
    "Collection",
    "Pool",
    "medoid",
    "pool",
    "read_collection",
    "read_words",
    "without_shared",
]
