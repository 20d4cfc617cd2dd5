"""Making a smaller encoder out of the pretrained one: fewer layers, narrower feed-forward, fewer words."""

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


def slim_encoder(folder, texts, size: Size, type_vocab_size: int = 2):
    """The encoder cut down, and the tokenizer of its smaller vocabulary.

    Of each feed-forward the neurons with the largest product of input and output weight norms stay.
    """
    tokenizer = PieceTokenizer.read(folder)
    kept = prune_vocabulary(tokenizer, texts, size.vocabulary)
    encoder = load_encoder(folder, size.layers, type_vocab_size, kept, size.word_bits)
    return narrow(encoder, size.feed_forward), PieceTokenizer([tokenizer.vocabulary[number] for number in kept])


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
    return narrow(result, size.feed_forward), PieceTokenizer([tokenizer.vocabulary[number] for number in kept])


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
