"""What the models are measured against: encoders of the usual shapes, exported and quantized in the usual way."""

from dataclasses import replace
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from .console import say
from .encoder import Encoder, EncoderConfig
from .entities import TokenClassifier
from .topic import TextClassifier

OPSET = 16
PLAIN = EncoderConfig(vocab_size=30522)
BERT_BASE = EncoderConfig(vocab_size=30522, hidden_size=768, num_hidden_layers=12, intermediate_size=3072)
DISTILBERT = replace(BERT_BASE, num_hidden_layers=6)
INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
KINDS = {
    "plain six layers": lambda: TokenClassifier(Encoder(PLAIN), 9),
    "BERT-base, entities": lambda: TokenClassifier(Encoder(BERT_BASE), 9),
    "DistilBERT, topic": lambda: TextClassifier(Encoder(DISTILBERT), 4),
}


def graph(name: str, precision: str, work: Path) -> Path:
    """The graph with random weights: what it costs does not depend on them. It is made once."""
    stem = name.replace(" ", "_").replace(",", "")
    plain, small = work / f"{stem}.fp32.onnx", work / f"{stem}.int8.onnx"
    if not plain.exists():
        say(f"cost: exporting {name} ...")
        torch.manual_seed(1)
        model, ids = KINDS[name]().eval(), torch.randint(5, 1000, (2, 7))
        axes = {key: {0: "batch", 1: "sequence"} for key in INPUTS} | {"logits": {0: "batch"}}
        torch.onnx.export(model, (ids, torch.ones_like(ids), torch.zeros_like(ids)), str(plain), input_names=INPUTS,
                          output_names=["logits"], dynamic_axes=axes, opset_version=OPSET)
    if precision == "int8" and not small.exists():
        heads = [node.name for node in onnx.load(str(plain)).graph.node
                 if node.op_type in ("MatMul", "Gemm") and "/layer." not in node.name]
        quantize_dynamic(str(plain), str(small), op_types_to_quantize=["MatMul"], nodes_to_exclude=heads, per_channel=True,
                         reduce_range=True, weight_type=QuantType.QInt8, extra_options={"DefaultTensorType": 1})
    return small if precision == "int8" else plain
