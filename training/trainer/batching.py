"""Batches of like length, so that little is padded."""

import random
from dataclasses import dataclass

import numpy as np
import torch


@dataclass
class Example:
    ids: np.ndarray
    types: np.ndarray
    target: object


def bucketed(examples: list[Example], tokens_per_batch: int, seed: int) -> list[list[Example]]:
    """Shuffled batches of about tokens_per_batch tokens, each of examples of similar length."""
    generator = random.Random(seed)
    order = sorted(examples, key=lambda example: len(example.ids) + generator.random() * 8)
    batches, batch, longest = [], [], 0
    for example in order:
        longest = max(longest, len(example.ids))
        if batch and longest * (len(batch) + 1) > tokens_per_batch:
            batches.append(batch)
            batch, longest = [], len(example.ids)
        batch.append(example)
    if batch:
        batches.append(batch)
    generator.shuffle(batches)
    return batches


def pad(rows: list[np.ndarray], value: int) -> torch.Tensor:
    result = np.full((len(rows), max(map(len, rows))), value, dtype=np.int64)
    for number, row in enumerate(rows):
        result[number, : len(row)] = row
    return torch.from_numpy(result)


def inputs_of(batch: list[Example], pad_id: int):
    ids = pad([example.ids for example in batch], pad_id)
    types = pad([example.types for example in batch], 0)
    mask = pad([np.ones(len(example.ids), dtype=np.int64) for example in batch], 0)
    return ids, mask, types
