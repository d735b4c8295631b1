"""The questions that can be asked of a table, one module each."""
