"""Tell what a run of the benchmarks measured: a table, and on request a page's table and figure.

`python benches/summary.py RESULTS.json...` prints; with `--docs` it also writes
`docs/performance-table.md` and `docs/performance.svg`, with `--check` it fails where another
program was faster.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

DOCS = Path(__file__).parent.parent / "docs"


@dataclass(frozen=True)
class Timing:
    """Seconds an item, and by what factor `embarith` takes less."""

    group: str
    peer: str
    least: float
    median: float
    ratio_of_least: float
    ratio_of_medians: float


def timings(results: dict[str, Any]) -> Iterator[Timing]:
    groups: dict[str, dict[str, tuple[float, float]]] = {}
    for one in results["benchmarks"]:
        info, stats = one["extra_info"], one["stats"]
        peers = groups.setdefault(one["group"], {})
        peers[info["peer"]] = (stats["min"] / info["items"], stats["median"] / info["items"])
    for group, peers in groups.items():
        least, median = peers.get("embarith", next(iter(peers.values())))
        for peer, (its_least, its_median) in peers.items():
            yield Timing(group, peer, its_least, its_median, its_least / least, its_median / median)


def seconds(value: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def machine(results: dict[str, Any]) -> str:
    """Return the machine and its ceilings as a sentence or two."""
    info = results["machine_info"]
    ceilings = {name: value for name, value in info["ceilings"].items() if name != "threads"}
    units = {"gb": "GB/s", "gmac": "billion multiply-adds/s"}
    measured = ", ".join(
        f"{' '.join(words)} {value} {units[unit]}"
        for *words, unit, _, value in (
            (*name.split("_"), value) for name, value in ceilings.items()
        )
    )
    blas = {f"{pool['internal_api']} ({pool['architecture']})" for pool in info["blas"]}
    return (
        f"{info['cpu']['brand_raw']}, {info['threads']} threads, {info['isa']}; "
        f"BLAS: {', '.join(sorted(blas))}. Ceilings: {measured}."
    )


def show(found: list[Timing], results: dict[str, Any]) -> None:
    table = Table("", "median", "least", "× median", "× least")
    for column in table.columns[1:]:
        column.justify = "right"
    group = ""
    for one in found:
        if one.group != group:
            table.add_section()
            table.add_row(f"[bold]{one.group}")
            group = one.group
        ratios = (
            ("", "")
            if one.peer == "embarith"
            else (_ratio(one.ratio_of_medians), _ratio(one.ratio_of_least))
        )
        table.add_row(f"  {one.peer}", seconds(one.median), seconds(one.least), *ratios)
    console = Console(width=110)
    console.print(machine(results), highlight=False)
    console.print(table)


def _ratio(value: float) -> str:
    return f"{value:.3g}"


def as_markdown(found: list[Timing], results: dict[str, Any]) -> str:
    lines = [machine(results), ""]
    group = ""
    for one in found:
        if one.group != group:
            lines += ["", f"**{one.group}**", "", "| | median | least | × median | × least |"]
            lines.append("| --- | ---: | ---: | ---: | ---: |")
            group = one.group
        ratios = f"{_ratio(one.ratio_of_medians)} | {_ratio(one.ratio_of_least)}"
        lines.append(f"| {one.peer} | {seconds(one.median)} | {seconds(one.least)} | {ratios} |")
    return "\n".join(lines) + "\n"


def draw(found: list[Timing], results: dict[str, Any], path: Path) -> None:
    """Draw how fast every search of random vectors is at best, with the machine's ceilings."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.use("svg")
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "embarith", "font.size": 10})
    counts = (1, 64, 1024)
    rates: dict[str, dict[int, float]] = {}
    for one in found:
        for count in counts:
            if one.group.startswith(f"random 400k × 300, {count:,} quer"):
                rates.setdefault(one.peer, {})[count] = 400_000 * 300 * count / one.least / 1e9
    figure, axes = plt.subplots(figsize=(9, 4.4), layout="constrained")
    for peer, points in rates.items():
        ours = peer.startswith("embarith")
        axes.plot(
            *zip(*sorted(points.items()), strict=True),
            marker="o",
            linewidth=2.2 if ours else 1.2,
            linestyle="-" if ours else "--",
            label=peer,
        )
    ceilings = results["machine_info"]["ceilings"]
    for name, value in ceilings.items():
        if name.endswith("gmac_s") and results["machine_info"]["isa"] in name:
            axes.axhline(value, color="#999999", linewidth=0.8)
            axes.text(1024, value * 1.03, name.split("_")[0] + " peak", ha="right", fontsize=8)
    for size, label in ((4, "f32"), (1, "i8")):
        bound = ceilings["read_gb_s"] / size
        axes.plot([1, 8], [bound, 8 * bound], color="#999999", linewidth=0.8, linestyle=":")
        axes.text(8, 8 * bound, f"memory, {label}", fontsize=8)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(counts, [f"{count:,}" for count in counts])
    axes.set_xlabel("queries at once")
    axes.set_ylabel("billion multiply-adds a second")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1.02, 0.5))
    axes.set_title("Exact 10 nearest of 400,000 random rows × 300", loc="left", fontsize=11)
    figure.savefig(path, metadata={"Date": None, "Creator": None})


def main() -> None:
    options = [argument for argument in sys.argv[1:] if argument.startswith("--")]
    paths = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    # Parts of a run that takes an hour may be taken one by one, on the same machine.
    results, *more = (json.loads(Path(path).read_text(encoding="utf-8")) for path in paths)
    results["benchmarks"] += [one for part in more for one in part["benchmarks"]]
    found = list(timings(results))
    show(found, results)
    slower = [
        one for one in found if one.ratio_of_least < 1 and not one.peer.startswith("embarith")
    ]
    if options == ["--check"] and slower:
        sys.exit("\n".join(f"{one.peer} is faster: {one.group}" for one in slower))
    if options == ["--docs"]:
        table = as_markdown(found, results)
        (DOCS / "performance-table.md").write_text(table, encoding="utf-8")
        draw(found, results, DOCS / "performance.svg")


if __name__ == "__main__":
    main()
