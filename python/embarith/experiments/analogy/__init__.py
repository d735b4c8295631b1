"""Analogy questions a : b :: c : ? asked of a table, beside baselines and nulls."""

from embarith.experiments.analogy.run import analogy

__all__ = ["analogy"]
