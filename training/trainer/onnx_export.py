"""ONNX: export, comparison with PyTorch, int8, running."""

import os
import tempfile
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


def fuse(source: Path, target: Path, heads: int, hidden: int):
    """Attention, layer norm and GELU as single operators of ONNX Runtime."""
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    options = FusionOptions("bert")
    optimized = optimizer.optimize_model(
        str(source), model_type="bert", num_heads=heads, hidden_size=hidden, optimization_options=options, opt_level=0
    )
    optimized.save_model_to_file(str(target))


def quantize(source: Path, target: Path, reduce_range: bool = False):
    with tempfile.TemporaryDirectory():
        quantize_dynamic(
            str(source),
            str(target),
            per_channel=True,
            reduce_range=reduce_range,
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": 1},
        )


def largest_difference(model, path: Path, rows) -> float:
    """The largest absolute difference between PyTorch's and ONNX Runtime's outputs over (ids, types) rows."""
    ours, theirs, worst = torch_runner(model), runner(path), 0.0
    for ids, types in rows:
        left, right = ours(ids, types), theirs(ids, types)
        for one, other in zip(left if isinstance(left, list) else [left], right if isinstance(right, list) else [right]):
            worst = max(worst, float(np.abs(one - other).max()))
    return worst
