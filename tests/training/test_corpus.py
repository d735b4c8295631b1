"""Text in every packing gives the same words; what is no text is refused by name and line."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from embarith.errors import DataError, FormatError, OptionError
from embarith.training import corpus as module
from embarith.training.corpus import Corpus, read_corpus


def words_of(corpus: Corpus) -> list[list[str]]:
    return list(corpus)


def read_text(tmp_path: Path, text: str | bytes, **options: str) -> list[list[str]]:
    path = tmp_path / "text.txt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return words_of(read_corpus([path], **options))


def tarred(path: Path, files: dict[str, bytes], mode: str) -> None:
    with tarfile.open(path, mode) as archive:
        # In an order of its own, as `tar` writes what the file system lists.
        for name in sorted(files, reverse=True):
            info = tarfile.TarInfo(name)
            info.size = len(files[name])
            archive.addfile(info, io.BytesIO(files[name]))


def zipped(path: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files, reverse=True):
            archive.writestr(name, files[name])


def in_folder(path: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)


@pytest.mark.parametrize(
    "pack",
    [
        zipped,
        in_folder,
        lambda path, files: tarred(path, files, "w"),
        lambda path, files: tarred(path, files, "w:gz"),
        lambda path, files: tarred(path, files, "w:bz2"),
        lambda path, files: tarred(path, files, "w:xz"),
        lambda path, files: in_folder(
            path, {f"{n}.gz": gzip.compress(c) for n, c in files.items()}
        ),
    ],
    ids=["zip", "folder", "tar", "tar.gz", "tar.bz2", "tar.xz", "folder of gz"],
)
def test_archives_and_folders_give_the_same_corpus(
    brown: dict[str, bytes], news: bytes, tmp_path: Path, pack: Callable[..., None]
) -> None:
    files = {"a/rural": news, **{f"brown/{name}": text for name, text in brown.items()}}
    for name, text in files.items():
        (tmp_path / name.replace("/", "_")).write_bytes(text)
    plain = read_corpus([tmp_path / name.replace("/", "_") for name in sorted(files)])
    pack(tmp_path / "packed", files)
    packed = read_corpus([tmp_path / "packed"])
    assert words_of(packed) == words_of(plain)
    counts = (dict(zip(one.words, one.counts.tolist(), strict=True)) for one in (packed, plain))
    assert next(counts) == next(counts)
    assert (packed.texts, packed.tagged, len(packed.tokens)) == (4, 3, len(plain.tokens))


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_packed_files_give_the_same_corpus(
    news: bytes, tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "news").write_bytes(compress(news))
    (tmp_path / "plain").write_bytes(news)
    found = read_corpus([tmp_path / "news"])
    assert words_of(found) == words_of(read_corpus([tmp_path / "plain"]))
    assert len(found.tokens) > 200_000
    assert found.sources[0].size == (tmp_path / "news").stat().st_size


def test_brown_loses_its_tags_and_keeps_its_sentences(
    brown: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "ca01").write_bytes(brown["ca01"])
    corpus = read_corpus([tmp_path / "ca01"])
    first, second, *_ = corpus
    assert first[:8] == ["the", "fulton", "county", "grand", "jury", "said", "friday", "an"]
    assert first[8:14] == ["investigation", "of", "atlanta's", "recent", "primary", "election"]
    assert second[:4] == ["the", "jury", "further", "said"]
    # Brown's sentences are lines, of which those that end in a colon or semicolon end none here.
    lines = sum(bool(line.strip()) for line in brown["ca01"].splitlines())
    assert 0.85 * lines <= len(corpus) <= lines
    assert not {"at", "nn", "jj"} - {"at"} & set(corpus.words)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It was Mr. Bumble. He sat.", ["it was mr bumble", "he sat"]),
        ("J. S. Mill wrote. So did I. And you?", ["j s mill wrote", "so did i", "and you"]),
        ("'Halt!' said he. 'Who goes?' Nobody.", ["halt said he", "who goes", "nobody"]),
        ("e.g. The rest, i.e. No more", ["e g the rest i e no more"]),
        ("Is it No. 5? No. She left.", ["is it no 5", "no", "she left"]),
        ("it is lower . so is this ? yes", ["it is lower", "so is this", "yes"]),
        ("a head\n\nThe text\nruns on", ["a head", "the text runs on"]),
        ("Don't; king’s -- well-known 2nd", ["don't king's well known 2nd"]),
        ("_Very_ new_york \u0045\u0301tude", ["very new_york étude"]),
        ("\ufeffFirst. “Then?” “Éh!”", ["first", "then", "éh"]),
        ("The/at dog/nn ran/vbd 1/2/cd ./.", ["the dog ran 1 2"]),
        ("and/or is/was no tag here", ["and or is was no tag here"]),
    ],
)
def test_sentences_and_words(tmp_path: Path, text: str, sentences: list[str]) -> None:
    assert [" ".join(words) for words in read_text(tmp_path, text)] == sentences


def test_a_text_is_the_same_wherever_blocks_end(
    news: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read_text(tmp_path, news[:100_000])
    for size in (4096, 4097, 10_001):
        monkeypatch.setattr(module, "_BLOCK", size)
        assert read_text(tmp_path, news[:100_000]) == whole


def test_no_word_of_a_long_sentence_is_lost(tmp_path: Path) -> None:
    found = read_text(tmp_path, "word " * 25_000)
    assert [len(words) for words in found] == [10_000, 10_000, 5_000]


def test_bytes_that_are_no_utf_8_are_read_as_windows_1252_with_a_warning(tmp_path: Path) -> None:
    text = "Zürich is fine.\n".encode() + b"a caf\xe9\n\x93quoted\x94\n"
    with pytest.warns(UserWarning, match=r"text\.txt:2: byte 0xe9 is no utf-8.*Windows-1252"):
        assert read_text(tmp_path, text)[0][3:] == ["a", "café", "quoted"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_text(tmp_path, "caf\xe9".encode("latin-1"), encoding="latin-1") == [["café"]]


def test_named_encodings(tmp_path: Path) -> None:
    assert read_text(tmp_path, "Größe".encode("utf-16"), encoding="utf-16") == [["größe"]]
    with pytest.raises(OptionError, match="'zip' is unknown"):
        read_text(tmp_path, "x", encoding="zip")
    with pytest.raises(FormatError, match=r"text\.txt:2: byte 0xff is no utf-8"):
        read_text(tmp_path, b"one\ntwo \xff\n", encoding="utf-8")


def test_what_tells_of_a_corpus_is_left_out_and_named(tmp_path: Path) -> None:
    files = {
        "README": b"about it",
        "LICENSE.txt": b"terms",
        ".DS_Store": b"\0\1",
        "sub/.hidden/x": b"no",
        "sub/text": b"some words",
    }
    in_folder(tmp_path / "corpus", files)
    found = read_corpus([tmp_path / "corpus"])
    assert words_of(found) == [["some", "words"]]
    gone = {str(tmp_path / "corpus" / name) for name in set(files) - {"sub/text"}}
    assert set(found.left_out) == gone
    named = read_corpus([tmp_path / "corpus" / "README"])
    assert words_of(named) == [["about", "it"]]


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("empty.txt", b"", FormatError, r"empty\.txt: no words in it"),
        ("signs.txt", b"-- !? --\n", FormatError, "no words in it"),
        ("binary", b"text\nmore\0\n", FormatError, r"binary:2: a NUL byte"),
        ("picture.png", b"\x89PNG\r\n\x1a\n\0\0", FormatError, r"picture\.png:3: a NUL byte"),
        ("wrong.txt", b"ok\nok\ncaf\x81\n", FormatError, r"wrong\.txt:3: byte 0x81 is no utf-8"),
        ("one.txt", b"a" * 2_500_000, FormatError, r"one\.txt: a megabyte without a space"),
        (
            "cut.gz",
            gzip.compress(b"words " * 999, mtime=0)[:-9],
            DataError,
            r"cut\.gz: cut, damaged",
        ),
        ("cut.xz", lzma.compress(b"words " * 999)[:-9], DataError, r"cut\.xz: cut, damaged"),
        ("no.zip", b"PK\x03\x04 nothing", DataError, r"no\.zip: cut, damaged or encrypted"),
    ],
)
def test_what_is_no_text_is_refused(
    tmp_path: Path, name: str, content: bytes, error: type[Exception], message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message):
        read_corpus([tmp_path / name])


def test_paths_that_are_no_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="neither a file nor a folder"):
        read_corpus([tmp_path / "absent"])
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="a folder without files"):
        read_corpus([tmp_path / "folder"])
    (tmp_path / "folder" / "link").symlink_to("nowhere")
    with pytest.raises(DataError, match="a link to a folder or nowhere"):
        read_corpus([tmp_path / "folder"])


def test_file_names_need_not_be_unicode(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / os.fsdecode(b"caf\xe9.txt")).write_bytes(b"words " * 9)
    found = read_corpus([tmp_path / "folder"])
    assert found.sources[0].name == "caf\ufffd.txt"
    assert len(found.sha256) == 64


def test_a_file_within_an_archive_is_named_with_its_line(tmp_path: Path) -> None:
    zipped(tmp_path / "in.zip", {"deep/bad.txt": b"one\ntwo\nthr\x81e\n"})
    with pytest.raises(FormatError, match=r"in\.zip/deep/bad\.txt:3: byte 0x81"):
        read_corpus([tmp_path / "in.zip"])


@pytest.mark.parametrize("suffix", ["zip", "gz", "xz", "tar.gz"])
def test_bombs_are_refused(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ALWAYS_FINE", 1 << 20)
    bomb = b"a b " * 2_000_000
    path = tmp_path / f"bomb.{suffix}"
    if suffix == "zip":
        zipped(path, {"bomb": bomb})
    elif suffix == "tar.gz":
        tarred(path, {"bomb": bomb}, "w:gz")
    else:
        path.write_bytes({"gz": gzip, "xz": lzma}[suffix].compress(bomb))
    with pytest.raises(DataError, match="200 times its own size"):
        read_corpus([path])


def test_hostile_names_and_links_touch_nothing(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "up.tar", "w") as archive:
        for name, kind, target in (
            ("link", tarfile.SYMTYPE, "/etc/passwd"),
            ("hard", tarfile.LNKTYPE, "../../secret"),
            ("device", tarfile.CHRTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
        info = tarfile.TarInfo("../../../outside.txt")
        info.size = 5
        archive.addfile(info, io.BytesIO(b"words"))
    found = read_corpus([tmp_path / "up.tar"])
    assert words_of(found) == [["words"]]
    assert found.left_out == tuple(f"{tmp_path}/up.tar/{n}" for n in ("link", "hard", "device"))
    assert [path.name for path in tmp_path.iterdir()] == ["up.tar"]


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    zipped(tmp_path / "locked.zip", {"text": b"words"})
    content = bytearray((tmp_path / "locked.zip").read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(content)
    with pytest.raises(DataError, match="encrypted"):
        read_corpus([tmp_path / "locked.zip"])


def test_progress_ends_at_the_size_of_the_files(news: bytes, tmp_path: Path) -> None:
    (tmp_path / "news").write_bytes(news)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(news))
    told: list[tuple[str, int, int]] = []
    read_corpus([tmp_path / "news", tmp_path / "packed.gz"], progress=lambda *one: told.append(one))
    total = sum((tmp_path / name).stat().st_size for name in ("news", "packed.gz"))
    assert told[-1] == ("reading bytes", total, total)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
