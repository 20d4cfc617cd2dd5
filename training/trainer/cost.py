"""What the models cost over the same articles, beside the plain int8 encoder of six layers and the popular choices.

Processor time of one thread is measured, rows one at a time, the fastest of some rounds, so that other programs disturb
it little. A pass is what the plain encoder takes over titles and bodies in windows of 256 tokens that do not overlap.
"""

import json
import time
from pathlib import Path

import numpy as np

from . import entities, onnx_run, reference, summary, topic
from .pieces import PieceTokenizer
from .sentences import split_sentences
from .texts import rows_of

TASKS = ("topic", "entities", "summary")
REFERENCE = "plain six layers int8"
REFERENCE_TOKENS = 256
TURN = 10  # articles


def windows_of(task: str, tokenizer, title: str, body: str, reading: topic.Reading):
    """The (ids, token types) rows that a node reads for an article."""
    if task == "topic":
        yield from topic.windows(tokenizer, title, body, reading)
        return
    for text in (body,) if task == "summary" else (title, body):
        pieces = tokenizer.encode(text)
        if not len(pieces):
            continue
        if task == "summary":
            cuts = summary.plan_windows(summary.token_places(pieces, split_sentences(text)), len(pieces))
        elif task == "entities":
            cuts = entities.plan_windows(text, pieces)
        else:
            cuts = [(start, start + REFERENCE_TOKENS - 2) for start in range(0, len(pieces), REFERENCE_TOKENS - 2)]
        for start, end in cuts:
            types = pieces.casing[start:end] if task == "entities" else np.zeros_like(pieces.casing[start:end])
            yield np.concatenate([[tokenizer.cls], pieces.ids[start:end], [tokenizer.sep]]), np.concatenate([[0], types, [0]])


def articles_of(data: Path, count: int) -> dict[str, list]:
    full = rows_of(data / "articles/open_articles.jsonl")
    short = topic.read_rows(data / "topic/ag_news_test.jsonl")
    return {
        "AG News rows": [row[:2] for row in short[:: len(short) // (4 * count)]],
        "full articles": [(row["title"], row["text"]) for row in full[:: max(1, len(full) // count)]],
    }


def measure(data: Path, encoder: Path, models: Path, work: Path, count: int = 40, rounds: int = 6) -> dict:
    """{kind of article: {model: {articles_per_second, passes}}}"""
    whole = PieceTokenizer.read(encoder)
    graphs = {REFERENCE: (reference.graph("plain six layers", "int8", work), whole, "reference", topic.READING)}
    for name, task in (("BERT-base, entities", "reference"), ("DistilBERT, topic", "topic")):
        for precision in ("int8", "fp32"):
            graphs[f"{name} {precision}"] = (reference.graph(name, precision, work), whole, task, topic.READING)
    for set_name, root, reading in (("default", models, topic.READING), ("fast", models / "fast", topic.FAST_READING)):
        for task in TASKS:
            if (root / task / "model.onnx").exists():
                graphs[f"{set_name} {task}"] = (root / task / "model.onnx", PieceTokenizer.read(root / task), task, reading)
    result = {}
    for kind, articles in articles_of(data, count).items():
        spent = _spent(graphs, articles, rounds)
        for set_name in ("default", "fast"):
            parts = [spent[f"{set_name} {task}"] for task in TASKS if f"{set_name} {task}" in spent]
            if len(parts) == len(TASKS):
                spent[f"{set_name} set"] = sum(parts)
        result[kind] = {name: dict(articles_per_second=round(len(articles) / value, 1), passes=round(value / spent[REFERENCE], 3))
                        for name, value in spent.items()}
    return result


def _spent(graphs, articles, rounds) -> dict[str, float]:
    """Seconds of each graph for all articles: of each article its fastest round. The graphs take turns with a few articles,
    so that a machine that slows down slows down all alike.

    Large graphs are asked about fewer articles, and their rest is reckoned by the number of tokens.
    """
    askings = {name: _Asking(*graph, articles) for name, graph in graphs.items()}
    for round_number in range(rounds):
        for begin in range(0, len(articles), TURN):
            for asking in askings.values():
                if round_number == 0 or not asking.large:
                    asking.run_some(begin, begin + TURN)
    return {name: asking.seconds() for name, asking in askings.items()}


class _Asking:
    """One graph, what it is asked, and how long it took."""

    def __init__(self, path, tokenizer, task, reading, articles):
        self.run, self.large, self.task, self.reading = onnx_run.runner(path, 1), path.stat().st_size > 50e6, task, reading
        self.rows = [list(windows_of(task, tokenizer, *article, reading)) for article in articles]
        self.best = np.full(len(articles), np.inf)

    def run_some(self, begin: int, end: int):
        for number, article in list(enumerate(self.rows))[begin:end]:
            if self.large and number % 8:
                continue
            begun, logits = time.thread_time(), []
            for ids, types in article:
                logits.append(self.run(ids, types))
                # The popular choices read every window.
                if self.task == "topic" and not self.large and topic.is_sure(logits, self.reading):
                    break
            self.best[number] = min(self.best[number], time.thread_time() - begun)

    def seconds(self) -> float:
        asked = np.isfinite(self.best)
        tokens = np.array([sum(len(ids) for ids, _ in article) for article in self.rows])
        return float(self.best[asked].sum()) * tokens.sum() / tokens[asked].sum()
