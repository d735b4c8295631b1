"""``embarith paper``: the experiments of work 000 on spaces of your own, in one report."""

from __future__ import annotations

from pathlib import Path

import click

from embarith.cli import _shared


@click.command(
    epilog=_shared.example(
        "embarith paper --init paper.toml", "embarith paper paper.toml -o results"
    )
)
@click.argument("config", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder for encoders, tables, results and the report.",
)
@click.option(
    "--init",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a config with comments, to be changed, and do nothing else.",
)
@_shared.data_option
@_shared.yes_option
@_shared.json_option
def paper(
    *,
    config: Path | None,
    output: Path | None,
    target: Path | None,
    data_dir: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Measure embedding spaces as work 000 did and write one report.

    CONFIG is a TOML file that names the spaces, text and image, a collection of photographs and
    the experiments; without it the default is run. Whatever DIR holds from the same inputs is
    taken over, so that an interrupted run goes on and a changed one computes what changed.
    """
    if target is not None:
        _init(target)
        return
    if output is None:
        raise click.UsageError("name the folder of the report with -o")
    from embarith.paper.config import DEFAULT, read_config
    from embarith.paper.run import run
    from embarith.paper.store import load
    from embarith.paper.writing import write
    from embarith.report.paper import warnings

    read = read_config(config or DEFAULT)
    try:
        with _shared.show_progress() as progress:
            run(
                read,
                output,
                path=config,
                data_dir=data_dir,
                ask=_shared.consent(yes),
                progress=progress,
                tell=lambda line: click.echo(line, err=True),
            )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"parts that are done are kept in {output}; the same command goes on from there"
        ) from None
    done = load(output)
    files = write(done, output)
    for warning in warnings(done):
        click.echo(f"Warning: {warning}", err=True)
    if as_json:
        click.echo((output / "results.jsonl").read_text(encoding="utf-8"), nl=False)
        return
    for file in files:
        click.echo(str(file))


def _init(target: Path) -> None:
    from embarith.errors import OptionError
    from embarith.files import replacing
    from embarith.paper.config import DEFAULT

    if target.exists():
        raise OptionError(f"{target} is there; name a new file")
    with replacing(target) as part:
        part.write_text(DEFAULT.read_text(encoding="utf-8"), encoding="utf-8")
    click.echo(str(target))
