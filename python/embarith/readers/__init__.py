"""Foreign formats of embedding tables: read by content, written by name."""

from embarith.readers.keyed_vectors import from_gensim
from embarith.readers.reading import read
from embarith.readers.writing import FORMATS, write

__all__ = ["FORMATS", "from_gensim", "read", "write"]
