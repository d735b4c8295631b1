"""From a model in its own library to a folder that needs none of it: graphs, card, proof."""

from embarith.export.folder import Exported, ParityError, export

__all__ = ["Exported", "ParityError", "export"]
