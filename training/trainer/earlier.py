"""The weights of an earlier published model (version 1, a traced and dynamically quantized graph), to go on from."""

import json
from dataclasses import replace
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper

from .encoder import Encoder, EncoderConfig
from .pieces import PieceTokenizer


def read_encoder(folder: Path) -> tuple[Encoder, dict, PieceTokenizer]:
    """The encoder, all weights by their names in the model, and the tokenizer."""
    weights = read_weights(folder / "model.onnx")
    config = EncoderConfig.read(folder)
    encoder = Encoder(replace(config, type_vocab_size=weights["encoder.embeddings.token_type_embeddings.weight"].shape[0]))
    encoder.load_state_dict({name.removeprefix("encoder."): value for name, value in weights.items() if name.startswith("encoder.")})
    return encoder, weights, PieceTokenizer.read(folder)


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    graph = onnx.load(str(path)).graph
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights = {name: array for name, array in arrays.items() if name.endswith((".weight", ".bias"))}
    for name, array in arrays.items():
        if name.endswith("_int8"):
            weights[name.removesuffix("_int8")] = array * arrays[name.removesuffix("_int8") + "_scale"]
    for node in graph.node:
        if node.op_type in ("MatMulInteger", "MatMul") and node.input[1] in arrays:
            array = arrays[node.input[1]]
            if node.op_type == "MatMulInteger":
                array = array * arrays[node.input[1].removesuffix("_quantized") + "_scale"]
            weights[_parameter(node.name)] = array.T
    return {name: torch.from_numpy(array.copy()).float() for name, array in weights.items()}


def _parameter(node: str) -> str:
    """/encoder/layer.0/output/dense/MatMul_quant -> encoder.encoder.layer.0.output.dense.weight"""
    parts = [part for part in node.split("/") if part][:-1]
    if parts[0] == "encoder":
        parts = ["encoder", "encoder", *parts[-len(parts) + 1 :]] if parts[1] != "encoder" else parts
    if parts[0] == "score":
        parts = parts[1:]
    return ".".join(parts) + ".weight"


def version_of(folder: Path) -> str:
    return json.loads((folder / "model.json").read_text(encoding="utf-8"))["version"]
