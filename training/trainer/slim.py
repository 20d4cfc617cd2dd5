"""Making a smaller encoder out of the pretrained one: fewer layers, fewer heads, narrower feed-forward, fewer words."""

from dataclasses import dataclass, replace
from typing import Sequence

import torch

from .encoder import Encoder, load_encoder
from .pieces import PieceTokenizer, prune_vocabulary


@dataclass(frozen=True)
class Size:
    layers: Sequence[int]  # the numbers of the pretrained encoder's layers that are kept
    feed_forward: int  # neurons in each layer
    vocabulary: int  # word pieces
    word_bits: int = 8  # of their embeddings
    heads: int | None = None  # attention heads in each layer; None: all


def slim_encoder(folder, texts, size: Size, type_vocab_size: int = 2):
    """The encoder cut down, and the tokenizer of its smaller vocabulary.

    Of each feed-forward the neurons with the largest product of input and output weight norms stay, of the attention heads
    likewise those with the largest product of value and output weight norms.
    """
    tokenizer = PieceTokenizer.read(folder)
    kept = prune_vocabulary(tokenizer, texts, size.vocabulary)
    encoder = load_encoder(folder, size.layers, type_vocab_size, kept, size.word_bits)
    return drop_heads(narrow(encoder, size.feed_forward), size.heads), PieceTokenizer([tokenizer.vocabulary[number] for number in kept])


def cut(encoder: Encoder, tokenizer: PieceTokenizer, texts, size: Size):
    """A trained encoder cut down to some of its layers, neurons and words, and the tokenizer of its smaller vocabulary."""
    kept = prune_vocabulary(tokenizer, texts, size.vocabulary)
    weights, smaller = {}, list(size.layers)
    for name, tensor in encoder.state_dict().items():
        if name.startswith("encoder.layer."):
            number, rest = name[len("encoder.layer.") :].split(".", 1)
            if int(number) in smaller:
                weights[f"encoder.layer.{smaller.index(int(number))}.{rest}"] = tensor
        else:
            weights[name] = tensor[kept] if name == "embeddings.word_embeddings.weight" else tensor
    result = Encoder(replace(encoder.config, vocab_size=len(kept), num_hidden_layers=len(smaller), word_bits=size.word_bits))
    result.load_state_dict(weights)
    return drop_heads(narrow(result, size.feed_forward), size.heads), PieceTokenizer([tokenizer.vocabulary[number] for number in kept])


def narrow(encoder: Encoder, width: int) -> Encoder:
    if width >= encoder.config.intermediate_size:
        return encoder
    weights = encoder.state_dict()
    for number in range(encoder.config.num_hidden_layers):
        into, out = f"encoder.layer.{number}.intermediate.dense", f"encoder.layer.{number}.output.dense"
        weight = weights[f"{into}.weight"].norm(dim=1) * weights[f"{out}.weight"].norm(dim=0)
        best = torch.topk(weight, width).indices.sort().values
        weights[f"{into}.weight"] = weights[f"{into}.weight"][best]
        weights[f"{into}.bias"] = weights[f"{into}.bias"][best]
        weights[f"{out}.weight"] = weights[f"{out}.weight"][:, best]
    result = Encoder(replace(encoder.config, intermediate_size=width))
    result.load_state_dict(weights)
    return result


def drop_heads(encoder: Encoder, count: int | None) -> Encoder:
    heads, width = encoder.config.num_attention_heads, encoder.config.head_width
    if count is None or count >= heads:
        return encoder
    weights = encoder.state_dict()
    for number in range(encoder.config.num_hidden_layers):
        parts, out = f"encoder.layer.{number}.attention.self", f"encoder.layer.{number}.attention.output.dense.weight"
        value = weights[f"{parts}.value.weight"].view(heads, width, -1).flatten(1).norm(dim=1)
        weight = value * weights[out].view(-1, heads, width).transpose(0, 1).flatten(1).norm(dim=1)
        best = torch.topk(weight, count).indices.sort().values
        kept = (best[:, None] * width + torch.arange(width)).flatten()
        for part in ("query", "key", "value"):
            weights[f"{parts}.{part}.weight"] = weights[f"{parts}.{part}.weight"][kept]
            weights[f"{parts}.{part}.bias"] = weights[f"{parts}.{part}.bias"][kept]
        weights[out] = weights[out][:, kept]
    result = Encoder(replace(encoder.config, num_attention_heads=count, head_dim=width))
    result.load_state_dict(weights)
    return result
