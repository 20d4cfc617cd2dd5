"""Distillation of an entity model into a smaller one on texts without labels (G. Hinton et al. 2015).

The teacher is a published int8 model: its logits over all texts are taken once, a few minutes of one core.
"""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from . import ner_data, onnx_run
from .batching import Example, inputs_of
from .console import Progress
from .pieces import Pieces, PieceTokenizer
from .summary import in_test_part, in_tuning_part
from .summary import read_rows as read_bbc_rows
from .texts import rows_of

TEMPERATURE = 2.0
CASES, CASE_SHARES = (None, "lower", "upper", "title"), (0.86, 0.06, 0.06, 0.02)


@dataclass
class Passage:
    """A run of words that fits into a window, and what the teacher says of them."""

    text: str
    ids: np.ndarray  # of the student's pieces
    casing: np.ndarray
    firsts: np.ndarray  # places of the words' first pieces
    logits: np.ndarray  # the teacher's, half precision [words, labels]


def unlabelled_texts(data: Path) -> list[str]:
    """News, and the training texts of the entity sources, both as printed and as tokenized."""
    texts = [row["text"] for row in rows_of(data / "topic/ag_news_train.jsonl")]
    texts += [f"{row['title']}\n{row['text']}" for row in rows_of(data / "articles/open_articles.jsonl")]
    texts += [row["text"] for row in read_bbc_rows(data) if not in_test_part(row["text"]) and not in_tuning_part(row["text"])]
    for number, source in enumerate(ner_data.training_sources(data)):
        texts += [text.text for text in ner_data.make_texts(source.documents, 7 + number, casing_noise=False)]
    return texts


def read_passages(texts, teacher: Path, tokenizer: PieceTokenizer, longest: int, cache: Path) -> list[Passage]:
    passages = []
    for text, pieces in zip(texts, tokenizer.encode_all(texts)):
        passages += _cut(text, pieces, longest - 2)
    if cache.exists():
        logits = np.load(cache)
    else:
        logits = _ask(teacher, passages, longest)
        np.save(cache, logits)
    position = 0
    for passage in passages:
        passage.logits = logits[position : position + len(passage.firsts)]
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
            passages.append(Passage(inside, pieces.ids[part], pieces.casing[part], firsts[word:end] - firsts[word], None))
        word = max(end, word + 1)
    return passages


def _ask(teacher: Path, passages: list[Passage], longest: int) -> np.ndarray:
    """The teacher's logits of every word; of one that its own tokenizer sees otherwise none (all zero)."""
    own, run = PieceTokenizer.read(teacher), onnx_run.runner(teacher / "model.onnx", 1)
    progress, answers = Progress("teacher", len(passages)), []
    for number, (passage, pieces) in enumerate(zip(passages, own.encode_all([passage.text for passage in passages]))):
        ids = np.concatenate([[own.cls], pieces.ids[: longest - 2], [own.sep]])
        logits = run(ids, np.concatenate([[0], pieces.casing[: longest - 2], [0]]))[1:-1]
        said = logits[pieces.first[: len(logits)]]
        alike = len(said) == len(passage.firsts)
        answers.append((said if alike else np.zeros((len(passage.firsts), logits.shape[1]))).astype(np.float16))
        progress.step(number + 1, 0.0)
    return np.concatenate(answers)


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
    """Cross entropy with the teacher's softened probabilities."""
    logits = model(*inputs_of(batch, pad)).float()
    rows = np.concatenate([np.full(len(example.target.firsts), number) for number, example in enumerate(batch)])
    places = np.concatenate([example.target.firsts + 1 for example in batch])
    wanted = torch.from_numpy(np.concatenate([example.target.logits for example in batch])).float()
    known = wanted.abs().sum(dim=-1) > 0
    said = torch.log_softmax(logits[torch.from_numpy(rows), torch.from_numpy(places)] / TEMPERATURE, dim=-1)
    return -(torch.softmax(wanted / TEMPERATURE, dim=-1) * said).sum(dim=-1)[known].mean() * TEMPERATURE
