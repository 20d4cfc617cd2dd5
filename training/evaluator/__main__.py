"""The command: articles of the data sets into `./run score`, its answers out, figures of them."""

import argparse
import json
import sys
from pathlib import Path

from . import card, node
from .tasks import TASKS

HERE = Path(__file__).resolve().parent.parent


def arguments():
    parser = argparse.ArgumentParser(prog="training/evaluate", description="Measure models through the program's own nodes.")
    parser.add_argument("task", choices=[*TASKS, "all"])
    parser.add_argument("--data", type=Path, required=True, help="folder with topic/, ner/ and summary/")
    parser.add_argument("--models", type=Path, default=HERE.parent / "models", help="root of the models (default: models)")
    parser.add_argument("--fp32", type=Path, help="root of the same models in fp32, as training/run leaves them in its work folder")
    parser.add_argument("--program", type=Path, default=HERE.parent / "run", help="default: ./run")
    parser.add_argument("--only", help="only the sets whose name begins so")
    parser.add_argument("--write", action="store_true", help="write evaluation.json, the card and model.json's figures into the models' folders")
    return parser.parse_args()


def evaluate(task, options) -> dict:
    result = {}
    for name, articles, main in task.sets(options.data):
        if options.only and not name.startswith(options.only):
            continue
        figures = dict(articles=len(articles))
        for variant, root in (("int8", options.models), ("fp32", options.fp32 if main else None)):
            if root is None:
                continue
            print(f"{name}: {variant}, {len(articles)} articles ...", file=sys.stderr, flush=True)
            answers, seconds = node.score(options.program, root, task.node, articles)
            figures[variant] = dict(task.measure(articles, answers), words_per_second=round(node.words_of(articles) / seconds))
        result[name] = figures
    return result


def main() -> int:
    options = arguments()
    try:
        for name in TASKS if options.task == "all" else [options.task]:
            result = evaluate(TASKS[name], options)
            print(card.table(name, result))
            if options.write:
                card.write(name, options.models / name, result)
            else:
                print(json.dumps({name: result}))
    except (node.NodeError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
