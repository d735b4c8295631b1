"""How long the command line takes to answer, against the least that it could take."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

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


@pytest.mark.benchmark(group="embarith --help: at most 2 x a bare click program")
@pytest.mark.parametrize("code", [BARE, OURS], ids=["bare click", "embarith"])
def test_help(benchmark: BenchmarkFixture, code: str) -> None:
    benchmark.pedantic(start, args=[code], rounds=15, warmup_rounds=2)


@pytest.mark.benchmark(group="import embarith: at most 2 x import numpy")
@pytest.mark.parametrize("module", ["numpy", "embarith"])
def test_import(benchmark: BenchmarkFixture, module: str) -> None:
    benchmark.pedantic(start, args=[f"import {module}"], rounds=15, warmup_rounds=2)
