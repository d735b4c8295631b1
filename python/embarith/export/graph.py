"""Modules as ONNX graphs, in the precision asked for."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from embarith.encoders.card import Precision
from embarith.encoders.heads import Linear
from embarith.encoders.onnx import FEATURES, MASK
from embarith.errors import OptionError

if TYPE_CHECKING:
    from torch import Tensor, nn

OPSET = 20
_LIMIT = 2**31 - 2**20
"""Bytes of one protobuf; a graph of more keeps its weights in a file beside it."""


def write(module: nn.Module, examples: dict[str, Tensor], path: Path, precision: Precision) -> None:
    """Trace a module and write its graph.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode.
    examples : dict of str to Tensor
        Inputs by name, with at least two along the batch axis: of one, tracing would freeze it.
    path : path
        Of the graph.
    precision : {"fp32", "fp16", "int8"}
        Of the weights; inputs and outputs stay float32.

    Raises
    ------
    OptionError
        int8 of a model without matrix products.
    """
    import torch

    batch = torch.export.Dim("batch", min=1, max=4096)
    tokens = torch.export.Dim("tokens", min=2, max=512)
    # Of texts with a mask, the longest one decides.
    axes = {0: batch, 1: tokens} if MASK in examples else {0: batch}
    size = sum(weight.numel() * weight.element_size() for weight in module.parameters())
    with torch.no_grad(), warnings.catch_warnings():
        # Of names for axes that two inputs share, and of what torch itself will change.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            tuple(examples.values()),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(examples),
            output_names=[FEATURES],
            dynamic_shapes=((axes,) * len(examples),),
            verbose=False,
        )
    if program is None:
        raise AssertionError("the exporter with dynamo=True returns a program")
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        plain = Path(folder) / path.name
        program.save(str(plain), external_data=size > _LIMIT)
        if precision == "fp32":
            for file in Path(folder).iterdir():
                file.rename(path.parent / file.name)
        elif precision == "fp16":
            _halve(plain, path)
        else:
            _quantise(plain, path)


def append(head: Linear, path: Path) -> None:
    """Let a graph end in a linear head and in scaling to unit length.

    Both stay in float32 whatever the precision of the graph: a head subtracts the mean of what it
    was fitted on, and most of the digits with it.

    Parameters
    ----------
    head : Linear
    path : path
        Of the graph; changed in place.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(path, load_external_data=False)
    graph, bare = model.graph, "bare_features"
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [bare if name == FEATURES else name for name in names]
    constants = {"weight": head.weight, "bias": head.bias, "axis": np.array([1])}
    graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(value), f"head_{name}")
        for name, value in constants.items()
    )
    graph.node.extend(
        [
            helper.make_node("Gemm", [bare, "head_weight", "head_bias"], ["led"], transB=1),
            helper.make_node("ReduceL2", ["led", "head_axis"], ["length"]),
            helper.make_node("Div", ["led", "length"], [FEATURES]),
        ]
    )
    shape = ["batch", len(head.bias)]
    graph.output[0].CopyFrom(helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, shape))
    onnx.save(model, path)


def _halve(source: Path, target: Path) -> None:
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    model = onnx.load(source)
    onnx.save(convert_float_to_float16(model, keep_io_types=True), target)


def _quantise(source: Path, target: Path) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    ready = source.with_suffix(".ready.onnx")
    quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
    # Convolutions stay as they are: quantised at run time they are slower than in float32.
    quantize_dynamic(
        ready,
        target,
        op_types_to_quantize=["MatMul", "Gemm"],
        per_channel=True,
        weight_type=QuantType.QInt8,
    )
    nodes = onnx.load(target, load_external_data=False).graph.node
    if not any(node.op_type == "MatMulInteger" for node in nodes):
        raise OptionError(
            "this model has no matrix products to quantise: an int8 export would be float32 under "
            "another name; export it in fp32 or fp16"
        )
