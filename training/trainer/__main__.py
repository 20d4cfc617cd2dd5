"""The command: train, export, check, quantize, evaluate and write the model folders."""

import argparse
import json
import sys
from pathlib import Path

import torch

from . import cost, entities, holdout, onnx_run, publish, summary, topic, tradeoff
from .console import Interrupted, say, stop_flag
from .texts import vocabulary_texts

HERE = Path(__file__).resolve().parent.parent
TASKS = {"topic": topic, "entities": entities, "summary": summary}
TRADE_OFF = """# Quality against speed
Written by `training/run cost`. Quality as in the picture (of the set as a whole there is none); articles/s of one thread; a \
pass is what the plain int8 encoder of six layers takes over the same articles. The popular choices are graphs of their \
shapes with random weights. Articles/s depend on the machine and on what else it did: compare them with one another only.

![Quality against speed](tradeoff.svg)

{table}
"""
HELD_OUT = """# Each source of entities held out in turn
Written by `training/run holdout`: a model of three layers with feed-forwards of {width}, {steps} steps each time; F1 of exact \
spans, fp32, sentence by sentence. What counts is what a source's own test set loses when training never saw the source, and \
what the others lose. Sources label differently: part of a loss is the guideline that was not seen, not the kind of text.

{table}
"""
ENCODER = "sentence-transformers/all-MiniLM-L6-v2"


def arguments():
    parser = argparse.ArgumentParser(prog="training/run", description="Train and publish the default models.")
    parser.add_argument("task", choices=[*TASKS, "all", "cost", "holdout"],
                        help="cost: measure what the models cost; holdout: train entities without each source in turn")
    parser.add_argument("--data", type=Path, required=True, help="folder with topic/, ner/, summary/ and articles/")
    parser.add_argument("--encoder", type=Path, help=f"folder of {ENCODER}; fetched if not given")
    parser.add_argument("--wheels", type=Path, help="folder of Python wheels, for installing without a network")
    parser.add_argument("--work", type=Path, default=HERE / "work", help="checkpoints and intermediate files")
    parser.add_argument("--models", type=Path, default=HERE.parent / "models", help="where the model folders go")
    parser.add_argument("--set", choices=("default", "fast"), default="default", help="the models to make (default: default)")
    parser.add_argument("--from", dest="start", type=Path, help="published models whose weights are taken over; --steps trains them on")
    parser.add_argument("--steps", type=int, help="train for this many steps instead of the default, to try things out")
    parser.add_argument("--threads", type=int, default=1, help="threads for training (default 1)")
    return parser.parse_args()


def find_encoder(given: Path | None, work: Path) -> Path:
    if given:
        return given
    from huggingface_hub import snapshot_download

    files = ["config.json", "vocab.txt", "model.safetensors"]
    return Path(snapshot_download(ENCODER, allow_patterns=files, local_dir=work / "encoder"))


def make(task: str, options, encoder: Path):
    """Trains a model and writes its folder; beside it, in the work folder, the same in fp32 and in fp16."""
    module, fast = TASKS[task], options.set == "fast"
    name, root = (f"fast_{task}", Path("fast")) if fast else (task, Path())
    start = options.start / task if options.start else None
    model, tokenizer, config = (module.make_fast if fast else module.make)(options.data, encoder, options.work, options.steps, start)
    graphs = publish.build(name, task, model, tokenizer, options.work, vocabulary_texts(options.data))
    settings = {}
    if task == "topic":
        settings = dict(reading=topic.FAST_READING if fast else topic.READING)
    if task == "summary":
        settings = dict(selection=summary.choose_constants(options.data, tokenizer, onnx_run.runner(graphs["int8"], 1)))
    for precision, base in (("fp32", options.work / "fp32"), ("fp16", options.work / "fp16"), ("int8", options.models)):
        publish.write_folder(task, base / root / task, graphs[precision], config, tokenizer, **settings)
    say(f"{name}: written to {options.models / root / task}; measure it with training/evaluate {task}")


def measure_cost(options, encoder: Path):
    """Prints the figures and writes table and picture beside the README."""
    figures = cost.measure(options.data, encoder, options.models, options.work)
    quality = tradeoff.qualities(options.models)
    (HERE / "tradeoff.md").write_text(TRADE_OFF.format(table=tradeoff.table(figures, quality)), encoding="utf-8")
    (HERE / "tradeoff.svg").write_text(tradeoff.picture(figures, quality, "AG News rows"), encoding="utf-8")
    print(json.dumps(figures, indent=2))


def hold_out(options, encoder: Path):
    """Prints the table and writes it beside the README."""
    text = holdout.table(holdout.measure(options.data, encoder, options.work, options.steps))
    (HERE / "holdout.md").write_text(HELD_OUT.format(width=holdout.FEED_FORWARD, steps=options.steps or holdout.STEPS, table=text), encoding="utf-8")
    print(text)


def main() -> int:
    options = arguments()
    torch.set_num_threads(options.threads)
    stop_flag.install()
    options.work.mkdir(parents=True, exist_ok=True)
    try:
        if not options.data.is_dir():
            raise FileNotFoundError(f"no folder {options.data}")
        encoder = find_encoder(options.encoder, options.work)
        if options.task == "cost":
            measure_cost(options, encoder)
        elif options.task == "holdout":
            hold_out(options, encoder)
        else:
            for task in TASKS if options.task == "all" else [options.task]:
                make(task, options, encoder)
    except (Interrupted, KeyboardInterrupt) as stopped:
        say(str(stopped) or "stopped")
        return 130
    except (FileNotFoundError, RuntimeError) as error:
        say(f"error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
