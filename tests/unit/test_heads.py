"""Heads: what they compute, keep and refuse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from embarith.encoders.heads import Heads, Linear
from embarith.errors import DataError, FormatError, OptionError
from embarith.provenance import Provenance


def linear(out: int, taken: int, seed: int = 0) -> Linear:
    random = np.random.default_rng(seed)
    return Linear(
        random.normal(size=(out, taken)).astype(np.float32),
        random.normal(size=out).astype(np.float32),
    )


@pytest.fixture
def heads() -> Heads:
    return Heads(linear(4, 9), linear(4, 6, 1), Provenance(encoder="made", licence="none"), 0.1)


def test_linear_first_then_unit_length(heads: Heads) -> None:
    x = 100 * np.random.default_rng(2).normal(size=(7, 9)).astype(np.float32)
    for i, y in enumerate(heads.apply("visual", x)):
        expected = [
            sum(float(w) * float(v) for w, v in zip(row, x[i], strict=True)) + float(b)
            for row, b in zip(heads.img.weight, heads.img.bias, strict=True)
        ]
        np.testing.assert_allclose(y, np.array(expected) / np.linalg.norm(expected), atol=1e-12)


def test_a_file_keeps_all(heads: Heads, tmp_path: Path) -> None:
    heads.save(tmp_path / "h.safetensors")
    again = Heads.read(tmp_path / "h.safetensors")
    assert again.sha256 == heads.sha256
    assert again.provenance == heads.provenance
    assert again.temperature == 0.1
    assert again.dimensions == 4


def test_files_of_others_are_read(heads: Heads, tmp_path: Path) -> None:
    arrays = {
        "img_head.weight": heads.img.weight,
        "img_head.bias": heads.img.bias,
        "txt_head.weight": heads.txt.weight,
        "txt_head.bias": heads.txt.bias,
    }
    save_file(arrays, tmp_path / "theirs.safetensors")
    found = Heads.read(tmp_path / "theirs.safetensors")
    assert found.sha256 == heads.sha256
    assert found.provenance.encoder == "theirs"
    assert found.temperature is None
    del arrays["txt_head.bias"]
    save_file(arrays, tmp_path / "cut.safetensors")
    with pytest.raises(FormatError, match=r"cut.safetensors: no txt_head.bias; heads have"):
        Heads.read(tmp_path / "cut.safetensors")
    wide = arrays | {"txt_head.bias": heads.txt.bias.astype(np.float64)}
    save_file(wide, tmp_path / "wide.safetensors")
    with pytest.raises(FormatError, match=r"wide.safetensors: txt_head.bias is float64"):
        Heads.read(tmp_path / "wide.safetensors")


def test_what_does_not_fit_is_refused(heads: Heads, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="text head takes 6 dimensions and the text table has 9"):
        heads.apply("text", np.ones((1, 9), np.float32))
    with pytest.raises(FormatError, match=r"4 \(image weight\), 4 .* 5 \(text weight\)"):
        Heads(heads.img, linear(5, 6))
    zero = Linear(np.zeros((2, 3), np.float32), np.zeros(2, np.float32))
    with pytest.raises(OptionError, match="maps row 0 to zero"):
        Heads(zero, zero).apply("visual", np.ones((1, 3), np.float32))
    odd = Linear(np.full((2, 3), np.nan, np.float32), np.zeros(2, np.float32))
    with pytest.raises(FormatError, match=r"weight holds nan at \[0, 0\] \(6 values"):
        Heads(odd, zero)
    endless = Linear(zero.weight, np.array([0, -np.inf], np.float32))
    with pytest.raises(FormatError, match=r"txt_head.bias holds -inf at \[1\] \(1 value is not"):
        Heads(zero, endless)
    (tmp_path / "text").write_text("no heads")
    with pytest.raises(FormatError, match="no safetensors file of heads"):
        Heads.read(tmp_path / "text")
    with pytest.raises(DataError, match="is no file of heads"):
        Heads.read(tmp_path / "absent")
