"""The weights of a published model, read back from its int8 graph (`trainer.graph`), to go on from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from .encoder import Encoder, EncoderConfig
from .pieces import PieceTokenizer

PLACES = {"word_embeddings": "embeddings.word_embeddings", "token_types": "embeddings.token_type_embeddings",
          "positions": "embeddings.position_embeddings"}


def read_encoder(folder: Path) -> tuple[Encoder, dict[str, np.ndarray], PieceTokenizer]:
    """The encoder, the other weights by their names in the graph, and the tokenizer."""
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(str(folder / "model.onnx")).graph.initializer}
    weights = {}
    coarse = "word_embeddings_int4" in arrays
    if coarse:
        packed = arrays.pop("word_embeddings_int4")
        upper = np.round(packed / 16)
        arrays["word_embeddings_int8"] = np.concatenate([packed - 16 * upper, upper], axis=1)
    for name, place in PLACES.items():
        weights[f"{place}.weight"] = arrays[f"{name}_int8"] * arrays[f"{name}_scale"] if f"{name}_int8" in arrays else arrays[name]
    for name, array in arrays.items():
        if "LayerNorm." in name:
            weights[name] = array
        elif name.startswith("encoder.layer.") and name.endswith(".weight_int8"):
            part = name.removesuffix(".weight_int8")
            weight, bias = _product(arrays, part), arrays[f"{part}.bias"]
            if not part.endswith("attention.self"):
                weights |= {f"{part}.weight": weight.T, f"{part}.bias": bias}
                continue
            for key, columns, biases in zip(("query", "key", "value"), np.split(weight, 3, axis=1), np.split(bias, 3)):
                weights |= {f"{part}.{key}.weight": columns.T, f"{part}.{key}.bias": biases}
    config = EncoderConfig.read(folder)
    encoder = Encoder(replace(
        config, type_vocab_size=len(arrays["token_types"]), max_position_embeddings=len(arrays["positions"]),
        word_bits=4 if coarse else 8,
        intermediate_size=len(weights["encoder.layer.0.intermediate.dense.bias"])))  # fmt: skip
    encoder.load_state_dict({name: torch.from_numpy(np.array(value, dtype=np.float32)) for name, value in weights.items()})
    return encoder, arrays, PieceTokenizer.read(folder)


def _product(arrays, part) -> np.ndarray:
    """The weight of one product, (inputs, outputs). Version 2.0.0 multiplied outlying dimensions in single precision
    (`outliers`, `usual`); the neurons that are multiplied so stand at the end and have no `usual`."""
    weight = arrays[f"{part}.weight_int8"] * arrays[f"{part}.weight_scale"]
    outliers, usual, smooth = (arrays.get(f"{part}.{key}") for key in ("outliers", "usual", "smooth"))
    if smooth is not None:
        weight = weight * smooth[:, None]
    if outliers is None:
        return weight
    if usual is None:
        return np.concatenate([weight, outliers])
    weight[usual == 0] = outliers
    return weight


def load_linear(linear: nn.Linear, arrays: dict[str, np.ndarray], name: str):
    """A head's weights."""
    weight = _product(arrays, name) if f"{name}.weight_int8" in arrays else arrays[f"{name}.weight"]
    linear.load_state_dict(dict(weight=torch.from_numpy(weight.T.copy()), bias=torch.from_numpy(arrays[f"{name}.bias"].copy())))
