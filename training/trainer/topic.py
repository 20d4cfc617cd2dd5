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
from .slim import Size, cut, slim_encoder
from .texts import vocabulary_texts

LABELS = ["World", "Sports", "Business", "Sci/Tech"]
MAX_TOKENS, STRIDE = 160, 32
TRAINING_TOKENS, LONGEST_TITLE = 256, 64
DEFAULT = Size(layers=range(6), feed_forward=1536, vocabulary=20000)
FAST = Size(layers=(0, 2, 4), feed_forward=768, vocabulary=10000, word_bits=4)
FAST_STEPS, FAST_LEARNING_RATE, FAST_EPOCHS = 1200, 2e-4, 2
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


def windows(tokenizer, title_text: str, body_text: str, reading: "Reading"):
    """The windows in which an article is read; the title is repeated in each."""
    title, body = tokenizer.encode(title_text).ids[: min(LONGEST_TITLE, MAX_TOKENS // 4)], tokenizer.encode(body_text).ids
    room = MAX_TOKENS - 2 - (len(title) + 1 if len(title) else 0)
    for number in range(reading.max_windows):
        start = number * (room - STRIDE)
        yield pair(tokenizer, title, body[start : start + room])
        if start + room >= len(body):
            return


class Maker:
    """Makes each epoch's examples: whole rows, headlines, bodies, and several rows of a topic as a long article.

    config: of the encoder that reads them; a published one has positions for the windows of the node only.
    """

    def __init__(self, rows, tokenizer, config):
        self.tokenizer, self.rows, self.longest = tokenizer, rows, min(TRAINING_TOKENS, config.max_position_embeddings)
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
            body = body[: self.longest - 3 - len(title)]
            if len(title) or len(body):
                examples.append(Example(*pair(self.tokenizer, title, body), number))
        return examples


def make(data: Path, encoder: Path, work: Path, steps: int | None, start: Path | None):
    """start: a published model whose weights are taken over as they are."""
    rows, held_out = split_rows(read_rows(data / "topic/ag_news_train.jsonl"))
    if start:
        model, table, bias, tokenizer = read_published(start)
    else:
        torch.manual_seed(1)
        backbone, tokenizer = slim_encoder(encoder, vocabulary_texts(data), DEFAULT)
        model, maker = TextClassifier(backbone, len(LABELS)), Maker(rows, tokenizer, backbone.config)
        labels = torch.tensor([row[2] for row in rows])

        def loss(model, batch):
            wanted = labels[[example.target for example in batch]]
            return nn.functional.cross_entropy(model(*inputs_of(batch, tokenizer.pad)).float(), wanted, label_smoothing=0.05)

        plan = Plan("topic", steps or STEPS, LEARNING_RATE, average=0.995)
        train(model, plan, lambda epoch: bucketed(maker.epoch(epoch), BATCH_TOKENS, epoch), loss, work)
        model.eval()
        table, bias = fit_ngrams(rows, maker, work / "topic.ngrams.npz")
    return join(model, table, bias, held_out, tokenizer), tokenizer, model.encoder.config


def make_fast(data: Path, encoder: Path, work: Path, steps: int | None, start: Path | None):
    """Three narrow layers that begin as those of the default model (start) and learn from what it says of the training rows."""
    if not start:
        raise RuntimeError("the fast topic model learns from the default one: name its models' folder by --from")
    rows, held_out = split_rows(read_rows(data / "topic/ag_news_train.jsonl"))
    torch.manual_seed(1)
    teacher, _, _, known = read_published(start)
    backbone, tokenizer = cut(teacher.encoder, known, vocabulary_texts(data), FAST)
    model, maker, cache = TextClassifier(backbone, len(LABELS)), Maker(rows, tokenizer, backbone.config), work / "fast_topic.teacher.npy"
    model.classifier.load_state_dict(teacher.classifier.state_dict())
    if not cache.exists():
        say("fast_topic: asking the teacher ...")
        np.save(cache, np.stack([said_of(teacher, Maker(rows, known, backbone.config).epoch(seed), known) for seed in range(FAST_EPOCHS)]))
    said = torch.from_numpy(np.load(cache))

    def batches(epoch):
        seed = epoch % FAST_EPOCHS
        examples = [Example(e.ids, e.types, (seed, number)) for number, e in enumerate(maker.epoch(seed))]
        return bucketed(examples, BATCH_TOKENS, epoch)

    def loss(model, batch):
        seeds, numbers = zip(*(example.target for example in batch))
        wanted = torch.softmax(said[list(seeds), list(numbers)], dim=1)
        return nn.functional.cross_entropy(model(*inputs_of(batch, tokenizer.pad)).float(), wanted)

    train(model, Plan("fast_topic", steps or FAST_STEPS, FAST_LEARNING_RATE, average=0.99), batches, loss, work)
    table, bias = fit_ngrams(rows, maker, work / "fast_topic.ngrams.npz")
    return join(model.eval(), table, bias, held_out, tokenizer), tokenizer, model.encoder.config


def read_published(folder: Path):
    """The encoder with its head, table and bias of the n-grams, the tokenizer."""
    backbone, weights, tokenizer = published.read_encoder(folder)
    model = TextClassifier(backbone, len(LABELS)).eval()
    published.load_linear(model.classifier, weights, "classifier")
    return model, weights["ngrams"], weights["ngrams.bias"], tokenizer


def fit_ngrams(rows, maker: Maker, cache: Path):
    """Table and bias of the n-grams that spare most texts the encoder."""
    if not cache.exists():
        say(f"{cache.stem}: fitting")
        tokenizer = maker.tokenizer
        examples = [Example(*first_window(tokenizer, title, body), number) for number, (title, body, _) in enumerate(rows)]
        examples += maker.epoch(0)
        labels = np.array([rows[example.target][2] for example in examples])
        ids = [example.ids for example in examples]
        table, bias = ngrams.fit(ids, labels, len(tokenizer.vocabulary), len(LABELS), NGRAM_PENALTY)
        np.savez(cache, table=table, bias=bias)
    known = np.load(cache)
    return known["table"], known["bias"]


def said_of(classifier: TextClassifier, examples: list[Example], tokenizer) -> np.ndarray:
    """The logits of all examples, in their order."""
    logits = np.zeros((len(examples), len(LABELS)), dtype=np.float32)
    numbered = [Example(example.ids, example.types, number) for number, example in enumerate(examples)]
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        for batch in bucketed(numbered, 4096, 1):
            logits[[example.target for example in batch]] = classifier(*inputs_of(batch, tokenizer.pad)).float().numpy()
    return logits


def first_window(tokenizer, title, body):
    return next(windows(tokenizer, title, body, READING))


def join(classifier, table, bias, rows, tokenizer) -> TopicCascade:
    """Weights and threshold, from rows that neither part was trained on, each as title and body and as one text."""
    rows = rows + [("", whole_text(title, body), label) for title, body, label in rows]
    labels = torch.tensor([label for *_, label in rows])
    examples = [Example(*first_window(tokenizer, title, body), None) for title, body, _ in rows]
    counted = torch.tensor(np.array([ngrams.logits_of(example.ids, table, bias) for example in examples])).float()
    read = torch.from_numpy(said_of(classifier, examples, tokenizer))

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
    # The n-grams decide alone from where on they are right as often as both together.
    for threshold in np.arange(0.80, 1.0, 0.005):
        sure = sureness >= threshold
        if int(right_alone[sure].sum()) >= int(right[sure].sum()):
            break
    say(f"topic: held-out rows: encoder {accuracy(read, labels):.4f}, n-grams {accuracy(counted, labels):.4f}, together "
        f"{float(right.float().mean()):.4f} with a share of {share:.2f}; alone from {threshold:.3f} on, which "
        f"{float(sure.float().mean()):.0%} of the rows reach")
    return TopicCascade(classifier, table, bias, float(alone), float(threshold), float(factor * (1 - share)), float(factor * share))


def accuracy(logits, labels) -> float:
    return float((logits.argmax(1) == labels).float().mean())


def whole_text(title: str, body: str) -> str:
    return f"{title} . {body}" if title else body


# Reading


@dataclass(frozen=True)
class Reading:
    """How far an article is read: so many windows at most, the next one only while the best topic has less than early_exit."""

    max_windows: int
    early_exit: float


READING, FAST_READING = Reading(3, 0.9), Reading(2, 0.7)


def logits_of(title, body, tokenizer, run, reading: Reading):
    """The mean logits of an article's windows; the next one is read only while they are not sure."""
    logits = []
    for ids, types in windows(tokenizer, title, body, reading):
        logits.append(run(ids, types))
        if is_sure(logits, reading):
            break
    return np.mean(logits, axis=0)


def is_sure(logits, reading: Reading) -> bool:
    return probabilities(np.mean(logits, axis=0)).max() >= reading.early_exit


def probabilities(logits):
    scaled = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return scaled / scaled.sum(axis=-1, keepdims=True)
