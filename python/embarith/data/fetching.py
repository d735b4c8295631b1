"""Downloading into the cache: checked, atomic, safe against interruption and other processes."""

from __future__ import annotations

import fcntl
import gzip
import io
import os
import shutil
import stat
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from embarith.data.catalogue import Entry, entry_of, human, read_sums
from embarith.data.finding import by_hand, cache, fault_of
from embarith.errors import DataError
from embarith.files import DAMAGED, replacing, sha256_of
from embarith.progress import Progress

# Seconds without a byte before a connection counts as lost, and how often in a row one may be.
TIMEOUT = 30.0
ATTEMPTS = 5
PAUSE = 0.5
# A piece that a cut falls into is lost; one that gets this far was no failure.
_CHUNK = 1 << 16
_AHEAD = 1 << 20
# Refused by the server for good, so that asking again is no use.
_FINAL = range(400, 500)
_PASSING = (408, 425, 429)


def fetch(name: str, *, progress: Progress | None = None) -> Path:
    """Download a data set into the cache, unless it is there, and return its path.

    A cut connection is continued where it broke off. Files are checked, then moved into place
    whole; an interrupted download leaves nothing behind that would be taken for data. Two
    processes that fetch the same data wait for each other. The sha256 of files that nobody has
    pinned are recorded in the cache's `SHA256SUMS`; a later download has to have the same.

    Parameters
    ----------
    name : str
        A name of the catalogue.
    progress : callable, optional
        Called as `progress(stage, done, total)` in bytes; `total` is 0 where it is unknown.

    Returns
    -------
    Path
        The file, or the folder of a set of several files.

    Raises
    ------
    DataError
        Unknown name, no address, no network, refused, cut, damaged or wrong data, no space or no
        permission; says the address and how to supply the files by hand.
    """
    entry = entry_of(name)
    root = cache()
    if fault_of(entry, root) is None:
        return root / entry.path
    if not entry.url:
        raise DataError(f"{entry.name!r} has no direct download: {by_hand(entry)}")
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _alone(root / f".{entry.name}.lock"):
            if fault_of(entry, root) is not None:
                _fetch(entry, root, progress or (lambda *_: None))
    except DataError:
        raise
    except OSError as error:
        raise DataError(
            f"cannot store {entry.name!r} in the cache {str(root)!r}: {error.strerror or error}; "
            "XDG_CACHE_HOME moves the cache"
        ) from error
    return root / entry.path


def _fetch(entry: Entry, root: Path, progress: Progress) -> None:
    staging = root / f".{entry.name}.part"
    # Whoever left it behind was killed: the lock is ours.
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    try:
        download = _download(entry, staging, progress)
        files = _unpack(entry, download, staging / "files")
        _record(_verified(entry, files, root), root)
        for place, file in files.items():
            if place not in entry.sha256:
                # Nothing but its size of zeros might be left after a power cut, unnoticed.
                with file.open("rb") as written:
                    os.fsync(written.fileno())
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            file.replace(root / place)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock that the system lets go of when its process ends, however it ends."""
    with lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


# -- download -----------------------------------------------------------------------------------


def _download(entry: Entry, staging: Path, progress: Progress) -> Path:
    import pooch

    def continued(url: str, output_file: str, _: Any) -> None:
        with Path(output_file).open("wb") as out:
            _stream(entry, url, out, lambda *count: progress(f"fetch {entry.name}", *count))

    pooch.get_logger().setLevel("ERROR")
    try:
        return Path(
            pooch.retrieve(
                entry.url,
                known_hash=entry.checksum or None,
                fname=PurePosixPath(entry.url).name,
                path=staging,
                downloader=continued,
            )
        )
    except ValueError as error:
        raise _unfit(entry, "the download is damaged or not the published file") from error


def _stream(entry: Entry, url: str, out: IO[bytes], progress: Callable[[int, int], None]) -> None:
    """Write what `url` serves to `out`, continuing after every cut."""
    import requests

    failures = 0
    version = ""
    while True:
        start = out.tell() if version else 0
        out.seek(start)
        # Bytes as they are stored, so that they can be counted and continued.
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers |= {"Range": f"bytes={start}-", "If-Range": version}
        try:
            with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
                response.raise_for_status()
                if response.status_code != requests.codes.partial_content:
                    start = out.seek(0)
                out.truncate()
                version = response.headers.get("ETag") or response.headers.get("Last-Modified", "")
                length = int(response.headers.get("Content-Length", 0))
                _need_room(entry, Path(out.name).parent, length)
                for chunk in response.iter_content(_CHUNK):
                    out.write(chunk)
                    progress(out.tell(), start + length if length else 0)
            return
        except requests.RequestException as error:
            status = getattr(error.response, "status_code", 0)
            failures = 1 if out.tell() - start > _AHEAD else failures + 1
            if status in _FINAL and status not in _PASSING:
                raise _unfit(entry, f"the server answers {status}") from error
            if failures == ATTEMPTS:
                lost = f"the connection was lost after {human(out.tell())}"
                fault = f"the server answers {status}" if status else lost
                fault = fault if out.tell() or status else "no connection to the server"
                raise _unfit(entry, f"{fault}, {ATTEMPTS} times in a row") from error
            time.sleep(PAUSE * 2**failures)


def _need_room(entry: Entry, folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise DataError(
            f"{entry.name!r} needs {human(size)}, but only {human(free)} are free at "
            f"{str(folder.parent)!r}; XDG_CACHE_HOME moves the cache"
        )


def _unfit(entry: Entry, fault: str) -> DataError:
    return DataError(f"{entry.name!r}: {fault} ({entry.url}). Try again later, or {by_hand(entry)}")


# -- archives -----------------------------------------------------------------------------------


def _unpack(entry: Entry, download: Path, target: Path) -> dict[str, Path]:
    """Return place in a data folder → file for everything that the entry takes of a download."""
    if not entry.unpack:
        return {entry.path: download}
    try:
        files = dict(_members(entry, download, target))
    except DAMAGED as error:
        raise _unfit(entry, f"the archive is cut or damaged ({error})") from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise _unfit(entry, "the archive names one place twice") from error
    wanted = entry.sha256 or (entry.path,)
    absent = [place for place in wanted if place not in files]
    if absent:
        raise _unfit(entry, f"the archive lacks {absent[0]!r}")
    return files


def _members(entry: Entry, download: Path, target: Path) -> Iterator[tuple[str, Path]]:
    def keep(name: str, stream: IO[bytes]) -> Iterator[tuple[str, Path]]:
        place = _place(entry, name)
        if place is not None:
            file = target / place
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("xb") as out:
                shutil.copyfileobj(stream, out, _AHEAD)
            yield place, file

    if zipfile.is_zipfile(download):
        with zipfile.ZipFile(download) as zipped:
            wanted = (info for info in zipped.infolist() if _place(entry, info.filename))
            _need_room(entry, target.parent, sum(info.file_size for info in wanted))
            for info in zipped.infolist():
                if not info.is_dir() and not stat.S_ISLNK(info.external_attr >> 16):
                    with zipped.open(info) as stream:
                        yield from keep(info.filename, stream)
    elif tarfile.is_tarfile(download):
        with tarfile.open(download) as tar:
            for member in tar:
                opened = tar.extractfile(member) if member.isreg() else None
                if opened is not None:
                    with opened:
                        yield from keep(member.name, opened)
    else:
        with gzip.open(download) as unzipped, io.BufferedReader(unzipped) as stream:
            yield from keep("", stream)


def _place(entry: Entry, member: str) -> str | None:
    """Return where an archive's member goes in a data folder, or None if it is not wanted."""
    for prefix, place in entry.unpack.items():
        rest = member.removeprefix(prefix) if member.startswith(prefix) else None
        if rest is None or (rest and not place.endswith("/")):
            continue
        path = PurePosixPath(place + rest)
        if ".." in path.parts or PurePosixPath(rest).is_absolute() or "\\" in rest or "\0" in rest:
            raise _unfit(entry, f"the archive names a place outside its folder, {member!r}")
        return str(path)
    return None


# -- hashes -------------------------------------------------------------------------------------


def _verified(entry: Entry, files: Mapping[str, Path], root: Path) -> dict[str, str]:
    """Return the sha256 of the files; raise DataError where one is not the known one."""
    recorded = _recorded(root)
    sums = {place: sha256_of(file) for place, file in files.items()}
    for place, digest in sums.items():
        if digest != entry.sha256.get(place, digest):
            raise _unfit(
                entry, f"what came for {place!r} is not the published file (sha256 differs)"
            )
        if digest != recorded.get(place, digest):
            raise _unfit(
                entry,
                f"{place!r} has changed since it was first downloaded (its line in "
                f"{str(root / 'SHA256SUMS')!r} holds the old sha256; remove it to accept the new)",
            )
    return sums


def _recorded(root: Path) -> dict[str, str]:
    sums = root / "SHA256SUMS"
    return read_sums(sums.read_text(encoding="utf-8")) if sums.exists() else {}


def _record(sums: Mapping[str, str], root: Path) -> None:
    with _alone(root / ".SHA256SUMS.lock"):
        everything = dict(sorted((_recorded(root) | dict(sums)).items()))
        with (
            replacing(root / "SHA256SUMS") as temporary,
            temporary.open("w", encoding="utf-8") as out,
        ):
            out.writelines(f"{digest}  {place}\n" for place, digest in everything.items())
