"""Exports equal their models; what does not is refused, and leaves nothing behind."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from embarith import encode, load_encoder
from embarith.cli import main
from embarith.encoders.card import CARDS, Gate, card_of, read_card
from embarith.encoders.device import Device, computing
from embarith.encoders.encoding import Photographs, Texts
from embarith.encoders.image import to_tensor
from embarith.encoders.onnx import OnnxEncoder
from embarith.errors import DataError, FormatError, OptionError
from embarith.export import ParityError, export, folder, graph, loading
from embarith.export.loading import load
from embarith.export.parity import compare
from embarith.export.samples import find
from embarith.export.towers import tower
from embarith.questions import load as questions
from exporting import CLIP, LITE2, MINILM, RESNET


def parity(path: Path) -> dict[str, dict[str, Any]]:
    proofs = json.loads((path / "parity.json").read_text())["proofs"]
    return {proof["tower"]: proof for proof in proofs}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proofs on a few inputs: what is broken on purpose shows on those."""
    monkeypatch.setattr(folder.samples, "find", lambda: find(8))


def test_every_export_passes_its_gate_on_real_inputs(
    minilm: Path, lite2: Path, clip: Path, resnet: Path
) -> None:
    for path, towers in [
        (minilm, {"text"}),
        (lite2, {"visual"}),
        (clip, {"visual", "text"}),
        (resnet, {"visual"}),
    ]:
        proofs = parity(path)
        assert set(proofs) == towers
        for proof in proofs.values():
            assert proof["inputs"] >= 60
            assert proof["max_difference"] <= 1e-4
            assert proof["max_distance"] <= 1e-6
            assert proof["batch_distance"] <= 1e-6
            assert proof["failed"] == []


def test_the_folder_says_what_it_holds(clip: Path, lite2: Path) -> None:
    card = read_card((clip / "card.toml").read_text(), "card.toml")
    assert card.export is not None
    assert set(card.export.files) == {"visual.onnx", "text.onnx", "tokenizer.json"}
    assert card.export.random_weights == 7
    assert card.name == f"{CLIP} (random weights 7)"
    real = read_card((lite2 / "card.toml").read_text(), "card.toml")
    assert real.name == LITE2
    assert real.export is not None
    assert len(real.export.weights_sha256) == 64


def test_a_folder_needs_neither_torch_nor_open_clip(minilm: Path, lite2: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys, numpy as np, embarith\n"
        f"text = embarith.load_encoder({str(minilm)!r}).encode_texts(['a dog'])\n"
        "photograph = np.zeros((300, 400, 3), dtype=np.uint8)\n"
        f"image = embarith.load_encoder({str(lite2)!r}).encode_images([photograph])\n"
        "assert text.shape == (1, 384) and image.shape == (1, 1280)\n"
        "heavy = {'torch', 'open_clip', 'transformers', 'timm', 'onnx'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# -- traps, each shown by breaking it on purpose ----------------------------------------------


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_a_frozen_batch_axis_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def freeze(module: Any, examples: dict[str, Any], path: Path, _precision: str) -> None:
        one = tuple(example[:1] for example in examples.values())
        program = torch.onnx.export(
            module,
            one,
            dynamo=True,
            opset_version=20,
            input_names=list(examples),
            output_names=["features"],
            verbose=False,
        )
        program.save(str(path), external_data=False)

    monkeypatch.setattr(graph, "write", freeze)
    with pytest.raises(ParityError, match=r"visual: the graph does not take a batch of 8"):
        export("torchvision:resnet18/IMAGENET1K_V1", tmp_path / "out", random_weights=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore")
def test_an_export_in_train_mode_is_refused(
    few: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The exporter that is used writes BatchNorm as it is in evaluation, whatever the module's flag
    says, so it takes the older one to break an export in this way."""

    def train(module: Any, examples: dict[str, Any], path: Path, _precision: str) -> None:
        torch.onnx.export(
            module.train(),
            tuple(examples.values()),
            str(path),
            dynamo=False,
            training=torch.onnx.TrainingMode.TRAINING,
            do_constant_folding=False,
            opset_version=17,
            input_names=list(examples),
            output_names=["features"],
            dynamic_axes={name: {0: "batch"} for name in [*examples, "features"]},
        )

    monkeypatch.setattr(graph, "write", train)
    with pytest.raises(ParityError, match=r"visual: .*max_difference .* is over"):
        export("torchvision:resnet18/IMAGENET1K_V1", tmp_path / "out", random_weights=1)
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_draws_as_in_training_is_refused(
    few: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write = graph.write
    monkeypatch.setattr(graph, "write", lambda module, *rest: write(module.train(), *rest))
    with pytest.raises(ParityError, match=r"visual: batch_distance .* is over"):
        export(LITE2, tmp_path / "out", random_weights=1)
    assert list(tmp_path.iterdir()) == []


def test_an_export_with_the_wrong_activation_is_refused(
    few: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plain = load("open_clip:ViT-B-32/laion2b_s34b_b79k", random_weights=1)
    write, other = graph.write, tower(plain, "text", "projected")
    monkeypatch.setattr(graph, "write", lambda _module, *rest: write(other, *rest))
    with pytest.raises(ParityError, match=r"text: max_difference .* is over"):
        export(CLIP, tmp_path / "out", random_weights=1, towers=["text"])
    assert list(tmp_path.iterdir()) == []


def test_an_output_named_as_something_within_is_refused(
    few: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The exporter calls a layer of CLIP's text tower `embedding`."""
    monkeypatch.setattr(graph, "FEATURES", "embedding")
    with pytest.raises(ParityError, match=r"text: .* Duplicate definition of name \(embedding\)"):
        export(CLIP, tmp_path / "out", random_weights=1, towers=["text"])
    assert list(tmp_path.iterdir()) == []


def test_train_mode_is_noticed() -> None:
    module = tower(load(RESNET, random_weights=1), "visual", "pooled")
    pixels = torch.rand(4, 3, 64, 64)
    with torch.inference_mode():
        reference, wrong = module(pixels).numpy(), module.train()(pixels).numpy()
    proof = compare(
        "visual",
        reference,
        lambda part: wrong[part],
        samples="noise",
        precision="fp32",
        gate=Gate(),
    )
    assert [fault.split()[0] for fault in proof.failed] == ["max_difference", "max_distance"]


def test_the_wrapper_and_all_it_holds_are_in_evaluation_mode() -> None:
    model = load(RESNET, random_weights=1)
    assert not any(part.training for part in tower(model, "visual", "pooled").modules())


def test_openais_weights_get_the_activation_they_were_trained_with() -> None:
    def activations(model: str) -> set[str]:
        module = load(model, random_weights=1).module
        return {type(part).__name__ for part in module.modules()} & {"GELU", "QuickGELU"}

    assert activations(CLIP) == {"QuickGELU"}
    assert activations("open_clip:ViT-B-32/laion2b_s34b_b79k") == {"GELU"}


def test_the_wrong_activation_is_noticed() -> None:
    quick = tower(load(CLIP, random_weights=1), "text", "projected")
    plain = tower(
        load("open_clip:ViT-B-32/laion2b_s34b_b79k", random_weights=1), "text", "projected"
    )
    ids = open_clip.get_tokenizer("ViT-B-32")(["a dog", "a cat", "two red balls", "rain"] * 3)
    with torch.inference_mode():
        reference, wrong = quick(ids).numpy(), plain(ids).numpy()
    state = dict(quick.named_parameters())
    assert all(torch.equal(state[name], other) for name, other in plain.named_parameters())
    proof = compare(
        "text",
        reference,
        lambda part: wrong[part],
        samples="four texts",
        precision="fp32",
        gate=Gate(),
    )
    assert [fault.split()[0] for fault in proof.failed] == ["max_difference", "max_distance"]


def test_graphs_name_their_inputs_and_outputs_alike(clip: Path, minilm: Path) -> None:
    import onnxruntime

    for path, inputs in [
        (clip / "visual.onnx", ["pixels"]),
        (clip / "text.onnx", ["ids"]),
        (minilm / "text.onnx", ["ids", "mask"]),
    ]:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        assert [one.name for one in session.get_inputs()] == inputs
        assert [one.name for one in session.get_outputs()] == ["features"]
        assert all(isinstance(one.shape[0], str) for one in session.get_inputs())


# -- precision and features ---------------------------------------------------------------------


def test_fewer_digits_keep_the_neighbours(tmp_path: Path) -> None:
    for precision, least in (("fp16", 0.97), ("int8", 0.8)):
        done = export(MINILM, tmp_path / precision, precision=precision)
        [proof] = done.parity
        assert proof.neighbours_1 >= least
        assert proof.neighbours_10 >= least
        assert proof.batch_distance <= 1e-6
        assert done.card.name == f"{MINILM} ({precision})"
        size = (tmp_path / precision / "text.onnx").stat().st_size
        assert size < 60e6  # of 91e6 in fp32


def test_int8_of_convolutions_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no matrix products to quantise"):
        export(
            "torchvision:resnet18/IMAGENET1K_V1",
            tmp_path / "out",
            precision="int8",
            random_weights=1,
        )
    assert list(tmp_path.iterdir()) == []


def test_a_precision_that_loses_neighbours_is_refused() -> None:
    rng = np.random.default_rng(1)
    reference = rng.standard_normal((60, 32)).astype(np.float32)
    noise = rng.standard_normal((60, 32)).astype(np.float32)
    proof = compare(
        "visual",
        reference,
        lambda part: (reference + noise)[part],
        samples="noise",
        precision="int8",
        gate=Gate(),
    )
    assert [fault.split()[0] for fault in proof.failed] == ["neighbours_1", "neighbours_10"]


def test_another_feature_is_another_vector(tmp_path: Path, minilm: Path) -> None:
    done = export(MINILM, tmp_path / "cls", feature="cls")
    assert done.card.name == f"{MINILM} (text cls)"
    texts = ["a dog", "a cat"]
    first = load_encoder(done.folder).encode_texts(texts)
    mean = load_encoder(minilm).encode_texts(texts)
    assert not np.allclose(first, mean, atol=0.1)


# -- tokens -------------------------------------------------------------------------------------

HOSTILE = [
    "",
    " ",
    "don\u2019t \u201cquote\u201d",
    "fish &amp; chips &amp;lt;b&amp;gt; &nbsp; &#39;s",
    "caf\u00e9 cafe\u0301 na\u00efve \u212b \ufb01ne",
    "\u6771\u4eac \u041c\u043e\u0441\u043a\u0432\u0430 \u0627\u0644\u0642\u0627\u0647\u0631\u0629",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea",
    "tab\tline\nfeed\x0bvertical\x85next\u2028line\u3000wide",
    "\u200bzero\u200dwidth\ufeff",
    "'S 'T 'RE IT'LL I'VE 'd",
    "it'\u017f a \u212aelvin \u0130stanbul stra\u00dfe",
    "<start_of_text> a <end_of_text> b <END_OF_TEXT>",
    "1234567890 \u00bd \u2167 \u0663",
    "a_b-c/d\\e{f}g[h]^~`|",
    "\x00\x01\x7f",
    "word " * 200,
    "x" * 1000,
    "!!!! ???? ....",
]


def test_tokens_are_open_clips(clip: Path, shared: Path) -> None:
    semeval = questions("semeval").words
    google = questions("google").words
    with (shared / "photos" / "captions.csv").open(encoding="utf-8", newline="") as file:
        captions = [value for row in csv.reader(file) for value in row[1:]]
    texts = [*HOSTILE, *semeval, *google, *captions]
    assert len(texts) > 20_000
    want = open_clip.get_tokenizer("ViT-B-32")(texts).numpy()
    ids, mask = load_encoder(clip).tokens(texts)
    wrong = np.flatnonzero((ids != want).any(axis=1))
    assert [texts[at] for at in wrong] == []
    assert mask.shape == ids.shape == (len(texts), 77)


def test_half_a_surrogate_pair_is_refused(clip: Path) -> None:
    with pytest.raises(OptionError, match=r"'a \\ud800' is no Unicode text"):
        load_encoder(clip).tokens(["fine", "a \ud800"])


# -- what cannot be exported ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("ViT-B-32", r"ids are LOADER:NAME"),
        ("open_clip:ViT-B-33/openai", r"no model 'ViT-B-33'; did you mean 'ViT-B-32'"),
        ("open_clip:ViT-B-32/opnai", r"no weights 'opnai'; there are openai"),
        ("torchvision:resnet51/X", r"no model 'resnet51'; did you mean 'resnet50'"),
        ("torchvision:resnet50/V1", r"no weights 'V1'; there are IMAGENET1K_V1"),
        ("timm:vit_small_patch14_dinov3.lvd", r"timm has no model"),
    ],
)
def test_unknown_models_are_refused(model: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=message):
        export(model, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_weights_out_of_reach_are_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))

    def unreachable(*_: Any, **__: Any) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    with pytest.raises(DataError, match=r"resnet50-0676ba61\.pth.*folder:PATH.*--random-weights"):
        export(RESNET, tmp_path / "out")


def test_a_hub_out_of_reach_is_told_of_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    asked: list[tuple[str, int]] = []

    def unreachable(address: tuple[str, int], timeout: object, *_: Any) -> None:
        # Libraries that name none get the default.
        waits = timeout if isinstance(timeout, float) else loading.socket.getdefaulttimeout()
        assert waits is not None
        assert waits <= 5
        asked.append(address)
        raise OSError(113, "No route to host")

    monkeypatch.setattr(loading.socket, "create_connection", unreachable)
    monkeypatch.setattr(loading.urllib.request, "getproxies", dict)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    told: list[str] = []
    with pytest.raises(
        DataError, match=r"huggingface\.co does not answer: No route to host"
    ) as hub:
        export("timm:vit_tiny_patch16_224", tmp_path / "out", tell=told.append)
    assert "https://huggingface.co/timm/vit_tiny_patch16_224" in str(hub.value)
    with pytest.raises(DataError, match="does not answer") as url:
        export("torchvision:resnet18/IMAGENET1K_V1", tmp_path / "out", tell=told.append)
    place = tmp_path / "torch" / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    assert f"and put it at {place} or give folder:PATH" in str(url.value)
    assert [line.partition(" for ")[0] for line in told] == [
        "asking huggingface.co",
        "asking download.pytorch.org",
    ]
    assert set(asked) == {("huggingface.co", 443), ("download.pytorch.org", 443)}
    assert not constants.HF_HUB_OFFLINE


def test_what_a_killed_export_left_is_removed(tmp_path: Path) -> None:
    import fcntl
    import signal
    import subprocess
    import sys

    target = tmp_path / "out"
    code = (
        "import os, signal, pathlib\n"
        "from embarith.export.folder import _private\n"
        f"with _private(pathlib.Path({str(target)!r})) as private:\n"
        "    (private / 'out').mkdir()\n"
        "    (private / 'older').mkdir()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -signal.SIGKILL
    [left] = tmp_path.iterdir()
    alive, foreign = (tmp_path / f".out.{name}" for name in ("a1ivea1i", "foreign1"))
    for folder_ in (alive, foreign):
        folder_.mkdir()
        (folder_ / "lock").touch()
    (foreign / "thesis.tex").touch()
    with (alive / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with folder._private(target) as private:
            assert private.parent == tmp_path
            assert not left.exists()
        # What the killed one had set aside is back in its place.
        assert set(tmp_path.iterdir()) == {target, alive, foreign}


def test_weights_of_ones_own(tmp_path: Path, shared: Path) -> None:
    weights = tmp_path / "mine"
    weights.mkdir()
    card = (Path(__file__).parents[2] / "models" / "resnet50-v1.toml").read_text()
    card = card.replace('sha256_prefix = "0676ba61"\n', "").replace("resnet50", "resnet18")
    (weights / "card.toml").write_text(card)
    torch.manual_seed(3)
    import torchvision

    module = torchvision.models.resnet18(weights=None)
    torch.save(module.state_dict(), weights / "model.pth")
    done = export(f"folder:{weights}", tmp_path / "out")
    assert done.card.export is not None
    assert done.card.export.random_weights is None
    torch.save({"run": print}, weights / "model.pth")
    with pytest.raises(DataError, match=r"model\.pth: no file of tensors alone"):
        export(f"folder:{weights}", tmp_path / "out2")
    (weights / "other.pth").write_bytes(b"")
    with pytest.raises(DataError, match="holds 2 files of weights"):
        export(f"folder:{weights}", tmp_path / "out2")


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    weights = tmp_path / "mine"
    weights.mkdir()
    shutil.copy(Path(__file__).parents[2] / "models" / "resnet50-v1.toml", weights / "card.toml")
    import torchvision

    torch.save(torchvision.models.resnet50(weights=None).state_dict(), weights / "model.pth")
    with pytest.raises(DataError, match="not the published ones"):
        export(f"folder:{weights}", tmp_path / "out")


def test_features_and_towers_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"gives no feature 'cls'; there are logits, pooled"):
        export(RESNET, tmp_path / "out", random_weights=1, feature="cls")
    with pytest.raises(OptionError, match=r"has no text tower; it has visual"):
        export(RESNET, tmp_path / "out", random_weights=1, towers=["text"])


def test_a_tokenizer_on_a_hub_is_named() -> None:
    card = card_of("open_clip:ViT-B-16-SigLIP/webli")
    with pytest.raises(OptionError, match=r"lies on a hub.*--tower visual"):
        folder._choose(card, None, ["text"])
    assert folder._choose(card, None, None) == {"visual": "projected"}


def test_features_are_the_layers_that_their_names_say() -> None:
    pixels = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    seen: dict[str, Any] = {}

    def keep(name: str) -> Any:
        return lambda _module, _inputs, out: seen.update({name: out})

    vit = load(CLIP, random_weights=1)
    visual: Any = vit.module.visual
    visual.ln_post.register_forward_hook(keep("tokens"))
    resnet = load("open_clip:RN50/openai", random_weights=1)
    resnet.module.visual.layer4.register_forward_hook(keep("places"))
    with torch.inference_mode():
        projected = tower(vit, "visual", "projected")(pixels)
        unprojected = tower(vit, "visual", "unprojected")(pixels)
        torch.testing.assert_close(unprojected @ visual.proj, projected)
        patches = tower(vit, "visual", "patches")(pixels)
        torch.testing.assert_close(patches, seen["tokens"][:, 1:].mean(dim=1))
        pooled = tower(resnet, "visual", "pooled")(pixels)
        torch.testing.assert_close(pooled, seen["places"].mean(dim=(2, 3)))
        for name in (RESNET, LITE2):
            whole = load(name, random_weights=1).module.eval()
            logits = tower(load(name, random_weights=1), "visual", "logits")
            torch.testing.assert_close(logits(pixels), whole(pixels))
        ids = open_clip.get_tokenizer("ViT-B-32")(["a dog", "a cat"])
        words = tower(vit, "text", "unprojected")(ids) @ vit.module.text_projection
        torch.testing.assert_close(words, tower(vit, "text", "projected")(ids))
        dino = load("timm:vit_small_patch14_dinov2.lvd142m", random_weights=1)
        dino.module.norm.register_forward_hook(keep("states"))
        large = torch.rand(1, 3, 518, 518, generator=torch.Generator().manual_seed(1))
        torch.testing.assert_close(tower(dino, "visual", "cls")(large), seen["states"][:, 0])
        mean = tower(dino, "visual", "patches")(large)
        torch.testing.assert_close(mean, seen["states"][:, 1:].mean(dim=1))


def test_a_model_without_a_card_is_prepared_as_its_library_says() -> None:
    from open_clip.factory import create_model_and_transforms
    from PIL import Image

    noise = np.random.default_rng(1).integers(0, 256, (300, 411, 3), dtype=np.uint8)
    for arch, tag in [("ViT-B-16-SigLIP", "webli"), ("MobileCLIP-S1", "datacompdr")]:
        rules = open_clip.get_pretrained_cfg(arch, tag)
        _, _, transform = create_model_and_transforms(
            arch,
            image_mean=rules.get("mean"),
            image_std=rules.get("std"),
            image_interpolation=rules.get("interpolation"),
            image_resize_mode=rules.get("resize_mode"),
        )
        card = loading._open_clip_card(f"{arch}/{tag}", rules)
        assert card.visual is not None
        want = transform(Image.fromarray(noise)).numpy()
        np.testing.assert_array_equal(to_tensor(noise, card.visual), want, arch)


def test_an_id_without_a_card_gets_a_template() -> None:
    name = "torchvision:resnet18/IMAGENET1K_V1"
    shown = CliRunner().invoke(main, ["models", "show", name])
    assert shown.exit_code == 0, shown.stderr
    card = read_card(shown.stdout, "template")
    assert (card.id, card.dimension) == (name, 512)
    assert card.weights.url.endswith("resnet18-f37072fd.pth")
    assert card.visual is not None
    assert card.visual.resize_to == 256
    wrong = CliRunner().invoke(main, ["models", "show", "torchvision:resnet18/V7"])
    assert wrong.exit_code != 0
    assert "there are IMAGENET1K_V1" in wrong.stderr


def test_preprocessing_that_is_not_known_is_refused() -> None:
    with pytest.raises(OptionError, match="in a way that embarith does not know"):
        loading._visual("x", size=224, resize="longest", resize_to=224)


def test_operators_are_told_from_reckoning_with_shapes(clip: Path, minilm: Path) -> None:
    import onnxruntime

    for graph_file in (clip / "visual.onnx", clip / "text.onnx", minilm / "text.onnx"):
        options = onnxruntime.SessionOptions()
        options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
        session = onnxruntime.InferenceSession(
            str(graph_file), options, providers=["CPUExecutionProvider"]
        )
        found = computing(session, "CPUExecutionProvider")
        assert found & {"MatMul", "Gemm", "FusedMatMul", "FusedGemm", "Conv", "FusedConv"}
        assert not found & {"Shape", "Concat", "Gather"}
        assert computing(session, "CUDAExecutionProvider") == set()


def test_a_folder_with_other_things_is_kept(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(OptionError, match="no exported model; name another folder"):
        export(RESNET, tmp_path, random_weights=1)
    assert (tmp_path / "thesis.tex").exists()
    # Weights of one's own lie beside a card as well.
    card = (Path(__file__).parents[2] / "models" / "resnet50-v1.toml").read_text()
    (tmp_path / "card.toml").write_text(card)
    with pytest.raises(OptionError, match="no exported model; name another folder"):
        export(RESNET, tmp_path, random_weights=1)


# -- folders ------------------------------------------------------------------------------------


def test_a_changed_graph_is_refused(resnet: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(resnet, copy)
    with (copy / "visual.onnx").open("r+b") as file:
        file.seek(10_000)
        file.write(b"\x00\x01\x02\x03")
    encoder = OnnxEncoder(copy, "cpu")
    with pytest.raises(DataError, match=r"visual\.onnx is not the exported file"):
        encoder.encode_images([np.zeros((10, 10, 3), dtype=np.uint8)])
    (copy / "visual.onnx").unlink()
    with pytest.raises(DataError, match=r"visual\.onnx is missing"):
        OnnxEncoder(copy, "cpu").encode_images([np.zeros((10, 10, 3), dtype=np.uint8)])
    (copy / "card.toml").write_text("id = 1")
    with pytest.raises(FormatError, match=r"card\.toml"):
        OnnxEncoder(copy, "cpu")


def test_a_changed_card_is_refused(minilm: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(minilm, copy)
    card = (copy / "card.toml").read_text()
    (copy / "card.toml").write_text(card.replace("lower = true", "lower = false"))
    with pytest.raises(DataError, match=r"card\.toml is not the exported file"):
        load_encoder(copy)
    (copy / "card.toml").write_text(card)
    load_encoder(copy)
    (copy / "parity.json").write_text("[]")
    with pytest.raises(FormatError, match=r"parity\.json: no record of an export"):
        load_encoder(copy)
    (copy / "parity.json").unlink()
    with pytest.raises(DataError, match=r"parity\.json is missing"):
        load_encoder(copy)


def test_texts_that_are_cut_are_counted(minilm: Path, tmp_path: Path) -> None:
    encoder = load_encoder(minilm, device="cpu")
    texts = ["a dog", "word " * 1000, "rain", "other " * 999]
    inputs = Texts(texts, [[text] for text in texts])
    first = encode(encoder, inputs, tmp_path / "t.arrow")
    assert first.cut == 2
    assert first.table.provenance.preprocessing.endswith(", 2 of the texts cut at that length")
    again = encode(encoder, inputs, tmp_path / "t.arrow")
    assert (again.computed, again.cut, again.table.sha256) == (0, 2, first.table.sha256)
    short = encode(encoder, Texts(["a dog"], [["a dog"]]), tmp_path / "s.arrow")
    assert short.cut == 0
    assert "cut" not in short.table.provenance.preprocessing


def test_staged_inputs_give_the_same_vectors(minilm: Path) -> None:
    """The way of a GPU's inputs, through memory of the CPU."""
    encoder = load_encoder(minilm, device="cpu")
    want = encoder.encode_texts(["a dog", "a cat"]), encoder.encode_texts(["red", "sky"])
    session = encoder._session("text")
    encoder.device = Device("cuda", 0, "a test")
    for texts, vectors in zip((["a dog", "a cat"], ["red", "sky"]), want, strict=True):
        ids, mask = encoder.tokens(texts)
        got = encoder._run(session, {"ids": ids, "mask": mask})
        np.testing.assert_array_equal(got, vectors)


def test_photographs_are_made_ready_while_the_graph_computes(
    lite2: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from threading import Event

    monkeypatch.setattr(OnnxEncoder, "batch", 2)
    encoder = load_encoder(lite2, device="cpu")
    prepare, run, later = OnnxEncoder.prepare, OnnxEncoder._run, Event()
    made = []

    def count(self: OnnxEncoder, photograph: Any) -> np.ndarray:
        made.append(1)
        if len(made) > 2:
            later.set()
        return prepare(self, photograph)

    def wait(self: OnnxEncoder, *rest: Any) -> np.ndarray:
        assert later.wait(30), "nothing of the next batch was begun"
        return run(self, *rest)

    monkeypatch.setattr(OnnxEncoder, "prepare", count)
    monkeypatch.setattr(OnnxEncoder, "_run", wait)
    files = [tmp_path / f"{number}.png" for number in range(4)]
    for number, file in enumerate(files):
        shade = np.full((20, 20, 3), 50 * number, dtype=np.uint8)
        Image.fromarray(shade).save(file)
    done = encode(encoder, Photographs([file.name for file in files], files), tmp_path / "t.arrow")
    assert len(done.table) == 4


def test_what_is_no_encoder(tmp_path: Path, minilm: Path) -> None:
    with pytest.raises(DataError, match=r"holds no card\.toml"):
        load_encoder(tmp_path)
    with pytest.raises(DataError, match=r"did you mean 'open_clip:ViT-B-32/openai'"):
        load_encoder("open_clip:ViT-B-32/openi")
    with pytest.raises(DataError, match=r"`embarith export-onnx open_clip:RN50/openai`"):
        load_encoder("open_clip:RN50/openai")
    with pytest.raises(OptionError, match="encodes no photographs"):
        load_encoder(minilm).encode_images([np.zeros((10, 10, 3), dtype=np.uint8)])
    with pytest.raises(OptionError, match="encodes no photographs"):
        encode(load_encoder(minilm), Photographs(["a"], [tmp_path]), tmp_path / "t.arrow")
    with pytest.raises(OptionError, match=r"a single one is \[text\]"):
        load_encoder(minilm).encode_texts("dog")


def test_a_graph_of_ones_own(minilm: Path, tmp_path: Path) -> None:
    for name in ("text.onnx", "tokenizer.json"):
        shutil.copy(minilm / name, tmp_path / name)
    (tmp_path / "card.toml").write_text(
        (Path(__file__).parents[2] / "models" / "all-minilm-l6-v2.toml").read_text()
    )
    encoder = load_encoder(f"onnx:{tmp_path}", device="cpu")
    want = load_encoder(minilm, device="cpu").encode_texts(["a dog"])
    np.testing.assert_array_equal(encoder.encode_texts(["a dog"]), want)


def test_devices_that_are_not_there_are_errors(minilm: Path) -> None:
    import onnxruntime

    for wanted in ("gpu", "cuda:x", "cpu:1", "auto:", ""):
        with pytest.raises(OptionError, match="there are auto, cpu, cuda and cuda:N"):
            load_encoder(minilm, device=wanted)
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        with pytest.raises(OptionError, match=r"'cuda' cannot be had: this onnxruntime knows no"):
            load_encoder(minilm, device="cuda")
        auto = load_encoder(minilm)
        assert (auto.device.kind, auto.device.why[:22]) == ("cpu", "this onnxruntime knows")


def test_a_batch_too_large_for_the_memory_is_halved(
    minilm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder(minilm, device="cpu")
    want = encoder.encode_texts(["a dog", "a cat", "rain"])
    run, sizes = OnnxEncoder._run, []

    def short(self: OnnxEncoder, session: Any, inputs: Any) -> np.ndarray:
        sizes.append(len(inputs["ids"]))
        if sizes[-1] > 1:
            raise RuntimeError("Failed to allocate memory for requested buffer of size 1")
        return run(self, session, inputs)

    monkeypatch.setattr(OnnxEncoder, "_run", short)
    with pytest.raises(RuntimeError, match="allocate"):
        encoder.encode_texts(["a dog", "a cat", "rain"])
    encoder.device = Device("cuda", 0, "a test")
    np.testing.assert_allclose(encoder.encode_texts(["a dog", "a cat", "rain"]), want, atol=1e-6)
    assert sizes[1:] == [3, 1, 2, 1, 1]


def test_a_gpu_keeps_the_neighbours(minilm: Path, shared: Path) -> None:
    try:
        gpu = load_encoder(minilm, device="cuda")
    except OptionError as absent:
        pytest.skip(str(absent))
    words = questions("google").words[:500]
    cpu = load_encoder(minilm, device="cpu").encode_texts(words)
    ours = gpu.encode_texts(words)
    proof = compare(
        "text",
        cpu,
        lambda part: ours[part],
        samples="500 words",
        precision="fp16",
        gate=Gate(),
    )
    assert proof.failed == ()


def test_the_cards_match_the_libraries() -> None:
    """Preprocessing and dimensions on the cards of open_clip's models are open_clip's own."""
    names = [name for name in CARDS if name.startswith("open_clip:")]
    assert len(names) == 6
    for name in names:
        card = card_of(name)
        arch, tag = card.model.split("/")
        rules = open_clip.get_pretrained_cfg(arch, tag)
        assert card.visual is not None
        assert card.visual.mean == pytest.approx(rules["mean"])
        assert card.visual.std == pytest.approx(rules["std"])
        assert (card.visual.resize == "squash") == (rules.get("resize_mode") == "squash")
        config = open_clip.get_model_config(arch)
        assert card.visual.size == config["vision_cfg"]["image_size"]
        assert card.dimension == config["embed_dim"]
