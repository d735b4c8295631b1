"""Where a graph runs: on the device that was asked for, or not at all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embarith.errors import DataError, OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import DTypeLike
    from onnxruntime import InferenceSession, OrtValue


@dataclass(frozen=True)
class Device:
    """A processor for graphs.

    Parameters
    ----------
    kind : {"cpu", "cuda"}
    index : int
        Which of several.
    why : str
        How the choice came about.
    """

    kind: str
    index: int
    why: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.index}" if self.kind == "cuda" else self.kind


def choose(wanted: str = "auto") -> Device:
    """Return the device that a user's word stands for.

    Parameters
    ----------
    wanted : str
        `cpu`, `cuda`, `cuda:N`, or `auto` for a GPU where onnxruntime can use one.

    Raises
    ------
    OptionError
        Another word, or CUDA where onnxruntime was built without it or finds no such GPU.
    DataError
        onnxruntime is not installed.
    """
    kind, _, number = wanted.partition(":")
    known = kind in {"auto", "cpu"} and not number and ":" not in wanted
    if not known and not (kind == "cuda" and (number.isdecimal() or ":" not in wanted)):
        raise OptionError(f"device {wanted!r}; there are auto, cpu, cuda and cuda:N")
    if kind == "cpu":
        return Device("cpu", 0, "as asked")
    absent = _no_cuda(int(number or 0))
    if kind == "cuda":
        if absent:
            raise OptionError(f"device {wanted!r} cannot be had: {absent}")
        return Device("cuda", int(number or 0), "as asked")
    return Device("cpu", 0, absent) if absent else Device("cuda", 0, "a GPU is there")


def start(graph: Path, device: Device) -> InferenceSession:
    """Load a graph onto a device, whole.

    Raises
    ------
    OptionError
        The device is CUDA, and some part of the graph would compute elsewhere.
    DataError
        onnxruntime cannot load the graph.
    """
    ort = _onnxruntime()
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.use_deterministic_compute = True
    disabled = []
    if device.kind == "cpu":
        providers: list[Any] = ["CPUExecutionProvider"]
        # Half floats make this rewrite crash.
        disabled = ["NchwcTransformer"]
        threads = os.environ.get("EMBARITH_THREADS")
        if threads:
            options.intra_op_num_threads = int(threads)
    else:
        settings = {
            "device_id": device.index,
            # Would change results between generations of GPUs without a word.
            "use_tf32": 0,
            # Chosen by the clock otherwise, which is not the same in every run.
            "cudnn_conv_algo_search": "DEFAULT",
        }
        providers = [("CUDAExecutionProvider", settings)]
        options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    try:
        session = ort.InferenceSession(
            str(graph),
            options,
            providers=providers,
            disabled_optimizers=disabled,
            enable_fallback=0,
        )
    except Exception as fault:  # onnxruntime's own exceptions share no base class
        reason = str(fault).strip().splitlines()[-1]
        if device.kind == "cuda":
            raise OptionError(f"{graph} does not run on {device}: {reason}") from None
        raise DataError(f"{graph}: onnxruntime cannot load it: {reason}") from None
    if device.kind == "cuda":
        if session.get_providers()[0] != "CUDAExecutionProvider":
            raise OptionError(
                f"{graph} was to run on {device}, and onnxruntime took "
                f"{', '.join(session.get_providers())}: its CUDA libraries are missing or too old "
                "(--device cpu runs without)"
            )
        elsewhere = computing(session, "CPUExecutionProvider")
        if elsewhere:
            raise OptionError(
                f"{graph} does not run on {device} whole: {', '.join(sorted(elsewhere))} would "
                "compute on the CPU"
            )
    return session


def staging(device: Device, shape: Sequence[int], dtype: DTypeLike) -> OrtValue:
    """Return memory on the host for the inputs of a graph: pinned, where a GPU copies from it.

    `numpy()` of what is returned is a view to write to.
    """
    ort = _onnxruntime()
    kind = ort.OrtDeviceMemoryType.HOST_ACCESSIBLE
    infos = [
        one.memory_info(kind)
        for one in ort.get_ep_devices()
        if device.kind == "cuda" and one.ep_name == "CUDAExecutionProvider"
    ]
    info = infos[device.index] if device.index < len(infos) else None
    # Without such memory the driver copies twice; vectors are the same.
    value: OrtValue = ort.OrtValue.ortvalue_from_shape_and_type(shape, dtype, memory_info=info)
    return value


# Reckoning with shapes, which onnxruntime does on the CPU by design, beside a GPU.
_SHAPES = frozenset(
    [
        "Shape",
        "Size",
        "Gather",
        "Concat",
        "Slice",
        "Squeeze",
        "Unsqueeze",
        "Reshape",
        "Cast",
        "Range",
        "Where",
        "Equal",
        "Expand",
        "Add",
        "Sub",
        "Mul",
        "Div",
        "Mod",
        "Constant",
        "ConstantOfShape",
        "Identity",
        "Transpose",
        "Not",
        "And",
        "Or",
        "Less",
        "Greater",
        "Min",
        "Max",
        "ReduceProd",
        "ScatterND",
        "Tile",
    ]
)


def computing(session: InferenceSession, provider: str) -> set[str]:
    """Return the operators that a provider runs, but for reckoning with shapes.

    The session has to have been started with the record of assignments.
    """
    return {
        node.op_type
        for part in session.get_provider_graph_assignment_info()
        if part.ep_name == provider
        for node in part.get_nodes()
        if node.op_type not in _SHAPES
    }


def versions(device: Device) -> dict[str, str]:
    """Return the versions of what computes, for provenance."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"onnxruntime": str(_onnxruntime().__version__)}
    if device.kind == "cuda":
        found["driver"] = _driver_version()
        for package in ("nvidia-cudnn-cu13", "nvidia-cublas"):
            try:
                found[package] = version(package)
            except PackageNotFoundError:
                continue
    return found


def _driver_version() -> str:
    import ctypes

    number = ctypes.c_int()
    ctypes.CDLL("libcuda.so.1").cuDriverGetVersion(ctypes.byref(number))
    return f"CUDA {number.value // 1000}.{number.value % 1000 // 10}"


def _onnxruntime() -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise DataError(
            "encoding needs onnxruntime: pip install 'embarith[cpu]', or 'embarith[gpu]' for "
            "NVIDIA GPUs"
        ) from None
    return onnxruntime


@cache
def _no_cuda(index: int) -> str:
    """Return why a CUDA device cannot be used, or an empty string."""
    ort = _onnxruntime()
    if "CUDAExecutionProvider" not in ort.get_available_providers():
        return "this onnxruntime knows no CUDA (`pip install 'embarith[gpu]'` brings one that does)"
    ort.preload_dlls()
    import ctypes

    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "no NVIDIA driver is installed"
    count = ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return "the NVIDIA driver does not start"
    if index >= count.value:
        return f"there are {count.value} GPUs, counted from 0"
    return ""
