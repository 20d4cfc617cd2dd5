"""Evaluates the graphs of a task, fp32 and int8, on the data sets kept out of training."""

import hashlib
import json
from pathlib import Path

from . import entities, onnx_export, summary, topic
from .console import say

MAIN_ENTITY_SETS = ("conllpp_dev", "uner_ewt_test", "wnut17_dev")


def evaluate(task: str, data: Path, tokenizer, graphs: dict, cache: Path) -> dict:
    """{"fp32": ..., "int8": ..., "settings": ...}; what was measured before on the same graphs is read from the cache."""
    stamp = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in graphs.items()}
    if cache.exists():
        known = json.loads(cache.read_text())
        if known.get("stamp") == stamp:
            return known
    say(f"{task}: evaluating fp32 and int8 ...")
    runs = {name: onnx_export.runner(path, 1) for name, path in graphs.items()}
    result = dict(stamp=stamp, settings={})
    if task == "topic":
        temperature = topic.fit_temperature(data, tokenizer, runs["int8"])
        result["settings"] = dict(temperature=round(temperature, 2))
        for name, run in runs.items():
            result[name] = topic.evaluate_topic(data, tokenizer, run, temperature, quick=name == "fp32")
    elif task == "entities":
        result["int8"] = {
            **entities.evaluate_entities(data, tokenizer, runs["int8"], ("sentences",)),
            **entities.evaluate_entities(data, tokenizer, runs["int8"], ("lower", "upper"), MAIN_ENTITY_SETS),
            **entities.evaluate_entities(data, tokenizer, runs["int8"], ("natural", "windows"), MAIN_ENTITY_SETS[:1]),
        }
        result["fp32"] = entities.evaluate_entities(data, tokenizer, runs["fp32"], ("sentences",), MAIN_ENTITY_SETS)
    else:
        constants = summary.choose_constants(data, tokenizer, runs["fp32"])
        result["settings"] = dict(selection=constants)
        for name, run in runs.items():
            result[name] = summary.evaluate_summary(data, tokenizer, run, constants)
    cache.write_text(json.dumps(result, indent=1))
    return result


def headline(task: str, result: dict) -> dict:
    """The few figures that go into model.json; all are of the int8 graph, on rows read one at a time."""
    measured = result["int8"]
    if task == "topic":
        figures = {
            "ag_news_test_accuracy": measured["ag_news_test"]["accuracy"],
            "ag_news_test_macro_f1": measured["ag_news_test"]["macro_f1"],
            "ag_news_test_calibration_error": measured["ag_news_test"]["calibration_error"],
            "bbc_articles_accuracy": measured["bbc_articles"]["accuracy"],
        }
    elif task == "entities":
        figures = {name.replace("/sentences", "") + "_f1": value["f1"] for name, value in measured.items()
                   if name.endswith("/sentences")}
    else:
        held_out = measured["bbc_held_out"]
        figures = {f"bbc_held_out_{name}": held_out[name] for name in ("rouge1", "rouge2", "rougeL")}
        figures["bbc_held_out_rouge2_lead3"] = held_out["lead3"]["rouge2"]
        figures["bbc_held_out_ratio_to_lead3"] = held_out["ratio_to_lead3"]
    return {name: round(value, 4) for name, value in figures.items()}
