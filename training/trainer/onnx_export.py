"""ONNX: export, comparison with PyTorch, int8, running."""

import os
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
OPSET = 16


def export(model, outputs: list[str], path: Path):
    ids = torch.randint(5, 1000, (2, 7))
    axes = {name: {0: "batch", 1: "sequence"} for name in INPUTS}
    for name in outputs:
        axes[name] = {0: "batch", 1: "sequence"} if model.per_token else {0: "batch"}
    torch.onnx.export(
        model.eval(),
        (ids, torch.ones_like(ids), torch.zeros_like(ids)),
        str(path),
        input_names=INPUTS,
        output_names=outputs,
        dynamic_axes=axes,
        opset_version=OPSET,
    )
    onnx.checker.check_model(str(path))


def session(path: Path, threads: int = 0):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or min(2, os.cpu_count() or 1)
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def runner(path: Path, threads: int = 0):
    """(ids, types) of one unpadded row -> the outputs' rows."""
    running = session(path, threads)

    def run(ids, types):
        feeds = dict(
            input_ids=ids[None].astype(np.int64),
            attention_mask=np.ones((1, len(ids)), dtype=np.int64),
            token_type_ids=types[None].astype(np.int64),
        )
        outputs = [output[0] for output in running.run(None, feeds)]
        return outputs[0] if len(outputs) == 1 else outputs

    return run


def torch_runner(model):
    def run(ids, types):
        with torch.no_grad():
            ids, types = torch.from_numpy(ids)[None], torch.from_numpy(types)[None]
            outputs = model(ids, torch.ones_like(ids), types)
        if isinstance(outputs, tuple):
            return [output[0].numpy() for output in outputs]
        return outputs[0].numpy()

    return run


def quantize(source: Path, target: Path, reduce_range: bool = False):
    """int8 weights: one scale per output channel in the encoder's layers, one per row in the embeddings.

    The heads stay fp32: they are small, and the results hang on them directly.
    """
    model = onnx.load(str(source))
    heads = [node.name for node in model.graph.node if node.op_type in ("MatMul", "Gemm") and "/layer." not in node.name]
    quantize_dynamic(
        str(source),
        str(target),
        op_types_to_quantize=["MatMul"],
        nodes_to_exclude=heads,
        per_channel=True,
        reduce_range=reduce_range,
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": 1},
    )
    model = onnx.load(str(target))
    quantize_embeddings(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(target))


def quantize_embeddings(model, smallest: int = 100_000):
    """Tables read by Gather become int8 rows, each with its own scale."""
    graph = model.graph
    tables = {tensor.name: tensor for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or table.data_type != onnx.TensorProto.FLOAT or int(np.prod(table.dims)) < smallest:
            nodes.append(node)
            continue
        rows = onnx.numpy_helper.to_array(table)
        scale = np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-9) / 127.0
        name = table.name
        graph.initializer.remove(table)
        small = np.clip(np.round(rows / scale), -127, 127).astype(np.int8)
        graph.initializer.append(onnx.numpy_helper.from_array(small, f"{name}_int8"))
        graph.initializer.append(onnx.numpy_helper.from_array(scale.astype(np.float32), f"{name}_scale"))
        index, result = node.input[1], node.output[0]
        make = onnx.helper.make_node
        nodes += [
            make("Gather", [f"{name}_int8", index], [f"{result}_int8"], name=f"{node.name}_int8", axis=0),
            make("Gather", [f"{name}_scale", index], [f"{result}_scale"], name=f"{node.name}_scale", axis=0),
            make("Cast", [f"{result}_int8"], [f"{result}_float"], name=f"{node.name}_cast", to=onnx.TensorProto.FLOAT),
            make("Mul", [f"{result}_float", f"{result}_scale"], [result], name=f"{node.name}_mul"),
        ]
    del graph.node[:]
    graph.node.extend(nodes)


def largest_difference(model, path: Path, rows) -> float:
    """The largest absolute difference between PyTorch's and ONNX Runtime's outputs over (ids, types) rows."""
    ours, theirs, worst = torch_runner(model), runner(path), 0.0
    for ids, types in rows:
        left, right = ours(ids, types), theirs(ids, types)
        for one, other in zip(left if isinstance(left, list) else [left], right if isinstance(right, list) else [right]):
            worst = max(worst, float(np.abs(one - other).max()))
    return worst
