"""Making a smaller encoder out of the pretrained one: fewer layers, narrower feed-forward, fewer words."""

from dataclasses import replace

import torch

from .encoder import Encoder, load_encoder
from .pieces import PieceTokenizer, prune_vocabulary


def slim_encoder(folder, texts, layers, feed_forward: int, vocabulary: int, type_vocab_size: int = 2):
    """The encoder cut down, and the tokenizer of its smaller vocabulary.

    Of each feed-forward the neurons with the largest product of input and output weight norms stay.
    """
    tokenizer = PieceTokenizer.read(folder)
    kept = prune_vocabulary(tokenizer, texts, vocabulary)
    encoder = load_encoder(folder, layers, type_vocab_size, kept)
    if feed_forward < encoder.config.intermediate_size:
        encoder = narrow(encoder, feed_forward)
    return encoder, PieceTokenizer([tokenizer.vocabulary[number] for number in kept])


def narrow(encoder: Encoder, width: int) -> Encoder:
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
