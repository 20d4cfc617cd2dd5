"""The topic model: title and a window of the body in, one of four topics out."""

import json
import random
import re
from pathlib import Path

import numpy as np
import torch
from torch import nn

from .batching import Example, bucketed, inputs_of
from .console import say
from .encoder import Encoder, load_encoder
from .loop import Plan, train
from .ner_data import training_sources
from .pieces import PieceTokenizer
from .slim import slim_encoder

LABELS = ["World", "Sports", "Business", "Sci/Tech"]
BBC_TOPICS = {"business": "Business", "sport": "Sports", "tech": "Sci/Tech"}
MAX_TOKENS, STRIDE, LONGEST_TITLE = 256, 64, 64
LAYERS, FEED_FORWARD, VOCABULARY = (0, 1, 2), 768, 16000
STEPS, TEACHER_STEPS, TEACHER_LEARNING_RATE = 220, 600, 1e-4

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
    """The windows in which an article is read; the title is repeated in each."""
    title, body = tokenizer.encode(title_text).ids[:LONGEST_TITLE], tokenizer.encode(body_text).ids
    room = MAX_TOKENS - 2 - (len(title) + 1 if len(title) else 0)
    start = 0
    while True:
        yield pair(tokenizer, title, body[start : start + room])
        if start + room >= len(body):
            return
        start += room - STRIDE


class Maker:
    """Makes each epoch's examples: whole rows, headlines, bodies, and several rows of a topic as a long article."""

    def __init__(self, rows, tokenizer):
        self.tokenizer, self.rows = tokenizer, rows
        raw = [part for row in rows for part in row[:2]]
        ids = [[pieces.ids for pieces in tokenizer.encode_all(texts)] for texts in (raw, [clean(text) for text in raw])]
        self.forms = [[(form[2 * n], form[2 * n + 1]) for n in range(len(rows))] for form in ids]
        self.by_label = [[n for n, row in enumerate(rows) if row[2] == label] for label in range(len(LABELS))]

    def epoch(self, seed: int, long_share=0.06):
        generator = random.Random(seed)
        examples = []
        for number, (_, _, label) in enumerate(self.rows):
            title, body = self.forms[generator.random() < 0.4][number]
            draw = generator.random()
            if len(title) and draw < 0.15:
                body = body[:0]
            elif draw < 0.35:
                title = title[:0]
            if len(body) and generator.random() < long_share:
                others = [self.forms[1][generator.choice(self.by_label[label])][1] for _ in range(generator.randint(1, 4))]
                body = np.concatenate([body, *others])
            title = title[:LONGEST_TITLE]
            body = body[: MAX_TOKENS - 3 - len(title)]
            if len(title) or len(body):
                examples.append(Example(*pair(self.tokenizer, title, body), number))
        return examples


def vocabulary_texts(data: Path) -> list[str]:
    texts = [text for row in read_rows(data / "topic/ag_news_train.jsonl") for text in row[:2]]
    articles = (data / "articles/open_articles.jsonl").read_text(encoding="utf-8").splitlines()
    texts += [json.loads(line)["text"] for line in articles]
    for source in training_sources(data)[:2]:
        texts += [" ".join(sentence.words) for document in source.documents for sentence in document]
    return texts


def train_topic(data: Path, encoder: Path, work: Path, name="topic", steps=STEPS, learning_rate=3e-4):
    """The small model, taught by the labels and by a larger model trained before it."""
    teacher, tokenizer = train_classifier(
        data, encoder, work, f"{name}_teacher", TEACHER_STEPS, TEACHER_LEARNING_RATE, full=True
    )
    targets = teacher_opinions(data, teacher, tokenizer, work / f"{name}_teacher.opinions.npy")
    return train_classifier(data, encoder, work, name, steps, learning_rate, targets)


def teacher_opinions(data: Path, teacher, tokenizer, cache: Path) -> torch.Tensor:
    """The teacher's probabilities for each training row."""
    if not cache.exists():
        say("topic: reading the training rows with the teacher ...")
        rows, _ = split_rows(read_rows(data / "topic/ag_news_train.jsonl"))
        examples = [
            Example(*next(windows(tokenizer, title, body)), number) for number, (title, body, _) in enumerate(rows)
        ]
        opinions = np.zeros((len(rows), len(LABELS)), dtype=np.float32)
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            for batch in bucketed(examples, 4096, 1):
                logits = teacher(*inputs_of(batch, tokenizer.pad)).float()
                opinions[[example.target for example in batch]] = torch.softmax(logits, dim=-1).numpy()
        np.save(cache, opinions)
    return torch.from_numpy(np.load(cache))


def train_classifier(data: Path, encoder: Path, work: Path, name: str, steps: int, learning_rate: float, targets=None,
                     full=False, layers=LAYERS, feed_forward=FEED_FORWARD):
    """One classifier: the whole encoder if full, else a slim one."""
    rows, _ = split_rows(read_rows(data / "topic/ag_news_train.jsonl"))
    torch.manual_seed(1)
    if full:
        backbone, tokenizer = load_encoder(encoder), PieceTokenizer.read(encoder)
    else:
        backbone, tokenizer = slim_encoder(encoder, vocabulary_texts(data), layers, feed_forward, VOCABULARY)
    makers = []  # made when training needs it
    labels = torch.tensor([row[2] for row in rows])

    def batches(epoch):
        if not makers:
            makers.append(Maker(rows, tokenizer))
        return bucketed(makers[0].epoch(epoch), 3072, epoch)

    def loss(model, batch):
        logits = model(*inputs_of(batch, tokenizer.pad)).float()
        numbers = torch.tensor([example.target for example in batch])
        hard = nn.functional.cross_entropy(logits, labels[numbers], label_smoothing=0.05)
        if targets is None:
            return hard
        soft = -(targets[numbers] * torch.log_softmax(logits, dim=-1)).sum(dim=-1).mean()
        return 0.3 * hard + 0.7 * soft

    model = TextClassifier(backbone, len(LABELS))
    train(model, Plan(name, steps, learning_rate, average=0.995), batches, loss, work)
    return model.eval(), tokenizer


# Evaluation


def logits_of(title, body, tokenizer, run):
    return np.mean([run(ids, types) for ids, types in windows(tokenizer, title, body)], axis=0)


def probabilities(logits, temperature):
    scaled = logits / temperature
    scaled = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return scaled / scaled.sum(axis=-1, keepdims=True)


def best_temperature(logits, labels):
    def loss(temperature):
        return -np.log(probabilities(logits, temperature)[np.arange(len(labels)), labels] + 1e-12).mean()

    return float(min(np.arange(0.3, 3.0, 0.02), key=loss))


def calibration_error(probability, labels, bins=15):
    confidence, right = probability.max(axis=1), probability.argmax(axis=1) == labels
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    return float(sum(abs(confidence[bin_of == b].mean() - right[bin_of == b].mean()) * (bin_of == b).mean()
                     for b in range(bins) if (bin_of == b).any()))


def macro_f1(predicted, labels):
    values = []
    for label in sorted(set(labels)):
        hits = ((predicted == label) & (labels == label)).sum()
        values.append(2 * hits / max(1, (predicted == label).sum() + (labels == label).sum()))
    return float(np.mean(values))


def figures(logits, labels, temperature):
    logits, labels = np.array(logits), np.array(labels)
    probability = probabilities(logits, temperature)
    predicted = probability.argmax(axis=1)
    accuracy = float((predicted == labels).mean())
    half = 1.96 * (accuracy * (1 - accuracy) / len(labels)) ** 0.5
    return dict(accuracy=accuracy, interval=[accuracy - half, accuracy + half], macro_f1=macro_f1(predicted, labels),
                calibration_error=calibration_error(probability, labels), rows=len(labels))


def bbc_rows(data: Path):
    rows = [json.loads(line) for line in (data / "summary/bbc_train.jsonl").read_text(encoding="utf-8").splitlines()]
    return [(row["title"], row["text"], LABELS.index(BBC_TOPICS[row["topic"]])) for row in rows if row["topic"] in BBC_TOPICS]


def fit_temperature(data: Path, tokenizer, run):
    _, kept = split_rows(read_rows(data / "topic/ag_news_train.jsonl"))
    return best_temperature(np.array([logits_of(t, b, tokenizer, run) for t, b, _ in kept]), np.array([r[2] for r in kept]))


def evaluate_topic(data: Path, tokenizer, run, temperature, quick=False):
    test, bbc = read_rows(data / "topic/ag_news_test.jsonl"), bbc_rows(data)
    titled = [row for row in test if row[0]]
    sets = {"ag_news_test": test, "bbc_articles": bbc}
    if not quick:
        sets |= {
            "ag_news_test/headline_only": [(title, "", label) for title, _, label in titled],
            "ag_news_test/body_only": [("", body, label) for _, body, label in titled],
            "bbc_articles/headline_only": [(title, "", label) for title, _, label in bbc],
        }
    results = {}
    for name, rows in sets.items():
        logits = [logits_of(title, body, tokenizer, run) for title, body, _ in rows]
        results[name] = figures(logits, [row[2] for row in rows], temperature)
    return results
