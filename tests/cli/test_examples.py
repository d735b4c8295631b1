"""Every example of every `--help` runs as it stands, on real vectors, a tenth of the questions."""

from __future__ import annotations

import json
import shlex
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner

import photoserver
from embarith.cli import main
from embarith.data.tables import open_table
from embarith.encoders.heads import Heads, Linear
from embarith.photos import Journal, read_captions, read_collection, read_photographs
from embarith.photos.collection import Member, write_lists
from embarith.questions import AnalogySet, load
from embarith.questions.simat_build import build
from embarith.table import EmbeddingTable
from embarith.web import serving
from simat_sets import publish, rows_of


def examples(command: click.Command, path: tuple[str, ...] = ()) -> list[str]:
    """The example lines of a command and of all below it, in the order of the help."""
    context = click.Context(command)
    epilog = (command.epilog or "").replace("\b", "")
    found = [line.strip() for line in epilog.splitlines() if line.strip().startswith("embarith ")]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            found += examples(below, (*path, name))
    return found


def run(line: str) -> str:
    """Run one example as a shell would, with `> FILE`, and return what it prints."""
    words = shlex.split(line)[1:]
    target = None
    if ">" in words:
        at = words.index(">")
        words, target = words[:at], words[at + 1]
    outcome = CliRunner().invoke(main, words)
    assert outcome.exit_code == 0, f"{line}\n{outcome.stderr}\n{outcome.exception!r}"
    if target is not None:
        Path(target).write_text(outcome.stdout, encoding="utf-8")
    return outcome.stdout


@pytest.fixture
def searches(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Openverse and Wikimedia Commons, with photographs for two searches."""
    images = read_collection(shared / "photos").images
    with photoserver.running() as server:
        photoserver.replace_both(server, monkeypatch)
        for number, term in enumerate(["dog", "cat animal"]):
            some = images[5 * number : 5 * number + 5]
            photoserver.offer(
                server, term, [(shared / "photos" / image).read_bytes() for image in some]
            )
        yield


def _prepare_simat(folder: Path, shared: Path) -> None:
    """Write captions, vectors for the set built of them, and stand-ins for what is published."""
    where = ("on grass", "on snow", "on a bed")
    captions = [
        f"A {'dog' if i % 2 else 'cat'} {'runs' if i % 5 else 'sleeps'} {where[i % 3]}"
        for i in range(120)
    ]
    # Of these no set is made, so that heads are fitted on them.
    captions += [f"A bird, number {i}" for i in range(60)]
    lines = (f'{i}.jpg,"{caption}"' for i, caption in enumerate(captions))
    (folder / "photos" / "captions.csv").write_text("\n".join(["image,caption", *lines]))
    said = read_captions(folder / "photos")
    task = build(said, name="own").task
    random = np.random.default_rng(0)
    texts = list(dict.fromkeys((*task.texts, *captions)))
    (folder / "texts.txt").write_text("\n".join(texts))
    for name in ("clip-photos", "clip-texts", "glove-texts"):
        labels = list(said) if name == "clip-photos" else texts
        vectors = random.normal(size=(len(labels), 512)).astype(np.float32)
        EmbeddingTable.from_arrays(labels, vectors).save(folder / f"{name}.arrow")
    shutil.copy(shared / "simat/data/head_clip_t=0.1.pt", folder)
    shutil.copy(shared / "simat/data/simat_words_clip.ptd", folder)
    sides = (
        Linear(random.normal(size=(384, taken)).astype(np.float32), np.zeros(384, np.float32))
        for taken in (1280, 384)
    )
    Heads(*sides).save(folder / "lite2-minilm.safetensors")
    published = publish(folder / "SIMAT" / "simat_db", photographs=20)
    regions = [row["region_id"] for row in rows_of(published / "triplets.csv")]
    (published / "retrieval_db.tsv").write_text(
        "region_id\timage_id\tbbox\n" + "".join(f"{one}\t1\t0,0,9,9\n" for one in regions)
    )
    (folder / "vg").mkdir()
    shutil.copy(folder / "photos" / "0.jpg", folder / "vg" / "1.jpg")


def test_every_example_runs(
    shared: Path,
    glove_files: object,
    searches: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    brown = shared / "text" / "brown.zip"
    with zipfile.ZipFile(brown) as whole, zipfile.ZipFile("brown.zip", "w") as part:
        part.writestr("ca01", whole.read("brown/ca01"))
    (tmp_path / "photos").mkdir()
    records = []
    for rank, record in enumerate(list(read_photographs(shared / "photos").values())[:4]):
        records.append(replace(record, image=f"{rank}.jpg"))
        shutil.copy(shared / "photos" / record.image, tmp_path / "photos" / f"{rank}.jpg")
    members = [
        Member("dog" if rank % 2 else "cat", rank, f"{rank}.jpg", "class") for rank in range(4)
    ]
    write_lists(tmp_path / "photos", members, records)
    (tmp_path / "words.txt").write_text("dog\ncat\tcat animal\n")
    (tmp_path / "nouns.txt").write_text("\n".join(load("google").words[:40]))
    for reviewer in ("anna", "ben"):
        with Journal(tmp_path / "photos", reviewer) as journal:
            journal.judge("cat", "0.jpg", "keep")
    # A page waits for a person.
    listen = serving.listen
    monkeypatch.setattr(serving, "listen", lambda port: listen(0))
    monkeypatch.setattr(serving, "open_browser", lambda url: None)
    monkeypatch.setattr(serving, "serve", lambda page, listening: None)

    _prepare_simat(tmp_path, shared)
    # A name stands for the same vectors in every example; opening them takes seconds.
    opened: dict[str, EmbeddingTable] = {}

    def open_once(spec: str | None, **options: object) -> EmbeddingTable:
        name = spec or "glove-6b-50d"
        if name not in opened:
            opened[name] = open_table(spec)
        return opened[name]

    def load_tenth(spec: str, **options: Any) -> object:
        asked = load(spec, **options)
        return (
            asked.select(np.arange(0, len(asked), 10)) if isinstance(asked, AnalogySet) else asked
        )

    monkeypatch.setattr("embarith.data.open_table", open_once)
    # What the figures are is tested elsewhere; here every command has to run through.
    monkeypatch.setattr("embarith.questions.load", load_tenth)
    lines = list(dict.fromkeys(examples(main)))
    assert len(lines) >= 12
    # Four photographs make no question; tests of both commands have the whole collection.
    lines.remove("embarith paper paper.toml -o results")
    lines.remove("embarith images questions photos -o chosen.tsv")
    printed = {line: run(line) for line in lines}
    assert "queen" in printed["embarith ask 'king - man + woman'"]
    assert "restricted" in printed["embarith analogy --vocab questions --details google.jsonl"]
    details = (tmp_path / "google.jsonl").read_text().splitlines()
    assert list(json.loads(details[0])) == [
        *("relation", "a", "b", "c", "gold", "answers", "scores", "rank_fair", "rank_restricted"),
        *("landed", "angle_raw", "angle_unit", "rho_raw", "rho_unit"),
    ]
    assert len(details) == 1_955
    assert {word: len(found) for word, found in read_collection("found").words.items()} == {
        "dog": 4,
        "cat": 4,
    }
    assert len(read_collection("mine").images) == 4
    assert (tmp_path / "tables.tex").read_text().count(r"\begin{longtable}") == 1
