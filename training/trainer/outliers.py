"""What in each layer has activations far larger than the rest: neurons of the feed-forward, and hidden dimensions.

A row's activations share one scale in int8: a few large ones take the precision of all. These are multiplied in
single precision (after T. Dettmers et al. 2022, LLM.int8(), but chosen once, when the graph is written). In this encoder
one hidden dimension reaches 30 before the feed-forward, where the median one reaches 2.
"""

from dataclasses import dataclass

import torch

NEURONS, DIMENSIONS = 32, 8


@dataclass(frozen=True)
class Outliers:
    """Of one layer, each in ascending order."""

    attention: list[int]  # dimensions of the input of query, key and value
    feed_forward: list[int]  # dimensions of the feed-forward's input
    neurons: list[int]  # neurons between its two products


def find(encoder, rows) -> list[Outliers]:
    """Those with the largest activations over (ids, types) rows."""
    peaks, handles = {}, []

    def watch(module, key):
        def hook(_, inputs):
            peak = inputs[0].detach().abs().amax(dim=(0, 1))
            peaks[key] = torch.maximum(peaks[key], peak) if key in peaks else peak

        handles.append(module.register_forward_pre_hook(hook))

    layers = list(encoder.encoder.layer)
    for number, layer in enumerate(layers):
        watch(layer.attention.self.query, (number, "attention"))
        watch(layer.intermediate.dense, (number, "feed_forward"))
        watch(layer.output.dense, (number, "neurons"))
    with torch.no_grad():
        for ids, types in rows:
            ids, types = torch.from_numpy(ids)[None], torch.from_numpy(types)[None]
            encoder(ids, torch.ones_like(ids), types)
    for handle in handles:
        handle.remove()

    def largest(number, part, count):
        return torch.topk(peaks[number, part], count).indices.sort().values.tolist()

    return [
        Outliers(largest(n, "attention", DIMENSIONS), largest(n, "feed_forward", DIMENSIONS), largest(n, "neurons", NEURONS))
        for n in range(len(layers))
    ]
