"""What the README shows: each function prints a block from a real run; cog puts it in place.

The long runs are repeated only when SHOWN=all is set; else their blocks stay as they are.
"""

import os
import subprocess
import textwrap

import cog

from embarith.data import locate
from embarith.errors import DataError
from embarith.result import AnalogyResult, from_json


def run(command: str, *, needs: str | None = None, slow: bool = False, lines: int = 60) -> None:
    """Print `command` and the first `lines` lines that it prints.

    Where the data `needs` is absent, the block stays as it is.
    """
    if _stays(needs, slow):
        return
    shown = [line.rstrip() for line in _output(command).strip("\n").splitlines()]
    if len(shown) > lines:
        shown = [*shown[:lines], "..."]
    cog.outl("\n".join(["```console", f"$ {command}", *shown, "```"]))


def claim() -> None:
    """Print the README's first paragraph from a result."""
    if _stays(None, slow=True):
        return
    result = from_json(_output("embarith analogy --json"))
    assert isinstance(result, AnalogyResult)
    assert result.baselines is not None
    restricted, fair = (getattr(result.scores, name).top1.value for name in ("restricted", "fair"))
    taken = result.landed.b + result.landed.c
    only_c, ignore_a = (
        baseline.restricted.top1.value
        for baseline in (result.baselines.only_c, result.baselines.ignore_a)
    )
    text = (
        f"GloVe's {result.vocab.size:,} words answer **{restricted:.1%}** of Google's "
        f"{result.questions.answered:,} analogy questions by b − a + c, if a, b and c are "
        f"forbidden as answers, as published scores have it. Allowed to answer, they take the "
        f"place of the right word: **{fair:.1%}** remain, and {taken:.1%} of the answers are b "
        f"or c again. Forbidding them, b + c without a answers {ignore_a:.1%}, and c alone, "
        f"without any arithmetic, {only_c:.1%}."
    )
    cog.outl(textwrap.fill(text, 120))


def _stays(needs: str | None, slow: bool) -> bool:
    absent = slow and os.environ.get("SHOWN") != "all"
    if needs is not None and not absent:
        try:
            locate(needs)
        except DataError:
            absent = True
    if absent:
        cog.out(cog.previous)
    return absent


def _output(command: str) -> str:
    plain = {**os.environ, "NO_COLOR": "1", "TERM": "dumb"}
    return subprocess.run(
        command, shell=True, check=True, text=True, stdout=subprocess.PIPE, env=plain
    ).stdout
