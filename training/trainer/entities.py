"""The entity model: word pieces with casing in, BIO labels out."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from . import ner_data
from .batching import Example, bucketed, inputs_of, pad
from .casing import CLASSES
from .encoder import Encoder, load_encoder
from .loop import Plan, train
from .ner_data import LABELS
from .pieces import PieceTokenizer

MAX_TOKENS, STRIDE = 256, 64
STEPS = 1072
IGNORED = -100
O_OR_MISC = len(LABELS)  # the source does not label MISC: the word is O or in a MISC
MISC_LABELS = [LABELS.index("O"), LABELS.index("B-MISC"), LABELS.index("I-MISC")]


class TokenClassifier(nn.Module):
    per_token = True

    def __init__(self, encoder: Encoder, labels: int):
        super().__init__()
        self.encoder = encoder
        self.classifier = nn.Linear(encoder.config.hidden_size, labels)
        nn.init.normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.classifier(self.encoder(input_ids, attention_mask, token_type_ids))


def loss_of(tokenizer):
    def loss(model, batch):
        logits = model(*inputs_of(batch, tokenizer.pad)).float()
        targets = pad([example.target for example in batch], IGNORED).view(-1)
        wanted = targets != IGNORED
        logits, targets = logits.view(-1, len(LABELS))[wanted], targets[wanted]
        scores = torch.log_softmax(logits, dim=-1)
        open_ended = targets == O_OR_MISC
        plain = scores.gather(1, targets.masked_fill(open_ended, 0)[:, None])[:, 0]
        either = torch.logsumexp(scores[:, MISC_LABELS], dim=-1)
        return -torch.where(open_ended, either, plain).mean()

    return loss


def examples_of(texts, tokenizer: PieceTokenizer, misc_labelled: bool, limit=MAX_TOKENS) -> list[Example]:
    examples = []
    for text, pieces in zip(texts, tokenizer.encode_all([text.text for text in texts])):
        if len(pieces) == 0:
            continue
        target = piece_targets(text, pieces, misc_labelled)
        for start in range(0, len(pieces), limit - 2):
            part = slice(start, start + limit - 2)
            ids = np.concatenate([[tokenizer.cls], pieces.ids[part], [tokenizer.sep]])
            types = np.concatenate([[0], pieces.casing[part], [0]])
            examples.append(Example(ids, types, np.concatenate([[IGNORED], target[part], [IGNORED]])))
    return examples


def piece_targets(text, pieces, misc_labelled):
    target = np.full(len(pieces), LABELS.index("O") if misc_labelled else O_OR_MISC)
    for start, end, kind in text.spans:
        inside = np.flatnonzero((pieces.starts >= start) & (pieces.starts < end))
        if len(inside):
            target[inside] = LABELS.index(f"I-{kind}")
            target[inside[0]] = LABELS.index(f"B-{kind}")
    if not misc_labelled:
        # The tweets label user names ("@ name") as people, which no other source does.
        for position in np.flatnonzero([text.text[start] == "@" for start in pieces.starts]):
            target[position] = IGNORED
            following = position + 1
            while following < len(pieces) and (following == position + 1 or not pieces.first[following]):
                target[following] = IGNORED
                following += 1
    target[~pieces.first] = IGNORED
    return target


def train_entities(data: Path, encoder: Path, work: Path, name="entities", steps=STEPS, learning_rate=1.5e-4):
    tokenizer = PieceTokenizer.read(encoder)
    sources = ner_data.training_sources(data)

    def batches(epoch):
        examples = []
        for number, source in enumerate(sources):
            for repeat in range(source.weight):
                seed = 1000 * epoch + 10 * number + repeat
                share = 0.8 if source.per_sentence else 0.45
                texts = ner_data.make_texts(source.documents, seed, share)
                examples += examples_of(texts, tokenizer, source.misc_labelled)
        return bucketed(examples, 3072, epoch)

    torch.manual_seed(1)
    model = TokenClassifier(load_encoder(encoder, type_vocab_size=CLASSES), len(LABELS))
    plan = Plan(name, steps, learning_rate, average=0.995)
    train(model, plan, batches, loss_of(tokenizer), work)
    return model.eval(), tokenizer


# Reading labels back


def _transitions():
    allowed = np.zeros((len(LABELS), len(LABELS)), dtype=np.float32)
    for before, first in enumerate(LABELS):
        for after, second in enumerate(LABELS):
            if second.startswith("I-") and first[2:] != second[2:]:
                allowed[before, after] = -np.inf
    return allowed


TRANSITIONS = _transitions()
STARTS = np.array([-np.inf if label.startswith("I-") else 0.0 for label in LABELS], dtype=np.float32)


def decode(scores: np.ndarray) -> list[int]:
    """The best label sequence in which every I- follows a B- or I- of its type."""
    if len(scores) == 0:
        return []
    best, back = scores[0] + STARTS, []
    for row in scores[1:]:
        paths = best[:, None] + TRANSITIONS
        back.append(paths.argmax(axis=0))
        best = paths.max(axis=0) + row
    labels = [int(best.argmax())]
    for step in reversed(back):
        labels.append(int(step[labels[-1]]))
    return labels[::-1]


def find_entities(text: str, tokenizer: PieceTokenizer, run) -> list[tuple[int, int, str]]:
    """Entities of a text as (start, end, type). run: (ids, types) of one window -> its logits.

    A word in two windows is read where it is farther from the window's edge.
    """
    pieces = tokenizer.encode(text)
    count = len(pieces)
    if count == 0:
        return []
    logits, depth = np.zeros((count, len(LABELS)), dtype=np.float32), np.full(count, -1)
    room = MAX_TOKENS - 2
    start = 0
    while True:
        part = slice(start, min(start + room, count))
        ids = np.concatenate([[tokenizer.cls], pieces.ids[part], [tokenizer.sep]])
        types = np.concatenate([[0], pieces.casing[part], [0]])
        window = run(ids, types)[1:-1]
        positions = np.arange(part.start, part.stop)
        margin = np.minimum(positions - part.start, part.stop - 1 - positions)
        if part.start == 0:
            margin = part.stop - 1 - positions
        better = margin > depth[part]
        logits[part][better] = window[better]
        depth[part] = np.maximum(depth[part], margin)
        if part.stop == count:
            break
        start += room - STRIDE
    firsts = np.flatnonzero(pieces.first)
    labels = [LABELS[number] for number in decode(logits[firsts])]
    ends = pieces.ends[np.append(firsts[1:], count) - 1]
    starts = pieces.starts[firsts]
    return [
        (int(starts[first]), int(ends[last - 1]), kind) for first, last, kind in ner_data.spans_of_labels(labels)
    ]


# Evaluation


def span_f1(gold: list[set], found: list[set]):
    hits = sum(len(a & b) for a, b in zip(gold, found))
    total, claimed = sum(map(len, gold)), sum(map(len, found))
    precision, recall = hits / max(1, claimed), hits / max(1, total)
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def interval(gold, found, seed=1, rounds=200):
    """A 95 % bootstrap interval of the F1, over texts."""
    counts = np.array([(len(a & b), len(a), len(b)) for a, b in zip(gold, found)])
    generator = np.random.default_rng(seed)
    values = []
    for _ in range(rounds):
        hits, total, claimed = counts[generator.integers(0, len(counts), len(counts))].sum(0)
        values.append(2 * hits / max(1, total + claimed))
    return [float(np.quantile(values, q)) for q in (0.025, 0.975)]


def evaluation_texts(test_set, form: str):
    """form: 'sentences', 'natural' (spaced as in print), 'windows' (five sentences at a time), 'lower', 'upper'."""
    sentences = [[sentence] for document in test_set.documents for sentence in document]
    if form == "windows":
        sentences = [d[i : i + 5] for d in test_set.documents for i in range(0, len(d), 5)]
    texts = []
    for group in sentences:
        parts = [ner_data.join_words(sentence, form == "natural", None) for sentence in group]
        text = ner_data.concatenate(parts, [" "] * (len(parts) - 1))
        texts.append(ner_data.change_case(text, form) if form in ("lower", "upper") else text)
    return texts


def evaluate_entities(data: Path, tokenizer, run, forms=("sentences", "natural", "windows", "lower", "upper"), only=None):
    results = {}
    for test_set in ner_data.test_sets(data):
        if only and test_set.name not in only:
            continue
        for form in forms:
            texts = evaluation_texts(test_set, form)
            gold = [{span for span in text.spans if span[2] in test_set.types} for text in texts]
            found = [
                {span for span in find_entities(text.text, tokenizer, run) if span[2] in test_set.types}
                for text in texts
            ]
            precision, recall, f1 = span_f1(gold, found)
            results[f"{test_set.name}/{form}"] = dict(
                precision=precision, recall=recall, f1=f1, interval=interval(gold, found), spans=sum(map(len, gold))
            )
    return results
