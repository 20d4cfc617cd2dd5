"""How well names are found in texts of a kind that training never saw: each source of entities held out in turn.

A smaller model and fewer steps than the published ones, so that it takes half an hour of a core and not a day: what counts is
the difference between the model that saw the source and the one that did not.
"""

from pathlib import Path

import torch

from . import entities, ner_data
from .casing import CLASSES
from .console import say
from .encoder import load_encoder
from .pieces import PieceTokenizer
from .slim import narrow

LAYERS, FEED_FORWARD = (0, 2, 4), 768
STEPS, LEARNING_RATE = 600, 3e-4
TESTS = {"conllpp": "conllpp_dev", "ewt": "uner_ewt_test", "wnut17": "wnut17_dev", "sec": "sec_test", "btc": "btc_held_out"}


def measure(data: Path, encoder: Path, work: Path, steps: int | None) -> dict[str | None, dict[str, float]]:
    """{source held out, or None: {test set: F1 of exact spans, fp32, sentence by sentence}}"""
    results, tokenizer = {}, PieceTokenizer.read(encoder)
    tests = [test for test in ner_data.test_sets(data) if test.name in TESTS.values()]
    for source in (None, *TESTS):
        torch.manual_seed(1)
        backbone = narrow(load_encoder(encoder, LAYERS, CLASSES), FEED_FORWARD)
        model = entities.TokenClassifier(backbone, len(entities.LABELS))
        name = f"entities_without_{source}" if source else "entities_with_all"
        entities.train_entities(model, tokenizer, data, work, steps or STEPS, LEARNING_RATE, name, without=source)
        model.eval()
        results[source] = {test.name: entities.f1_of(entities.read_sentences(model, tokenizer, test), test.types) for test in tests}
        say(f"{name}: " + ", ".join(f"{test} {value:.3f}" for test, value in results[source].items()))
    return results


def table(results: dict[str | None, dict[str, float]]) -> str:
    everything = results[None]
    lines = ["| source | test set | trained on all | on all but this one | lost, points | lost on the other sets, mean |", "|---|---|---:|---:|---:|---:|"]
    for source, test in TESTS.items():
        lost = {name: 100 * (everything[name] - value) for name, value in results[source].items()}
        others = [value for name, value in lost.items() if name != test]
        lines.append(f"| {source} | {test} | {everything[test]:.3f} | {results[source][test]:.3f} | {lost[test]:.1f} | {sum(others) / len(others):.1f} |")
    return "\n".join(lines) + "\n"
