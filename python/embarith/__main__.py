"""``python -m embarith``: the command line."""

from embarith.cli import main

main(prog_name="embarith")
