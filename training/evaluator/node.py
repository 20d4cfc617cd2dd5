"""Runs the program's own node over articles: what is measured is what a user gets."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Article:
    title: str
    body: str
    gold: object  # what the answer is compared with


class NodeError(Exception):
    pass


def score(program: Path, models: Path, node: str, articles: list[Article]) -> tuple[list[dict], float]:
    """The enriched articles, in order, and the seconds that the node took for them (of one thread each, added up)."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "articles.jsonl"
        with source.open("w", encoding="utf-8") as file:
            for number, article in enumerate(articles):
                file.write(json.dumps(dict(id=str(number), title=article.title, body=article.body)) + "\n")
        command = [str(program), "score", str(source), "--nodes", node, "--models", str(models)]
        finished = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if finished.returncode != 0:
        raise NodeError(f"{' '.join(command)} ended with {finished.returncode}:\n{finished.stderr.decode(errors='replace')[-2000:]}")
    answers = [json.loads(line) for line in finished.stdout.splitlines()]
    if [answer["id"] for answer in answers] != [str(number) for number in range(len(articles))]:
        raise NodeError(f"{len(articles)} articles went in, and other ones came out")
    seconds = sum(step["duration_us"] for answer in answers for step in answer["provenance"]) / 1e6
    return answers, seconds


def words_of(articles: list[Article]) -> int:
    return sum(len(article.title.split()) + len(article.body.split()) for article in articles)


def utf16(text: str, spans):
    """(start, end, type) spans in code points, counted in UTF-16 code units instead, as the node counts."""
    if text.isascii() or max(text, default="") <= "\uffff":
        return set(spans)
    places = [0]
    for character in text:
        places.append(places[-1] + (2 if character > "\uffff" else 1))
    return {(places[start], places[end], kind) for start, end, kind in spans}
