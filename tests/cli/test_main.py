"""The command line as a whole: help, exit codes, suggestions, laziness, pipes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from embarith import errors
from embarith.cli import COMMANDS, main

RUN = [sys.executable, "-c", "from embarith.cli import main; main(prog_name='embarith')"]


def walk(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command's words, groups included."""
    context = click.Context(group)
    found = [path]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found += walk(command, (*path, name))
        else:
            found.append((*path, name))
    return found


def run_with(command: click.Command, *args: str) -> int | str | None:
    """Run the group with one extra command in the place of `ask` and return its exit code."""

    class Replaced(type(main)):  # type: ignore[misc]
        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            return command

    replaced = Replaced(name="embarith")
    with pytest.raises(SystemExit) as stop:
        replaced.main(["ask", *args], prog_name="embarith")
    return stop.value.code


@pytest.mark.parametrize("words", walk(main), ids=" ".join)
def test_every_help_ends_with_an_example(words: tuple[str, ...]) -> None:
    outcome = CliRunner().invoke(main, [*words, "--help"])
    assert outcome.exit_code == 0
    lines = outcome.stdout.rstrip().splitlines()
    assert lines[-1].startswith("    embarith "), lines[-1]
    titles = [
        number for number, line in enumerate(lines) if line.strip() in ("Example:", "Examples:")
    ]
    assert all(line.startswith("    embarith ") for line in lines[titles[-1] + 1 :])


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from embarith.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as stop: assert stop.code == 0\n"
        "heavy = {'numpy', 'pyarrow', 'scipy', 'rich', 'msgspec', 'pooch', 'embarith._core'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "LOADED []"
    assert "--threads" in done.stdout


def test_version_names_core_and_libraries() -> None:
    outcome = CliRunner().invoke(main, ["--version"])
    assert outcome.exit_code == 0
    assert outcome.stdout.startswith("embarith ")
    for part in ("instruction set", "threads", "numpy 2", "pyarrow ", "python 3"):
        assert part in outcome.stdout


def test_threads_reach_the_core() -> None:
    done = subprocess.run(
        [*RUN, "--threads", "3", "--version"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ", 3 threads" in done.stdout


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["analgy"], "did you mean 'analogy'"),
        (["xyz"], "there are ask, analogy"),
        (["analogy", "--metod", "lrcos"], "--method"),
        (["analogy", "--method", "lrco"], "'lrcos'"),
        (["--threads", "0", "ask"], "0"),
    ],
)
def test_bad_usage_exits_2_and_says_what_there_is(args: list[str], expected: str) -> None:
    outcome = CliRunner().invoke(main, args)
    assert outcome.exit_code == 2
    assert expected in outcome.stderr
    assert outcome.stdout == ""


def test_bad_input_exits_1_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    def fail() -> None:
        raise errors.TableError("row 3 (label 'x'): the vector is zero")

    assert run_with(fail) == 1
    assert capsys.readouterr().err == "Error: row 3 (label 'x'): the vector is zero\n"


@pytest.mark.parametrize(
    ("message", "said"),
    [("", "not enough memory"), ("no memory for 7 bytes", "no memory for 7 bytes")],
)
def test_too_little_memory_exits_1_in_one_line(
    message: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def fail() -> None:
        raise MemoryError(*[message] if message else [])

    assert run_with(fail) == 1
    assert capsys.readouterr().err == f"Error: {said}\n"


def test_missing_file_exits_1_and_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    def fail() -> None:
        Path("absent.vec").read_text()

    assert run_with(fail) == 1
    assert "absent.vec" in capsys.readouterr().err


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    @click.command()
    def fail() -> None:
        raise ZeroDivisionError

    class Replaced(type(main)):  # type: ignore[misc]
        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            return fail

    with pytest.raises(ZeroDivisionError):
        Replaced(name="embarith").main(["ask"], prog_name="embarith")


@pytest.mark.parametrize(
    ("kept", "said"),
    [("", "no file was written"), ("part.bin keeps 3 MB", "part.bin keeps 3 MB")],
)
def test_interrupt_exits_130_and_says_what_is_kept(
    kept: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def wait() -> None:
        raise KeyboardInterrupt(kept)

    assert run_with(wait) == 130
    assert capsys.readouterr().err.strip() == f"Interrupted: {said}."


def test_ctrl_c_reaches_a_running_command(tmp_path: Path) -> None:
    # Opening a named pipe waits for the other side: once that is open, `report` is reading it.
    fifo = tmp_path / "result.json"
    os.mkfifo(fifo)
    process = subprocess.Popen(
        [*RUN, "report", str(fifo)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with fifo.open("w"):
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Interrupted: no file was written." in stderr


@pytest.mark.parametrize("args", [["--help"], ["table", "--help"], ["--version"]])
def test_broken_pipe_is_quiet(args: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [*RUN, *args], stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False
        )
    finally:
        os.close(writer)
    assert done.returncode == 141
    assert done.stderr == b""


def test_shell_completion_offers_the_commands() -> None:
    done = subprocess.run(
        RUN,
        env={
            **os.environ,
            "_EMBARITH_COMPLETE": "bash_complete",
            "COMP_WORDS": "embarith ",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    offered = [line.split(",")[1] for line in done.stdout.splitlines()]
    assert offered == list(COMMANDS)
