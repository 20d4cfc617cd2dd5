"""Metrics and their 95 % bootstrap intervals (over articles)."""

import random

ROUNDS, SEED = 300, 1


def interval(rows: list, metric) -> list[float]:
    """rows: what each article adds; metric: a list of them -> a number."""
    generator = random.Random(SEED)
    values = sorted(metric(generator.choices(rows, k=len(rows))) for _ in range(ROUNDS))
    return [values[int(ROUNDS * 0.025)], values[int(ROUNDS * 0.975)]]


def span_counts(gold: set, found: set) -> tuple[int, int, int]:
    return len(gold & found), len(gold), len(found)


def span_f1(counts) -> float:
    """Exact spans with the right type, over all articles together (seqeval's strict mode)."""
    hits, gold, found = map(sum, zip(*counts))
    return 2 * hits / max(1, gold + found)


def accuracy(rows) -> float:
    """rows: (label, found, confidence)."""
    return sum(label == found for label, found, _ in rows) / len(rows)


def macro_f1(rows) -> float:
    labels = sorted({label for label, _, _ in rows})
    values = []
    for wanted in labels:
        hits = sum(label == found == wanted for label, found, _ in rows)
        both = sum((label == wanted) + (found == wanted) for label, found, _ in rows)
        values.append(2 * hits / max(1, both))
    return sum(values) / len(values)


def calibration_error(rows, bins: int = 15) -> float:
    """Expected calibration error: the mean distance of confidence and accuracy over bins of equal width (Guo et al. 2017)."""
    groups: dict[int, list] = {}
    for label, found, confidence in rows:
        groups.setdefault(min(bins - 1, int(confidence * bins)), []).append((label == found, confidence))
    return sum(abs(sum(right - confidence for right, confidence in group)) for group in groups.values()) / len(rows)


def mean(values) -> float:
    return sum(values) / len(values)
