"""The command: train, export, check, quantize, evaluate and write the model folders."""

import argparse
import json
import sys
from pathlib import Path

import torch

from . import card, cost, entities, evaluation, publish, summary, topic
from .console import Interrupted, say, stop_flag

HERE = Path(__file__).resolve().parent.parent
TRAINERS = {"topic": topic.train_topic, "entities": entities.train_entities, "summary": summary.train_summary}
ENCODER = "sentence-transformers/all-MiniLM-L6-v2"


def arguments():
    parser = argparse.ArgumentParser(prog="training/run", description="Train and publish the default models.")
    parser.add_argument("task", choices=[*TRAINERS, "all", "cost"], help="cost: measure what the published models cost")
    parser.add_argument("--data", type=Path, required=True, help="folder with topic/, ner/, summary/ and articles/")
    parser.add_argument("--encoder", type=Path, help=f"folder of {ENCODER}; fetched if not given")
    parser.add_argument("--wheels", type=Path, help="folder of Python wheels, for installing without a network")
    parser.add_argument("--work", type=Path, default=HERE / "work", help="checkpoints and intermediate files")
    parser.add_argument("--models", type=Path, default=HERE.parent / "models", help="where the model folders go")
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
    extra = dict(steps=options.steps) if options.steps else {}
    model, tokenizer = TRAINERS[task](options.data, encoder, options.work, **extra)
    graphs = publish.build(task, model, tokenizer, options.work)
    results = evaluation.evaluate(task, options.data, tokenizer, graphs, options.work / f"{task}.evaluation.json")
    target, config = options.models / task, model.encoder.config
    quality = evaluation.headline(task, results)
    publish.write_folder(task, target, graphs["int8"], config, tokenizer, quality, **results["settings"])
    manifest = json.loads((target / "model.json").read_text(encoding="utf-8"))
    card.write_card(target, task, manifest, results, config)
    say(f"{task}: written to {target}")
    print(json.dumps(dict(task=task, **quality)))


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
            print(json.dumps(cost.measure(options.data, encoder, options.models, options.work), indent=2))
        else:
            for task in TRAINERS if options.task == "all" else [options.task]:
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
