"""The model card, made from the evaluation's figures."""

from pathlib import Path

TITLES = {"topic": "Topic of a news article", "entities": "Names in news text", "summary": "Extractive summary"}
NOTES = Path(__file__).parent.parent / "notes"


def percent(value):
    return f"{100 * value:.1f}"


def span(pair):
    return f"{100 * pair[0]:.1f} to {100 * pair[1]:.1f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def topic_table(result):
    rows = [
        (name, value["rows"], percent(value["accuracy"]), span(value["interval"]), percent(value["macro_f1"]),
         f"{value['calibration_error']:.3f}", percent(result["fp32"][name]["accuracy"]) if name in result["fp32"] else "")
        for name, value in result["int8"].items()
    ]
    return table(("data", "rows", "accuracy", "95 % interval", "macro F1", "calibration error", "accuracy in fp32"), rows)


def entities_table(result):
    rows = []
    for name, value in result["int8"].items():
        plain = result["fp32"].get(name)
        rows.append((name, value["spans"], percent(value["precision"]), percent(value["recall"]), percent(value["f1"]),
                     span(value["interval"]), percent(plain["f1"]) if plain else ""))
    return table(("data / form", "names", "precision", "recall", "F1", "95 % interval", "F1 in fp32"), rows)


def summary_table(result):
    rows = []
    for variant in ("int8", "fp32"):
        value = result[variant]["bbc_held_out"]
        rows.append((variant, *(percent(value[name]) for name in ("rouge1", "rouge2", "rougeL")),
                     f"{value['ratio_to_lead3']:.3f}", " to ".join(f"{bound:.2f}" for bound in value["ratio_interval"])))
    lead = result["int8"]["bbc_held_out"]["lead3"]
    rows.append(("the first three sentences", *(percent(lead[name]) for name in ("rouge1", "rouge2", "rougeL")), "1", ""))
    return table(("", "ROUGE-1", "ROUGE-2", "ROUGE-L", "ROUGE-2 to lead-3", "95 % interval"), rows)


TABLES = {"topic": topic_table, "entities": entities_table, "summary": summary_table}


def write_card(folder: Path, task: str, manifest: dict, result: dict, config):
    notes = (NOTES / f"{task}.md").read_text(encoding="utf-8").strip()
    size = (folder / "model.onnx").stat().st_size / 1e6
    data = "\n".join(f"- {entry['name']}: {entry['license']}" for entry in manifest["data"])
    labels = ", ".join(manifest["labels"]) or "none"
    text = f"""# {TITLES[task]}

{manifest['description']} Version {manifest['version']}, licence {manifest['license']}. Written by `training/run {task}`.

- Graph: BERT, {config.num_hidden_layers} layers, hidden size {config.hidden_size}, feed-forward {config.intermediate_size}, \
{config.vocab_size} word pieces; int8 weights (one scale per channel, activations quantized as they come), {size:.1f} MB.
- Input: windows of at most {manifest['max_tokens']} tokens that overlap by {manifest['stride']}; token types: {manifest['token_types']}.
- Labels: {labels}.

## Measured
Percentages; int8 unless it says fp32; every row read by itself, without padding, by ONNX Runtime on a CPU from Python.

{TABLES[task](result)}

{notes}

## Made from
{data}

No training text is in the repository. The licences above are those of the texts; mind them if you train anew.
"""
    (folder / "README.md").write_text(text, encoding="utf-8")
