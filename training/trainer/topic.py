"""The topic model: title and a window of the body in, one of four topics out."""

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from . import ngrams, published
from .batching import Example, bucketed, inputs_of
from .console import say
from .encoder import Encoder
from .loop import Plan, train
from .pieces import PieceTokenizer
from .slim import Size, slim_encoder
from .texts import vocabulary_texts

LABELS = ["World", "Sports", "Business", "Sci/Tech"]
MAX_TOKENS, STRIDE, LONGEST_TITLE = 256, 64, 64
MAX_WINDOWS = 2
DEFAULT = Size(layers=range(6), feed_forward=1536, vocabulary=20000)
FAST = Size(layers=range(2), feed_forward=768, vocabulary=5500)
FAST_STEPS, FAST_SLACK = 700, 0.005
STEPS, BATCH_TOKENS, LEARNING_RATE = 840, 3072, 1.2e-4
NGRAM_PENALTY = 3e-6
AS_GOOD = 0.01  # a loss this much larger, relatively, is still as good

AGENCY = re.compile(r"\s*\((?:AP|AFP|Reuters|[A-Za-z.]+\.(?:com|org|net))\)|\b(?:AP|AFP|SPACE\.com|Reuters) - ")
DATELINE = re.compile(r"^[A-Z][A-Z .,]+(?:\([A-Za-z]+\) )?-+ ")
MARKUP = re.compile(r"#\d+;|&[a-z]+;|\\+|&lt;.*?&gt;|<[^>]*>")


class TextClassifier(nn.Module):
    per_token = False

    def __init__(self, encoder: Encoder, labels: int):
        super().__init__()
        self.encoder = encoder
        self.classifier = nn.Linear(encoder.config.hidden_size, labels)
        nn.init.normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, input_ids, attention_mask, token_type_ids):
        states = self.encoder(input_ids, attention_mask, token_type_ids)
        weights = attention_mask.to(states.dtype)[:, :, None]
        return self.classifier((states * weights).sum(dim=1) / weights.sum(dim=1))


@dataclass
class TopicCascade:
    """n-grams first; where they are not sure enough the encoder reads the text too, and the logits are added.

    The weights are such that both ways give calibrated logits.
    """

    classifier: TextClassifier
    table: np.ndarray  # see trainer.ngrams
    bias: np.ndarray
    alone: float = 1.0  # weight of the n-grams' logits where they decide alone
    threshold: float = 1.0
    encoder_weight: float = 1.0
    ngram_weight: float = 0.0

    def __call__(self, input_ids, attention_mask, token_type_ids):
        """The logits of unpadded rows."""
        counted = torch.from_numpy(np.stack([ngrams.logits_of(ids.numpy(), self.table, self.bias) for ids in input_ids]))
        alone = self.alone * counted
        if torch.softmax(alone, dim=1).amax() >= self.threshold:
            return alone.float()
        read = self.classifier(input_ids, attention_mask, token_type_ids)
        return (self.encoder_weight * read + self.ngram_weight * counted).float()


def read_rows(path: Path):
    """(title, body, label number) of each row; a row without ' . ' has no title."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        title, separator, body = row["text"].partition(" . ")
        rows.append((title, body, LABELS.index(row["label"])) if separator else ("", title, LABELS.index(row["label"])))
    return rows


def split_rows(rows):
    """Training rows, and one in twenty kept for the temperature."""
    kept = [row for number, row in enumerate(rows) if number % 20 == 7]
    return [row for number, row in enumerate(rows) if number % 20 != 7], kept


def clean(text: str) -> str:
    return MARKUP.sub(" ", DATELINE.sub("", AGENCY.sub("", text)))


def pair(tokenizer, title, body):
    """[CLS] title [SEP] body [SEP], or [CLS] the one that is not empty [SEP]."""
    if len(title) and len(body):
        ids = np.concatenate([[tokenizer.cls], title, [tokenizer.sep], body, [tokenizer.sep]])
        types = np.zeros(len(ids), dtype=np.int64)
        types[len(title) + 2 :] = 1
        return ids, types
    ids = np.concatenate([[tokenizer.cls], title if len(title) else body, [tokenizer.sep]])
    return ids, np.zeros(len(ids), dtype=np.int64)


def windows(tokenizer, title_text: str, body_text: str):
    """The windows in which an article is read, at most MAX_WINDOWS; the title is repeated in each."""
    title, body = tokenizer.encode(title_text).ids[:LONGEST_TITLE], tokenizer.encode(body_text).ids
    room = MAX_TOKENS - 2 - (len(title) + 1 if len(title) else 0)
    for number in range(MAX_WINDOWS):
        start = number * (room - STRIDE)
        yield pair(tokenizer, title, body[start : start + room])
        if start + room >= len(body):
            return


class Maker:
    """Makes each epoch's examples: whole rows, headlines, bodies, and several rows of a topic as a long article."""

    def __init__(self, rows, tokenizer):
        self.tokenizer, self.rows = tokenizer, rows
        raw = [part for row in rows for part in row[:2]]
        ids = [[pieces.ids for pieces in tokenizer.encode_all(texts)] for texts in (raw, [clean(text) for text in raw])]
        self.forms = [[(form[2 * n], form[2 * n + 1]) for n in range(len(rows))] for form in ids]
        self.stop = tokenizer.encode(".").ids
        self.by_label = [[n for n, row in enumerate(rows) if row[2] == label] for label in range(len(LABELS))]

    def epoch(self, seed: int, long_share=0.05):
        """Rows as title and body, as one text, as a title or a body alone, and several of a topic as a long article."""
        generator = random.Random(seed)
        examples = []
        for number, (_, _, label) in enumerate(self.rows):
            title, body = self.forms[generator.random() < 0.3][number]
            draw = generator.random()
            if len(title) and draw < 0.35:
                title, body = title[:0], np.concatenate([title, self.stop, body])
            elif len(title) and draw < 0.47:
                body = body[:0]
            elif draw < 0.59:
                title = title[:0]
            if len(body) and generator.random() < long_share:
                others = [self.forms[1][generator.choice(self.by_label[label])][1] for _ in range(generator.randint(1, 3))]
                body = np.concatenate([body, *others])
            title = title[:LONGEST_TITLE]
            body = body[: MAX_TOKENS - 3 - len(title)]
            if len(title) or len(body):
                examples.append(Example(*pair(self.tokenizer, title, body), number))
        return examples


def train_topic(data: Path, encoder: Path, work: Path, name: str, size: Size, steps: int, learning_rate: float):
    """The encoder with its head, and the n-grams that spare most texts the encoder."""
    rows, _ = split_rows(read_rows(data / "topic/ag_news_train.jsonl"))
    torch.manual_seed(1)
    backbone, tokenizer = slim_encoder(encoder, vocabulary_texts(data), size)
    maker = Maker(rows, tokenizer)
    labels = torch.tensor([row[2] for row in rows])

    def batches(epoch):
        return bucketed(maker.epoch(epoch), BATCH_TOKENS, epoch)

    def loss(model, batch):
        logits = model(*inputs_of(batch, tokenizer.pad)).float()
        numbers = torch.tensor([example.target for example in batch])
        return nn.functional.cross_entropy(logits, labels[numbers], label_smoothing=0.05)

    model = TextClassifier(backbone, len(LABELS))
    train(model, Plan(name, steps, learning_rate, average=0.995), batches, loss, work)
    cache = work / f"{name}.ngrams.npz"
    if not cache.exists():
        say(f"{name}: n-grams")
        examples = [Example(*first_window(tokenizer, title, body), number) for number, (title, body, _) in enumerate(rows)]
        examples += maker.epoch(0)
        numbers = [example.target for example in examples]
        table, bias = ngrams.fit([example.ids for example in examples], labels[numbers].numpy(), len(tokenizer.vocabulary),
                                 len(LABELS), NGRAM_PENALTY)
        np.savez(cache, table=table, bias=bias)
    known = np.load(cache)
    return model.eval(), known["table"], known["bias"], tokenizer


def make(data: Path, encoder: Path, work: Path, steps: int | None, start: Path | None, name="topic", size=DEFAULT, slack=0.0):
    """start: a published model whose weights are taken over as they are."""
    if start:
        backbone, weights, tokenizer = published.read_encoder(start)
        model, table, bias = TextClassifier(backbone, len(LABELS)).eval(), weights["ngrams"], weights["ngrams.bias"]
        published.load_linear(model.classifier, weights, "classifier")
    else:
        model, table, bias, tokenizer = train_topic(data, encoder, work, name, size, steps or STEPS, LEARNING_RATE)
    _, held_out = split_rows(read_rows(data / "topic/ag_news_train.jsonl"))
    return join(model, table, bias, held_out, tokenizer, slack), tokenizer, model.encoder.config


def make_fast(data: Path, encoder: Path, work: Path, steps: int | None, start: Path | None):
    """Two narrow layers, and n-grams that decide alone more often."""
    return make(data, encoder, work, steps or FAST_STEPS, None, "fast_topic", FAST, FAST_SLACK)


def first_window(tokenizer, title, body):
    return next(windows(tokenizer, title, body))


def join(classifier, table, bias, rows, tokenizer, slack: float) -> TopicCascade:
    """Weights and threshold, from rows that neither part was trained on, each as title and body and as one text.

    slack: how many of the rows may get a wrong label for the n-grams deciding alone where both together would be right.
    """
    rows = rows + [("", whole_text(title, body), label) for title, body, label in rows]
    labels = torch.tensor([label for *_, label in rows])
    examples = [Example(*first_window(tokenizer, title, body), number) for number, (title, body, _) in enumerate(rows)]
    counted = torch.tensor(np.array([ngrams.logits_of(example.ids, table, bias) for example in examples])).float()
    read = torch.zeros(len(rows), len(LABELS))
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        for batch in bucketed(examples, 4096, 1):
            read[[example.target for example in batch]] = classifier(*inputs_of(batch, tokenizer.pad)).float()

    def fitted(logits):
        """The factor that makes logits probable, and the loss that is left."""
        losses = {factor: float(nn.functional.cross_entropy(factor * logits, labels)) for factor in np.arange(0.3, 3.0, 0.02)}
        return min((loss, factor) for factor, loss in losses.items())

    (_, alone), shares = fitted(counted), np.arange(0.1, 0.9, 0.05)
    joined = {share: fitted((1 - share) * read + share * counted) for share in shares}
    # Of the shares that are as good, the most even one: on texts of another kind the n-grams hold up better.
    best = min(loss for loss, _ in joined.values())
    share = min((share for share in shares if joined[share][0] <= best * (1 + AS_GOOD)), key=lambda share: abs(share - 0.5))
    factor = joined[share][1]
    right = ((1 - share) * read + share * counted).argmax(1) == labels
    sureness, right_alone = torch.softmax(alone * counted, 1).amax(1), counted.argmax(1) == labels
    # The n-grams decide alone from where on they are right as often as both together, but for the slack.
    for threshold in np.arange(0.40, 1.0, 0.005):
        sure = sureness >= threshold
        if int(right_alone[sure].sum()) >= int(right[sure].sum()) - slack * len(rows):
            break
    say(f"held-out rows: encoder {accuracy(read, labels):.4f}, n-grams {accuracy(counted, labels):.4f}, together "
        f"{float(right.float().mean()):.4f} with a share of {share:.2f}; alone from {threshold:.3f} on, which "
        f"{float(sure.float().mean()):.0%} of the rows reach")
    return TopicCascade(classifier, table, bias, float(alone), float(threshold), float(factor * (1 - share)), float(factor * share))


def accuracy(logits, labels) -> float:
    return float((logits.argmax(1) == labels).float().mean())


def whole_text(title: str, body: str) -> str:
    return f"{title} . {body}" if title else body


# Reading


def logits_of(title, body, tokenizer, run):
    return np.mean([run(ids, types) for ids, types in windows(tokenizer, title, body)], axis=0)


def probabilities(logits):
    scaled = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return scaled / scaled.sum(axis=-1, keepdims=True)
