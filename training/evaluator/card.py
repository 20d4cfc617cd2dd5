"""Tables of figures, and the model card that is made of them."""

import json
from pathlib import Path

from .tasks import TASKS

TITLES = {"topic": "Topic of a news article", "entities": "Names in news text", "summary": "Extractive summary"}
HEADS = {
    "accuracy": "accuracy", "macro_f1": "macro F1", "calibration_error": "calibration error", "f1": "F1",
    "precision": "precision", "recall": "recall", "rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeL": "ROUGE-L",
    "to_lead3": "ROUGE-2 to lead-3",
}  # fmt: skip
PLAIN = {"calibration_error": 3, "to_lead3": 3}  # everything else is a percentage
NOTES = Path(__file__).resolve().parent.parent / "notes"


def number(metric: str, value: float) -> str:
    return f"{value:.{PLAIN[metric]}f}" if metric in PLAIN else f"{100 * value:.1f}"


def table(task: str, result: dict) -> str:
    """A row for each data set; the figures of fp32 stand after a stroke where they were measured."""
    columns = TASKS[task].columns
    lines = ["| data | articles | " + " | ".join(HEADS[c] for c in columns) + " | 95 % interval | words/s |"]
    lines.append("|---|" + "---:|" * (len(columns) + 3))
    for name, figures in result.items():
        int8, fp32 = figures["int8"], figures.get("fp32")
        cells = [number(c, int8[c]) + (f" / {number(c, fp32[c])}" if fp32 else "") for c in columns]
        metric = next(c for c in columns if f"{c}_interval" in int8)
        low, high = (number(metric, bound) for bound in int8[f"{metric}_interval"])
        speed = f"{int8['words_per_second']:,}" + (f" / {fp32['words_per_second']:,}" if fp32 else "")
        lines.append(f"| {name} | {figures['articles']:,} | " + " | ".join(cells) + f" | {HEADS[metric]} {low} to {high} | {speed} |")
    if task == "summary":
        for name, figures in result.items():
            lead = [number(c, figures["int8"]["lead3"][c]) if c in figures["int8"]["lead3"] else "1" for c in columns]
            lines.append(f"| {name}, first three sentences | {figures['articles']:,} | " + " | ".join(lead) + " | | |")
    return "\n".join(lines)


def quality(task: str, result: dict) -> dict:
    """The figures that go into model.json: int8, of the sets as they are."""
    return {f"{name}/{column}": round(figures["int8"][column], 4)
            for name, figures in result.items() for column in TASKS[task].columns}


def write(task: str, folder: Path, result: dict):
    """evaluation.json, the card, and the figures of model.json."""
    (folder / "evaluation.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    manifest = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    manifest["quality"] = quality(task, result)
    (folder / "model.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(card(task, folder, manifest, result), encoding="utf-8")


def card(task: str, folder: Path, manifest: dict, result: dict) -> str:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    notes = (NOTES / f"{task}.md").read_text(encoding="utf-8").strip()
    size = (folder / "model.onnx").stat().st_size / 1e6
    data = "\n".join(f"- {entry['name']}: {entry['license']}" for entry in manifest["data"])
    labels = ", ".join(manifest["labels"]) or "none"
    shape = f"BERT, {config['num_hidden_layers']} layers, hidden size {config['hidden_size']}, feed-forward {config['intermediate_size']}"
    return f"""# {TITLES[task]}

{manifest['description']} Version {manifest['version']}, licence {manifest['license']}. Made by `training/run`, measured by `training/evaluate`.

- Graph: {shape}, {config['vocab_size']:,} word pieces; int8 weights (one scale per output, activations quantized as they come), {size:.1f} MB.
- Input: windows of at most {manifest['max_tokens']} tokens; token types: {manifest['token_types']}.
- Labels: {labels}.

## Measured
Through the program's own node on a CPU, int8; after a stroke the same in fp32. Percentages, but for calibration error and ratios. Words/s are of one thread, on whatever machine this was measured: compare them with one another only.

{table(task, result)}

{notes}

## Made from
{data}

No training text is in the repository. The licences above are those of the texts; mind them if you train anew.
"""
