"""What a run of the paper keeps on disk: each part whole or not at all, none computed twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
from pyarrow import feather

from embarith.errors import EmbarithError, FormatError
from embarith.files import replacing
from embarith.paper.config import slug
from embarith.result import AnalogyResult, Result, from_json, to_json
from embarith.result.paper import Manifest, Paper, PartInfo

MANIFEST = "paper.json"
_RESULTS = "results"


class Store:
    """The results of a run by part, in a folder.

    Parameters
    ----------
    folder : Path
    version : str
        Of the code: results of another are not taken over.
    tell : callable
        Called with a line about what happens.
    """

    def __init__(self, folder: Path, version: str, tell: Callable[[str], None]) -> None:
        self.folder = folder
        self.parts: list[PartInfo] = []
        self._version = version
        self._tell = tell

    def part(
        self,
        name: str,
        inputs: Sequence[object],
        compute: Callable[[], Result | Sequence[Result]],
    ) -> None:
        """Compute a part, unless it is there from the same inputs.

        A part that cannot be computed (a space that lacks the words, say) is left out with its
        reason; the others go on.

        Parameters
        ----------
        name : str
            Unlike any other part's.
        inputs : sequence of object
            Whatever the results depend on, as JSON takes it: hashes, options, seeds.
        compute : callable
        """
        key = hashlib.sha256(json.dumps([self._version, name, *inputs]).encode()).hexdigest()
        plain = ".".join(map(slug, name.split("/", 1)))
        path = self.folder / _RESULTS / f"{plain}.{key[:16]}.jsonl"
        if not path.exists():
            self._tell(name)
            try:
                found = compute()
            except EmbarithError as reason:
                self.leave_out(name, str(reason))
                return
            self._write(path, [found] if not isinstance(found, Sequence) else found)
        self.parts.append(PartInfo(name, file=str(path.relative_to(self.folder))))

    def leave_out(self, name: str, reason: str) -> None:
        """Say why there is no such part."""
        self._tell(f"{name} left out: {reason}")
        self.parts.append(PartInfo(name, skipped=reason))

    def _write(self, path: Path, results: Sequence[Result]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        for number, result in enumerate(results):
            if isinstance(result, AnalogyResult):
                with replacing(_details(path, number)) as part:
                    feather.write_feather(result.to_frame(), part, compression="zstd")
        with replacing(path) as part:
            part.write_text("".join(to_json(one) + "\n" for one in results), encoding="utf-8")

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, and remove the results of parts that it does not name."""
        with replacing(self.folder / MANIFEST) as part:
            pretty = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
            part.write_bytes(pretty + b"\n")
        kept = {Path(one.file).name for one in manifest.parts}
        for file in sorted((self.folder / _RESULTS).glob("*.jsonl*")):
            # The single questions of a part lie in files of its name with more behind it.
            if f"{file.name.partition('.jsonl')[0]}.jsonl" not in kept:
                file.unlink()


def load(folder: str | Path) -> Paper:
    """Read what a run measured, for its report.

    Raises
    ------
    FormatError
        No manifest there, or a part of it that is absent or damaged; names the file.
    """
    folder = Path(folder)
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise FormatError(f"{folder} holds no {MANIFEST}; `embarith paper` writes it") from None
    except msgspec.MsgspecError as fault:
        raise FormatError(f"{folder / MANIFEST}: {fault}") from None
    results, details = {}, {}
    for part in manifest.parts:
        if not part.file:
            continue
        path = folder / part.file
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            results[part.name] = tuple(map(from_json, lines))
            frames = [_details(path, number) for number in range(len(lines))]
            details[part.name] = tuple(feather.read_table(file) for file in frames if file.exists())
        except (OSError, ValueError, msgspec.MsgspecError, pa.ArrowInvalid) as fault:
            raise FormatError(f"{path}: {fault}; remove it, and it is computed again") from None
    return Paper(manifest, results, details)


def _details(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}-{number}.arrow")
