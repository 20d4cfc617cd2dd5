"""The summary model: scores the tokens of a body for an extract, and gives token vectors for the redundancy penalty."""

import hashlib
import json
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from . import published, selection
from .batching import Example, bucketed, inputs_of
from .console import say
from .encoder import Encoder, load_encoder
from .loop import Plan, train
from .pieces import PieceTokenizer
from .rouge import rouge, words_of
from .sentences import split_sentences
from .slim import Size, cut, slim_encoder
from .texts import vocabulary_texts

MAX_TOKENS, STRIDE = 256, 32
FIRST_WINDOW, LATER_WINDOW = 0, 1  # token types
VECTOR = 128
DEFAULT = Size(layers=range(2), feed_forward=768, vocabulary=5500)
FAST = Size(layers=range(1), feed_forward=512, vocabulary=5500, word_bits=4, heads=8)
SENTENCES = 3
DANGLING_PENALTY = 1.0  # in the units of the scores, logarithms: such a sentence must promise nearly three times as much
STEPS, LEARNING_RATE = 260, 3e-4
FAST_STEPS = 2600
FURTHER = 0.4  # of the learning rate, where a published model is trained on
TYPICAL_WORDS = 25  # gains are measured in sentences of this length
MOST_WORDS = 45


class SummaryScorer(nn.Module):
    per_token = True

    def __init__(self, encoder: Encoder):
        super().__init__()
        self.encoder = encoder
        self.score = nn.Sequential(nn.Linear(encoder.config.hidden_size, 128), nn.Tanh(), nn.Linear(128, 1))
        self.vector = nn.Linear(encoder.config.hidden_size, VECTOR)

    def forward(self, input_ids, attention_mask, token_type_ids):
        states = self.encoder(input_ids, attention_mask, token_type_ids)
        return self.score(states).squeeze(-1), self.vector(states)


@dataclass
class Article:
    text: str
    reference: str
    sentences: list  # (start, end) in the text
    gains: np.ndarray  # of each sentence: its length if it is in the reference extract, else 0
    pieces: object  # its tokens
    places: list  # (first token, token after the last) of each sentence
    teacher: np.ndarray | None = None  # a vector for each sentence


def letters(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


def in_test_part(text: str) -> bool:
    return int(hashlib.sha1(text.encode()).hexdigest(), 16) % 10 == 3


def in_tuning_part(text: str) -> bool:
    """One in ten of the training rows, on which the selection's constants are chosen."""
    return int(hashlib.sha1(text.encode()).hexdigest(), 16) % 10 == 4


def read_rows(data: Path):
    return [json.loads(line) for line in (data / "summary/bbc_train.jsonl").read_text(encoding="utf-8").splitlines()]


def token_places(pieces, sentences):
    places = []
    for start, end in sentences:
        first = int(np.searchsorted(pieces.starts, start, side="left"))
        last = int(np.searchsorted(pieces.starts, end, side="left"))
        places.append((first, last))
    return places


def make_article(row, tokenizer) -> Article:
    sentences = split_sentences(row["text"])
    wanted = letters(row["summary"])
    gains = []
    for start, end in sentences:
        sentence = row["text"][start:end]
        found = letters(sentence) in wanted
        gains.append(min(len(words_of(sentence)), MOST_WORDS) / TYPICAL_WORDS if found else 0.0)
    pieces = tokenizer.encode(row["text"])
    return Article(row["text"], row["summary"], sentences, np.array(gains, dtype=np.float32), pieces,
                   token_places(pieces, sentences))


def add_teacher_vectors(articles, encoder: Path, cache: Path):
    """Sentence vectors of the whole pretrained encoder, which the small model learns to agree with.

    Every other article has them: enough to learn from, at half the time.
    """
    articles = articles[::2]
    if cache.exists():
        vectors = np.load(cache)
    else:
        say("summary: reading the sentences with the pretrained encoder ...")
        tokenizer, model = PieceTokenizer.read(encoder), load_encoder(encoder).eval()
        texts = [article.text[start:end] for article in articles for start, end in article.sentences]
        examples = [
            Example(np.concatenate([[tokenizer.cls], pieces.ids[:126], [tokenizer.sep]]),
                    np.zeros(min(len(pieces), 126) + 2, dtype=np.int64), number)
            for number, pieces in enumerate(tokenizer.encode_all(texts))
        ]
        vectors = np.zeros((len(texts), 384), dtype=np.float16)
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            for batch in bucketed(examples, 4096, 1):
                ids, mask, types = inputs_of(batch, tokenizer.pad)
                states = model(ids, mask, types).float() * mask[:, :, None]
                mean = nn.functional.normalize(states.sum(1), dim=-1)
                vectors[[example.target for example in batch]] = mean.numpy()
        np.save(cache, vectors)
    position = 0
    for article in articles:
        article.teacher = vectors[position : position + len(article.sentences)].astype(np.float32)
        position += len(article.sentences)


def window_example(article: Article, first_sentence: int, tokenizer) -> Example | None:
    """A window that begins at a sentence; the target is (places, gains, teacher vectors) of its whole sentences."""
    start = article.places[first_sentence][0]
    room = MAX_TOKENS - 2
    ids = np.concatenate([[tokenizer.cls], article.pieces.ids[start : start + room], [tokenizer.sep]])
    types = np.full(len(ids), LATER_WINDOW if first_sentence else FIRST_WINDOW, dtype=np.int64)
    whole = [n for n in range(first_sentence, len(article.places))
             if article.places[n][1] - start <= room and article.places[n][1] > article.places[n][0]]
    if len(whole) < 2:
        return None
    places = [(article.places[n][0] - start + 1, article.places[n][1] - start + 1) for n in whole]
    return Example(ids, types, (places, article.gains[whole], None if article.teacher is None else article.teacher[whole]))


def loss_of(tokenizer, taught_by: SummaryScorer | None = None):
    """taught_by: a larger model whose ranking of the sentences is learnt beside the reference's."""

    def loss(model, batch):
        inputs = inputs_of(batch, tokenizer.pad)
        scores, vectors = model(*inputs)
        if taught_by:
            with torch.no_grad():
                larger = taught_by(*inputs)[0].float()
        scores, vectors = scores.float(), vectors.float()
        total = 0.0
        for number, example in enumerate(batch):
            places, gains, teacher = example.target
            average = torch.zeros(len(places), scores.shape[1])
            for row, (first, last) in enumerate(places):
                average[row, first:last] = 1.0 / (last - first)
            sentence_scores = average @ scores[number]
            gains = torch.from_numpy(gains)
            # Expected gain: comparable between windows; and its share among the sentences: the ranking.
            gain_loss = (torch.exp(sentence_scores.clamp(max=4)) - gains * sentence_scores).mean()
            rank_loss = 0.0
            if float(gains.sum()) > 0:
                rank_loss = -(gains / gains.sum() * torch.log_softmax(sentence_scores, dim=0)).sum()
            taught_loss = 0.0
            if taught_by:
                taught_loss = (sentence_scores - average @ larger[number]).pow(2).mean()
            vector_loss = 0.0
            if teacher is not None:
                ours = nn.functional.normalize(average @ vectors[number], dim=-1)
                theirs = torch.from_numpy(teacher)
                vector_loss = (ours @ ours.T - theirs @ theirs.T).pow(2).mean()
            total = total + gain_loss + 0.5 * rank_loss + 2.0 * vector_loss + taught_loss
        return total / len(batch)

    return loss


def train_summary(model, tokenizer, data: Path, encoder: Path, work: Path, name: str, steps: int, learning_rate: float, taught_by=None):
    rows = [row for row in read_rows(data) if not in_test_part(row["text"]) and not in_tuning_part(row["text"])]
    articles = [make_article(row, tokenizer) for row in rows]
    add_teacher_vectors(articles, encoder, work / "summary.vectors.npy")

    def batches(epoch):
        generator = random.Random(epoch)
        examples = []
        for article in articles:
            later = generator.random() < 0.25 and len(article.sentences) > 4
            start = generator.randrange(1, len(article.sentences) - 2) if later else 0
            examples.append(window_example(article, start, tokenizer))
        return bucketed([example for example in examples if example], 3072, epoch)

    train(model, Plan(name, steps, learning_rate, average=0.98), batches, loss_of(tokenizer, taught_by), work)


def all_texts(data: Path) -> list[str]:
    return [row["text"] for row in read_rows(data) if not in_test_part(row["text"])] + vocabulary_texts(data)


def make(data: Path, encoder: Path, work: Path, steps: int | None, start: Path | None):
    """start: a published model whose weights are taken over; then they are trained on only if steps says so."""
    torch.manual_seed(1)
    if start:
        model, tokenizer = read_published(start)
        if steps:
            train_summary(model, tokenizer, data, encoder, work, "summary", steps, LEARNING_RATE * FURTHER)
    else:
        backbone, tokenizer = slim_encoder(encoder, all_texts(data), DEFAULT)
        model = SummaryScorer(backbone)
        train_summary(model, tokenizer, data, encoder, work, "summary", steps or STEPS, LEARNING_RATE)
    return model.eval(), tokenizer, model.encoder.config


def make_fast(data: Path, encoder: Path, work: Path, steps: int | None, start: Path | None):
    """One layer, which begins as the first of the default model (start) and learns its ranking too."""
    if not start:
        raise RuntimeError("the fast summary model learns from the default one: name its models' folder by --from")
    torch.manual_seed(1)
    teacher, tokenizer = read_published(start)
    backbone, tokenizer = cut(teacher.encoder, tokenizer, all_texts(data), FAST)
    model = SummaryScorer(backbone)
    model.score.load_state_dict(teacher.score.state_dict())
    model.vector.load_state_dict(teacher.vector.state_dict())
    train_summary(model, tokenizer, data, encoder, work, "fast_summary", steps or FAST_STEPS, LEARNING_RATE, teacher)
    return model.eval(), tokenizer, model.encoder.config


def read_published(folder: Path) -> tuple[SummaryScorer, PieceTokenizer]:
    backbone, weights, tokenizer = published.read_encoder(folder)
    model = SummaryScorer(backbone)
    for linear, name in ((model.score[0], "score.hidden"), (model.score[2], "score"), (model.vector, "vector")):
        published.load_linear(linear, weights, name)
    return model.eval(), tokenizer


# Selection and evaluation


def plan_windows(places, count: int):
    """Windows of whole sentences, as the summary node plans them: each after the first begins with a sentence, one of the
    last STRIDE tokens of the window before it or the one that did not fit into that window."""
    room, start, windows = MAX_TOKENS - 2, 0, []
    while True:
        end = min(start + room, count)
        windows.append((start, end))
        if end == count:
            return windows
        begins = (first for first, last in places if last > first > start and (first >= end - STRIDE or last > end))
        following = min(next(begins, end), end)
        start = following if following > start else end


def read_article(text: str, sentences, tokenizer, run):
    """(score, unit vector) of each sentence, each sentence read in the window that holds most of it, the earlier if equal."""
    pieces = tokenizer.encode(text)
    places = token_places(pieces, sentences)
    windows = []
    for start, end in plan_windows(places, len(pieces)):
        ids = np.concatenate([[tokenizer.cls], pieces.ids[start:end], [tokenizer.sep]])
        types = np.full(len(ids), LATER_WINDOW if start else FIRST_WINDOW, dtype=np.int64)
        scores, vectors = run(ids, types)
        windows.append((start, end, scores[1:-1], vectors[1:-1]))
    scores, units = np.full(len(places), -1e9), np.zeros((len(places), VECTOR), dtype=np.float32)
    for number, (first, last) in enumerate(places):
        begin, end, window_scores, window_vectors = max(windows, key=lambda w: min(last, w[1]) - max(first, w[0]))
        low, high = max(first, begin) - begin, min(last, end) - begin
        if high > low:
            scores[number] = window_scores[low:high].mean()
            mean = window_vectors[low:high].mean(axis=0)
            units[number] = mean / max(1e-9, float(np.linalg.norm(mean)))
    return scores, units


def select(read: "Read", constants: dict) -> list[int]:
    """The numbers of the chosen sentences in reading order."""
    scores = read.scores - constants["position_bias"] * np.arange(len(read.scores))
    chosen = []
    while len(chosen) < min(constants["sentences"], int(read.allowed.sum())):
        value = scores.copy()
        if chosen:
            value -= constants["redundancy_penalty"] * np.max([read.units @ read.units[number] for number in chosen], axis=0)
        leaning = read.dangling.copy()
        leaning[[number + 1 for number in chosen if number + 1 < len(leaning)]] = False
        value -= constants["dangling_penalty"] * leaning
        value[chosen] = -np.inf
        value[~read.allowed] = -np.inf
        chosen.append(int(value.argmax()))
    return sorted(chosen)


@dataclass
class Read:
    """An article as the model has read it."""

    row: dict
    spans: list  # (start, end) of each sentence
    scores: np.ndarray
    units: np.ndarray
    allowed: np.ndarray
    dangling: np.ndarray


def read_row(row: dict, tokenizer, run) -> Read:
    spans = split_sentences(row["text"])
    sentences = [row["text"][start:end] for start, end in spans]
    return Read(row, spans, *read_article(row["text"], spans, tokenizer, run), np.array(selection.candidates(sentences)),
                np.array([selection.is_dangling(sentence) for sentence in sentences]))


def extract(text, sentences, numbers):
    return " ".join(text[slice(*sentences[number])] for number in numbers)


def read_part(data: Path, part, tokenizer, run) -> list[Read]:
    return [read_row(row, tokenizer, run) for row in read_rows(data) if part(row["text"])]


def score_selection(read: list[Read], constants: dict):
    return [rouge(extract(r.row["text"], r.spans, select(r, constants)), r.row["summary"]) for r in read]


def choose_constants(data: Path, tokenizer, run) -> dict:
    read = read_part(data, in_tuning_part, tokenizer, run)
    mean = {}
    for penalty in (0.0, 0.2, 0.4, 0.7, 1.0):
        for bias in (0.0, 0.01, 0.03):
            constants = dict(sentences=SENTENCES, redundancy_penalty=penalty, position_bias=bias, dangling_penalty=DANGLING_PENALTY)
            mean[penalty, bias] = float(np.mean([f["rouge2"] for f in score_selection(read, constants)]))
    best = max(mean.values())
    # Of the constants that are as good, the ones that avoid repetition most.
    penalty, bias = max((pair for pair in mean if mean[pair] >= best - 0.005), key=lambda pair: (pair[0], -pair[1]))
    return dict(sentences=SENTENCES, redundancy_penalty=penalty, position_bias=bias, dangling_penalty=DANGLING_PENALTY)
