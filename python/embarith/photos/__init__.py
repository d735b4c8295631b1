"""Photographs of words: which there are, what people said of them, and one vector a word."""

from embarith.photos.captions import read_captions
from embarith.photos.collection import (
    WORDS,
    Collection,
    Photograph,
    import_collection,
    read_collection,
    read_photographs,
    read_words,
    without_shared,
)
from embarith.photos.pooling import POOLS, Pool, medoid, pool
from embarith.photos.review import Journal, dropped, likeness, read_reviews, without_dropped

__all__ = [
    "POOLS",
    "WORDS",
    "Collection",
    "Journal",
    "Photograph",
    "Pool",
    "dropped",
    "import_collection",
    "likeness",
    "medoid",
    "pool",
    "read_captions",
    "read_collection",
    "read_photographs",
    "read_reviews",
    "read_words",
    "without_dropped",
    "without_shared",
]
