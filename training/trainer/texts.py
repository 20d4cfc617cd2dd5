"""The texts whose words decide which pieces a smaller vocabulary keeps: all that models are trained on."""

import json
from pathlib import Path

from .ner_data import training_sources


def rows_of(path: Path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def vocabulary_texts(data: Path, sources=("conllpp", "ewt")) -> list[str]:
    """sources: the names of the entity sources among them (`ner_data.training_sources`)."""
    texts = [row["text"] for row in rows_of(data / "topic/ag_news_train.jsonl")]
    texts += [row["text"] for row in rows_of(data / "articles/open_articles.jsonl")]
    for source in training_sources(data):
        if source.name not in sources:
            continue
        texts += [" ".join(sentence.words) for document in source.documents for sentence in document]
    return texts
