"""What a pass of each model over the same articles costs, beside the plain int8 pretrained encoder of six layers.

Processor time of one thread is measured, so that other programs disturb it little.
"""

import json
import time
from pathlib import Path

import numpy as np

from . import entities, onnx_export, summary, topic
from .encoder import load_encoder
from .entities import TokenClassifier
from .pieces import PieceTokenizer


def reference_graph(encoder: Path, work: Path) -> Path:
    path = work / "reference.int8.onnx"
    if not path.exists():
        work.mkdir(parents=True, exist_ok=True)
        plain = work / "reference.fp32.onnx"
        onnx_export.export(TokenClassifier(load_encoder(encoder), 9), ["logits"], plain)
        onnx_export.quantize(plain, path)
    return path


def rows_of(name: str, tokenizer, title: str, body: str):
    """The windows that a node reads for an article."""
    if name == "topic":
        yield from topic.windows(tokenizer, title, body)
        return
    longest, stride = (summary.MAX_TOKENS, summary.STRIDE) if name == "summary" else (entities.MAX_TOKENS, entities.STRIDE)
    for text in (body,) if name == "summary" else (title, body):
        pieces, start, room = tokenizer.encode(text), 0, longest - 2
        while len(pieces):
            part = slice(start, start + room)
            types = pieces.casing if name == "entities" else np.zeros_like(pieces.casing)
            yield (np.concatenate([[tokenizer.cls], pieces.ids[part], [tokenizer.sep]]), np.concatenate([[0], types[part], [0]]))
            if start + room >= len(pieces):
                break
            start += room - stride


def measure(data: Path, encoder: Path, models: Path, work: Path, articles: int = 60, rounds: int = 3) -> dict:
    lines = (data / "articles/open_articles.jsonl").read_text(encoding="utf-8").splitlines()
    full = [json.loads(line) for line in lines[:: max(1, len(lines) // articles)]]
    texts = {
        "full articles": [(row["title"], row["text"]) for row in full],
        "AG News rows": [row[:2] for row in topic.read_rows(data / "topic/ag_news_test.jsonl")[::30]],
    }
    graphs = {"reference": (reference_graph(encoder, work), PieceTokenizer.read(encoder))}
    for name in ("topic", "entities", "summary"):
        graphs[name] = (models / name / "model.onnx", PieceTokenizer.read(models / name))
    runs = {name: (onnx_export.runner(path, 1), tokenizer) for name, (path, tokenizer) in graphs.items()}
    result = {}
    for kind, pairs in texts.items():
        rows = {name: [list(rows_of(name, tokenizer, *pair)) for pair in pairs] for name, (_, tokenizer) in runs.items()}
        best = {name: np.full(len(pairs), np.inf) for name in runs}
        for _ in range(rounds):
            for number in range(len(pairs)):
                for name, (run, _) in runs.items():
                    begun = time.thread_time()
                    for ids, types in rows[name][number]:
                        run(ids, types)
                    best[name][number] = min(best[name][number], time.thread_time() - begun)
        spent = {name: float(values.sum()) for name, values in best.items()}
        result[kind] = {name: dict(articles_per_cpu_second=round(len(pairs) / value, 1), passes=round(value / spent["reference"], 3))
                        for name, value in spent.items()}
        result[kind]["three models"] = dict(passes=round(sum(spent[n] for n in spent if n != "reference") / spent["reference"], 3))
    return result
