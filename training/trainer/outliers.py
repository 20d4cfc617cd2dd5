"""What in each layer has activations far larger than the rest: hidden dimensions, and neurons of the feed-forward.

A row's activations share one scale in int8: a few large ones take the precision of all. In this encoder one hidden
dimension reaches 30 before the feed-forward, where the median one reaches 2. Such dimensions are divided by a factor before
the product, and the rows of the weight that they meet multiplied by it (after G. Xiao et al. 2023, SmoothQuant). Neurons come
out of a function that does not scale: the largest are multiplied in single precision (after T. Dettmers et al. 2022,
LLM.int8(), but chosen once, when the graph is written).
"""

from dataclasses import dataclass

import numpy as np
import torch

USUAL = 2.0  # a dimension may reach so many times the median one's peak


@dataclass(frozen=True)
class Outliers:
    """Of one layer."""

    attention: np.ndarray  # divisors of the dimensions that query, key and value read, at least 1
    feed_forward: np.ndarray  # divisors of the dimensions that the feed-forward reads
    neurons: list[int]  # those between its two products that are multiplied in single precision, in ascending order


def find(encoder, rows, count: int) -> list[Outliers]:
    """From the largest activations over (ids, types) rows. count: neurons of each layer for single precision."""
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

    def divisors(number, part):
        peak = peaks[number, part].numpy()
        return np.maximum(1.0, peak / (USUAL * np.median(peak))).astype(np.float32)

    def neurons(number):
        return torch.topk(peaks[number, "neurons"], count).indices.sort().values.tolist()

    return [Outliers(divisors(n, "attention"), divisors(n, "feed_forward"), neurons(n)) for n in range(len(layers))]
