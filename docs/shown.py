"""What the README shows: each function prints a block from a real run; cog puts it in place."""

import os
import subprocess

import cog

from embarith.data import locate
from embarith.errors import DataError


def run(command: str, *, needs: str | None = None, lines: int | None = None) -> None:
    """Print `command` and what it prints, its first `lines` lines or all of them.

    Where the data `needs` is absent, the block stays as it is.
    """
    if needs is not None:
        try:
            locate(needs)
        except DataError:
            cog.out(cog.previous)
            return
    done = subprocess.run(
        command,
        shell=True,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "NO_COLOR": "1", "TERM": "dumb"},
    )
    shown = [line.rstrip() for line in done.stdout.splitlines()]
    if lines is not None and len(shown) > lines:
        shown = [*shown[:lines], "..."]
    cog.outl("\n".join(["```console", f"$ {command}", *shown, "```"]))
