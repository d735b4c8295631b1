"""The command line: arguments in, results out; every command lives in the module of its name.

Exit codes
----------
0
    Done.
1
    Bad input: a file, a label, a value or data that is absent, or more of it than memory holds; one
    line on stderr says which.
2
    Bad usage: an unknown command, option or choice.
130
    Interrupted; a line on stderr says what is kept.
141
    The reader of the output went away (a pipe to ``head``, say); nothing is printed.
143
    Terminated (SIGTERM); temporary files are removed first.
"""

from __future__ import annotations

import importlib
import os
import re
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from embarith.errors import EmbarithError, nearest

COMMANDS = (
    "ask",
    "analogy",
    "semeval",
    "simat",
    "transform",
    "paper",
    "geometry",
    "similarity",
    "train",
    "export-onnx",
    "encode",
    "plane",
    "images",
    "table",
    "data",
    "models",
    "report",
)
"""Every command is the object of its own name in ``embarith.cli.NAME``, ``_`` for ``-``."""

LIBRARIES = ("numpy", "pyarrow", "scipy", "scikit-learn", "gensim", "click", "rich")


class Commands(click.Group):
    """The commands, each imported when it is first looked at, and the exit codes of all."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order of a first session."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command's module and return the command, or None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"embarith.cli.{name}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown name is refused with the nearest known one."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            known = nearest(args[0], COMMANDS) or f"; there are {', '.join(COMMANDS)}"
            ctx.fail(f"no command {args[0]!r}{known}")
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the arguments, which prints help and version."""
        with _quiet_pipe():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _quiet_pipe():
            return super().invoke(ctx)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line and exit with the code that the module documents."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, **extra)
        signal.signal(signal.SIGTERM, _terminate)
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show_warning
                code = super().main(args, prog_name, complete_var, False, **extra)
        except click.ClickException as error:
            error.show()
            code = error.exit_code
        except EmbarithError as error:
            converting = "convert" in (sys.argv[1:] if args is None else args)
            click.echo(f"Error: {_with_options(str(error), converting)}", err=True)
            code = 1
        except click.Abort as stop:
            # A command that keeps something says so as the message of its KeyboardInterrupt.
            kept = str(stop.__cause__ or "") or "no file was written"
            click.echo(f"Interrupted: {kept}.", err=True)
            code = 130
        except MemoryError as error:
            # Says how much was asked for, unless it comes from Python itself.
            click.echo(f"Error: {str(error) or 'not enough memory'}", err=True)
            code = 1
        except OSError as error:
            # Only writing, to a full disk say, fails without the name of a file.
            click.echo(
                f"Error: {error.filename or 'cannot write'}: {error.strerror or error}", err=True
            )
            if error.filename is None:
                _abandon_output()
            code = 1
        sys.exit(code if isinstance(code, int) else 0)


@contextmanager
def _quiet_pipe() -> Iterator[None]:
    # Inside click's own handling, which would exit with 1, the code for bad input.
    try:
        yield
        if sys.stdout is not None:  # as where it was closed before the start
            sys.stdout.flush()
    except BrokenPipeError:
        _abandon_output()
        raise click.exceptions.Exit(141) from None


def _abandon_output() -> None:
    # Python flushes stdout once more at exit and would complain there.
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _terminate(*_: Any) -> None:
    # As an exception it takes temporary files along.
    raise SystemExit(143)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    click.echo(f"Warning: {message}", err=True)


def _with_options(message: str, converting: bool) -> str:
    """Spell the arguments that a message advises as the options that they are, and say whose."""
    found = list(_ADVICE.finditer(message))
    spelled = _ADVICE.sub(
        lambda one: f"--{one[1].replace('_', '-')} {one[3]}" + (f" or {one[5]}" if one[5] else ""),
        message,
    )
    if converting or all(one[1] == "case" for one in found):
        return spelled
    return f"{spelled} (an option of `embarith table convert`, which makes a table to use instead)"


# name='one' or 'other', but not within a line of Python.
_ADVICE = re.compile(
    r"\b(on_bad|errors|labels|format|case)=(['\"]?)([\w|-]+)\b\2(?!\.\w)(?: or (['\"])(\w+)\4)?"
)


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib import metadata
    from platform import python_version

    from embarith import _core

    click.echo(f"embarith {_core.__version__}")
    click.echo(f"instruction set {_core.isa()}, {_core.threads()} threads")
    found = [f"python {python_version()}"]
    for library in LIBRARIES:
        try:
            found.append(f"{library} {metadata.version(library)}")
        except metadata.PackageNotFoundError:
            found.append(f"{library} absent")
    click.echo(", ".join(found))
    ctx.exit()


def _set_threads(_ctx: click.Context, _parameter: click.Parameter, threads: int | None) -> None:
    # The core reads the variable once, when it first starts its threads.
    if threads is not None:
        os.environ["EMBARITH_THREADS"] = str(threads)


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nShell completion, for bash (zsh and fish alike):\n"
    '  eval "$(_EMBARITH_COMPLETE=bash_source embarith)"\n'
    "\n\b\nExample:\n  embarith ask 'king - man + woman'",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 1024),
    metavar="N",
    callback=_set_threads,
    is_eager=True,
    expose_value=False,
    help="Threads of the core; all by default. The figures are the same for any number.",
)
@click.option(
    "--version",
    is_flag=True,
    callback=_print_version,
    is_eager=True,
    expose_value=False,
    help="Print the version, instruction set, threads and libraries.",
)
def main() -> None:
    """Measure embedding arithmetic: whether b - a + c = d, how well, against which null.

    Wherever a command takes a TABLE, give a file of vectors in any known format or a name of
    'embarith data list'; left out, it is the default table. Where it asks a set of questions, an
    exported encoder is a TABLE too.

    Exit codes: 0 done, 1 bad input, 2 bad usage, 130 interrupted, 141 output closed early,
    143 terminated.
    """
