"""ROUGE-1, ROUGE-2 and ROUGE-L F1 by the definition of the rouge-score package, with Porter stemming."""

import re
from collections import Counter
from functools import lru_cache

from .porter import stem

WORDS = re.compile(r"[a-z0-9]+")


@lru_cache(maxsize=200_000)
def _stemmed(word: str) -> str:
    return stem(word) if len(word) > 3 else word


def words_of(text: str) -> list[str]:
    return [_stemmed(word) for word in WORDS.findall(text.lower())]


def _f1(hits, found, wanted):
    if hits == 0:
        return 0.0
    precision, recall = hits / found, hits / wanted
    return 2 * precision * recall / (precision + recall)


def rouge_n(found: list[str], wanted: list[str], n: int) -> float:
    left = Counter(zip(*(found[i:] for i in range(n))))
    right = Counter(zip(*(wanted[i:] for i in range(n))))
    return _f1(sum((left & right).values()), sum(left.values()), sum(right.values()))


def rouge_l(found: list[str], wanted: list[str]) -> float:
    row = [0] * (len(wanted) + 1)
    for word in found:
        diagonal = 0
        for column, other in enumerate(wanted, 1):
            above = row[column]
            row[column] = diagonal + 1 if word == other else max(above, row[column - 1])
            diagonal = above
    return _f1(row[-1], len(found), len(wanted))


def rouge(found: str, wanted: str) -> dict[str, float]:
    left, right = words_of(found), words_of(wanted)
    return dict(rouge1=rouge_n(left, right, 1), rouge2=rouge_n(left, right, 2), rougeL=rouge_l(left, right))
