"""How long the command line takes to answer, against the least that it could take."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from measuring import measure

BARE = """
import click

@click.group()
def main():
    "A click program with one command and nothing else."

@main.command()
def command():
    "Do nothing."

main(["--help"], prog_name="bare")
"""
OURS = "from embarith.cli import main; main(['--help'], prog_name='embarith')"


def start(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(("peer", "code"), [("embarith", OURS), ("bare click", BARE)])
def test_help(benchmark: BenchmarkFixture, peer: str, code: str) -> None:
    group = "--help, beside a click program that does nothing"
    measure(benchmark, lambda: start(code), group=group, peer=peer, rounds=15)


@pytest.mark.parametrize("module", ["embarith", "numpy"])
def test_import(benchmark: BenchmarkFixture, module: str) -> None:
    code = f"import {module}"
    measure(benchmark, lambda: start(code), group="import", peer=module, rounds=15)
