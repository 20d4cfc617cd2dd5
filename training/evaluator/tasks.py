"""The data sets of each task, and what is measured on them.

A set is (name, articles, main): main ones are measured in fp32 too.
"""

import hashlib
import json
from pathlib import Path

from trainer import ner_data
from trainer.rouge import rouge
from trainer.sentences import split_sentences

from . import metrics
from .node import Article, utf16

BBC_TOPICS = {"business": "Business", "sport": "Sports", "tech": "Sci/Tech"}


def rows_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class Topic:
    node = "topic"
    columns = ("accuracy", "macro_f1", "calibration_error")

    @staticmethod
    def sets(data: Path):
        rows = rows_of(data / "topic/ag_news_test.jsonl")
        parted = [(*row["text"].partition(" . ")[::2], row["label"]) for row in rows]
        parted = [(title, body, label) if body else ("", title, label) for title, body, label in parted]
        bbc = [(row["title"], row["text"], BBC_TOPICS[row["topic"]]) for row in rows_of(data / "summary/bbc_train.jsonl")
               if row["topic"] in BBC_TOPICS]
        yield "ag_news_test", [Article(*row) for row in parted], True
        yield "ag_news_test/as one text", [Article("", row["text"], row["label"]) for row in rows], False
        yield "ag_news_test/headline", [Article(title, "", label) for title, _, label in parted if title], False
        yield "ag_news_test/body", [Article("", body, label) for title, body, label in parted if title], False
        yield "bbc_articles", [Article(*row) for row in bbc], True
        yield "bbc_articles/headline", [Article(title, "", label) for title, _, label in bbc], False

    @staticmethod
    def measure(articles, answers) -> dict:
        rows = [(article.gold, answer["topic"]["label"], answer["topic"]["score"]) for article, answer in zip(articles, answers)]
        return dict(accuracy=metrics.accuracy(rows), accuracy_interval=metrics.interval(rows, metrics.accuracy),
                    macro_f1=metrics.macro_f1(rows), calibration_error=metrics.calibration_error(rows))


class Entities:
    node = "entities"
    columns = ("f1", "precision", "recall")

    @staticmethod
    def sets(data: Path):
        for test in ner_data.test_sets(data):
            big = test.name in ("conllpp_dev", "uner_ewt_test", "wnut17_dev")
            forms = ["sentences", *(("lower", "upper") if big else ()), *(("articles",) if test.name == "conllpp_dev" else ())]
            for form in forms:
                name = test.name if form == "sentences" else f"{test.name}/{form}"
                yield name, [Entities.article(text, test) for text in Entities.texts(test, form)], form == "sentences" and big

    @staticmethod
    def texts(test, form: str):
        """sentences: words joined by spaces; articles: whole documents, spaced as in print; lower, upper: sentences."""
        groups = test.documents if form == "articles" else [[sentence] for document in test.documents for sentence in document]
        for group in groups:
            parts = [ner_data.join_words(sentence, form == "articles", None) for sentence in group]
            text = ner_data.concatenate(parts, ["\n"] * (len(parts) - 1))
            yield ner_data.change_case(text, form) if form in ("lower", "upper") else text

    @staticmethod
    def article(text, test):
        return Article("", text.text, (utf16(text.text, [span for span in text.spans if span[2] in test.types]), test.types))

    @staticmethod
    def measure(articles, answers) -> dict:
        counts = []
        for article, answer in zip(articles, answers):
            gold, types = article.gold
            found = {(e["start"], e["end"], e["type"]) for e in answer.get("entities") or () if e["type"] in types}
            counts.append(metrics.span_counts(gold, found))
        hits, gold, found = map(sum, zip(*counts))
        return dict(f1=metrics.span_f1(counts), f1_interval=metrics.interval(counts, metrics.span_f1),
                    precision=hits / max(1, found), recall=hits / max(1, gold), names=gold)


class Summary:
    node = "summary"
    columns = ("rouge1", "rouge2", "rougeL", "to_lead3")

    @staticmethod
    def sets(data: Path):
        rows = [row for row in rows_of(data / "summary/bbc_train.jsonl")
                if int(hashlib.sha1(row["text"].encode()).hexdigest(), 16) % 10 == 3]
        yield "bbc_held_out", [Article(row["title"], row["text"], row["summary"]) for row in rows], True

    @staticmethod
    def measure(articles, answers) -> dict:
        found = [rouge(answer["summary"]["text"], article.gold) for article, answer in zip(articles, answers)]
        lead = [rouge(Summary.lead(article.body), article.gold) for article in articles]
        pairs = [(one["rouge2"], other["rouge2"]) for one, other in zip(found, lead)]
        ratio = lambda rows: sum(one for one, _ in rows) / sum(other for _, other in rows)  # noqa: E731
        result = {name: metrics.mean([row[name] for row in found]) for name in ("rouge1", "rouge2", "rougeL")}
        return dict(result, rouge2_interval=metrics.interval([row["rouge2"] for row in found], metrics.mean),
                    to_lead3=ratio(pairs), to_lead3_interval=metrics.interval(pairs, ratio),
                    lead3={name: metrics.mean([row[name] for row in lead]) for name in ("rouge1", "rouge2", "rougeL")})

    @staticmethod
    def lead(text: str) -> str:
        return " ".join(text[start:end] for start, end in split_sentences(text)[:3])


TASKS = {"topic": Topic, "entities": Entities, "summary": Summary}
