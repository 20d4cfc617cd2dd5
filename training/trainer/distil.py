"""Distillation of an entity model into a smaller one on texts without labels (G. Hinton et al. 2015).

The teacher is a published int8 model: its logits and last hidden states over all texts are taken once, ten minutes of one
core and 2.4 GB of the work folder.
"""

import os
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

from . import ner_data, onnx_run
from .batching import Example, inputs_of
from .console import Progress
from .encoder import EncoderConfig
from .pieces import Pieces, PieceTokenizer
from .summary import in_test_part, in_tuning_part
from .summary import read_rows as read_bbc_rows
from .texts import rows_of

TEMPERATURE = 2.0
STATES_WEIGHT = 1.0
LABEL_COUNT = len(ner_data.LABELS)
CASES, CASE_SHARES = (None, "lower", "upper", "title"), (0.86, 0.06, 0.06, 0.02)


@dataclass
class Passage:
    """A run of words that fits into a window, and what the teacher says of them."""

    text: str
    ids: np.ndarray  # of the student's pieces
    casing: np.ndarray
    firsts: np.ndarray  # places of the words' first pieces
    logits: np.ndarray  # the teacher's, half precision [words, labels]
    states: np.ndarray  # its last hidden states, half precision [words, hidden]


def unlabelled_texts(data: Path) -> list[str]:
    """News, and the training texts of the entity sources, both as printed and as tokenized; tweets, which are short and few,
    three times."""
    texts = [row["text"] for row in rows_of(data / "topic/ag_news_train.jsonl")]
    texts += [f"{row['title']}\n{row['text']}" for row in rows_of(data / "articles/open_articles.jsonl")]
    texts += [row["text"] for row in read_bbc_rows(data) if not in_test_part(row["text"]) and not in_tuning_part(row["text"])]
    for number, source in enumerate(ner_data.training_sources(data)):
        for turn in range(3 if source.per_sentence else 1):
            texts += [text.text for text in ner_data.make_texts(source.documents, 7 + number + 100 * turn, casing_noise=False)]
    return texts


def read_passages(texts, teacher: Path, tokenizer: PieceTokenizer, longest: int, cache: Path) -> list[Passage]:
    """cache: where the teacher's answers are kept, one row of logits and hidden state for each word."""
    passages = []
    for text, pieces in zip(texts, tokenizer.encode_all(texts)):
        passages += _cut(text, pieces, longest - 2)
    if not cache.exists():
        _ask(teacher, passages, longest, cache)
    answers, position = np.load(cache, mmap_mode="r"), 0
    for passage in passages:
        rows = answers[position : position + len(passage.firsts)]
        passage.logits, passage.states = np.split(rows, [LABEL_COUNT], axis=1)
        position += len(passage.firsts)
    return passages


def _cut(text: str, pieces: Pieces, room: int) -> list[Passage]:
    """The text in runs of whole words of at most `room` pieces; a longer word is left out."""
    firsts = np.append(np.flatnonzero(pieces.first), len(pieces))
    passages, word = [], 0
    while word < len(firsts) - 1:
        end = int(np.searchsorted(firsts, firsts[word] + room, side="right")) - 1
        if end > word:
            part = slice(firsts[word], firsts[end])
            inside = text[pieces.starts[part][0] : pieces.ends[part][-1]]
            passages.append(Passage(inside, pieces.ids[part], pieces.casing[part], firsts[word:end] - firsts[word], None, None))
        word = max(end, word + 1)
    return passages


def _ask(teacher: Path, passages: list[Passage], longest: int, cache: Path):
    """What the teacher says of every word; of one that its own tokenizer sees otherwise nothing (all zero)."""
    own, run = PieceTokenizer.read(teacher), onnx_run.runner(_with_states(teacher / "model.onnx"), 1)
    width = LABEL_COUNT + EncoderConfig.read(teacher).hidden_size
    temporary = cache.with_suffix(".tmp")
    answers = np.lib.format.open_memmap(temporary, "w+", np.float16, (sum(len(passage.firsts) for passage in passages), width))
    progress, position = Progress("teacher", len(passages)), 0
    for number, (passage, pieces) in enumerate(zip(passages, own.encode_all([passage.text for passage in passages]))):
        ids = np.concatenate([[own.cls], pieces.ids[: longest - 2], [own.sep]])
        said = np.concatenate(run(ids, np.concatenate([[0], pieces.casing[: longest - 2], [0]])), axis=1)[1:-1]
        said = said[pieces.first[: len(said)]]
        if len(said) == len(passage.firsts):
            answers[position : position + len(said)] = said
        position += len(passage.firsts)
        progress.step(number + 1, 0.0)
    answers.flush()
    os.replace(temporary, cache)


def _with_states(path: Path) -> bytes:
    """The graph with the last hidden states, which the classifier reads, as a second output."""
    model = onnx.load(str(path))
    states = next(node.input[0] for node in model.graph.node if "classifier.weight" in node.input)
    model.graph.output.append(onnx.helper.make_tensor_value_info(states, onnx.TensorProto.FLOAT, None))
    return model.SerializeToString()


def examples_of(passages: list[Passage], tokenizer: PieceTokenizer, seed: int) -> list[Example]:
    """Some in other cases, which the teacher did not see so: the student is to find the same names."""
    generator, examples = random.Random(seed), []
    for passage in passages:
        casing, how = passage.casing, generator.choices(CASES, CASE_SHARES)[0]
        if how:
            changed = tokenizer.encode(ner_data.change_case(ner_data.Text(passage.text, []), how).text)
            casing = changed.casing if np.array_equal(changed.ids, passage.ids) else casing
        ids = np.concatenate([[tokenizer.cls], passage.ids, [tokenizer.sep]])
        examples.append(Example(ids, np.concatenate([[0], casing, [0]]), passage))
    return examples


def loss(model: nn.Module, batch: list[Example], pad: int):
    """Cross entropy with the teacher's softened probabilities, and the squared distance of the last hidden states (after
    X. Jiao et al. 2020, TinyBERT) as a share of their own square."""
    hidden = model.encoder(*inputs_of(batch, pad)).float()
    rows = np.concatenate([np.full(len(example.target.firsts), number) for number, example in enumerate(batch)])
    places = np.concatenate([example.target.firsts + 1 for example in batch])
    logits, states = (torch.from_numpy(np.concatenate(parts)).float() for parts in zip(*((e.target.logits, e.target.states) for e in batch)))
    known = logits.abs().sum(dim=-1) > 0
    hidden = hidden[torch.from_numpy(rows), torch.from_numpy(places)][known]
    logits, states = logits[known], states[known]
    said = torch.log_softmax(model.classifier(hidden).float() / TEMPERATURE, dim=-1)
    entropy = -(torch.softmax(logits / TEMPERATURE, dim=-1) * said).sum(dim=-1).mean() * TEMPERATURE
    return entropy + STATES_WEIGHT * (hidden - states).square().mean() / states.square().mean()
