"""The neurons of each feed-forward whose activations are far larger than the others'.

A row's activations share one scale in int8: a few large ones take the precision of all. These are multiplied in
single precision (after T. Dettmers et al. 2022, LLM.int8(), but chosen once, when the graph is written).
"""

import torch

COUNT = 32


def find(encoder, rows) -> list[list[int]]:
    """For each layer the COUNT neurons with the largest activations over (ids, types) rows."""
    largest = [None] * len(encoder.encoder.layer)

    def watch(number):
        def hook(module, inputs, output):
            peak = output.detach().abs().amax(dim=(0, 1))
            largest[number] = peak if largest[number] is None else torch.maximum(largest[number], peak)

        return hook

    handles = [layer.intermediate.register_forward_hook(watch(number)) for number, layer in enumerate(encoder.encoder.layer)]
    with torch.no_grad():
        for ids, types in rows:
            ids, types = torch.from_numpy(ids)[None], torch.from_numpy(types)[None]
            encoder(ids, torch.ones_like(ids), types)
    for handle in handles:
        handle.remove()
    return [torch.topk(peaks, COUNT).indices.sort().values.tolist() for peaks in largest]
