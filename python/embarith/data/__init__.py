"""Finding data: question sets and vectors by name, on disk or from where they are published.

A name of the catalogue is looked for in the folder given, in `EMBARITH_DATA`, in installed
packages that carry it and in the download cache; all these have one layout. A file whose hash the
catalogue knows is checked whenever it is found.
"""

from embarith.data.catalogue import CATALOGUE, Entry
from embarith.data.fetching import fetch
from embarith.data.finding import Ask, locate
from embarith.data.tables import open_table

__all__ = ["CATALOGUE", "Ask", "Entry", "fetch", "locate", "open_table"]
