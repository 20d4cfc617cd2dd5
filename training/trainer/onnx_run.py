"""Running ONNX graphs, and comparing them with PyTorch."""

import os
from pathlib import Path

import numpy as np
import onnxruntime
import torch


def session(graph: Path | bytes, threads: int = 0):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or min(2, os.cpu_count() or 1)
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph if isinstance(graph, bytes) else str(graph), options, providers=["CPUExecutionProvider"])


def runner(graph: Path | bytes, threads: int = 0):
    """(ids, types) of one unpadded row -> the outputs' rows."""
    running = session(graph, threads)

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


def largest_difference(model, path: Path, rows) -> float:
    """The largest absolute difference between PyTorch's and ONNX Runtime's outputs over (ids, types) rows."""
    ours, theirs, worst = torch_runner(model), runner(path), 0.0
    for ids, types in rows:
        left, right = ours(ids, types), theirs(ids, types)
        for one, other in zip(left if isinstance(left, list) else [left], right if isinstance(right, list) else [right]):
            worst = max(worst, float(np.abs(one - other).max()))
    return worst
