"""Quality against speed: a table and a picture, out of what training/evaluate and `cost` measured."""

import json
import math
from pathlib import Path

from .cost import TASKS

QUALITY = {
    "topic": ("ag_news_test", "accuracy", "accuracy on the AG News test, %"),
    "entities": ("conllpp_dev", "f1", "F1 on CoNLL++ dev, %"),
    "summary": ("bbc_held_out", "rouge2", "ROUGE-2 on BBC news, %"),
}
POPULAR = {"topic": "DistilBERT, topic", "entities": "BERT-base, entities"}
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 300, 260, 52, 46, 34
COLOURS = {"default": "#1f6fb4", "fast": "#d1661c"}


def qualities(models: Path) -> dict[tuple[str, str], float]:
    """By (set, task), what evaluation.json says, in percent."""
    found = {}
    for set_name, root in (("default", models), ("fast", models / "fast")):
        for task, (data, metric, _) in QUALITY.items():
            path = root / task / "evaluation.json"
            if path.exists():
                found[set_name, task] = 100 * json.loads(path.read_text(encoding="utf-8"))[data]["int8"][metric]
    return found


def table(cost: dict, quality: dict) -> str:
    kinds = list(cost)
    lines = ["| | quality | " + " | ".join(f"{kind}: articles/s | passes" for kind in kinds) + " |",
             "|---|---:|" + "---:|" * (2 * len(kinds))]
    for name in cost[kinds[0]]:
        set_name, _, task = name.partition(" ")
        value = quality.get((set_name, task))
        shown = f"{value:.1f}" if value is not None else ""
        cells = [f"{cost[kind][name]['articles_per_second']:,} | {cost[kind][name]['passes']:.2f}" for kind in kinds]
        lines.append(f"| {name} | {shown} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def picture(cost: dict, quality: dict, kind: str) -> str:
    """An SVG with a panel for each task; the popular choices, whose weights are random here, stand as lines at their speed."""
    panels = [_panel(number, task, cost[kind], quality) for number, task in enumerate(TASKS)]
    width = WIDTH * len(TASKS) + 8  # the last label of an axis reaches over its end
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" font-family="sans-serif" font-size="11">\n'
            f'<rect width="{width}" height="{HEIGHT}" fill="white"/>\n' + "\n".join(panels) + "\n</svg>\n")


def _panel(number: int, task: str, speeds: dict, quality: dict) -> str:
    points = {s: (speeds[f"{s} {task}"]["articles_per_second"], quality[s, task])
              for s in COLOURS if f"{s} {task}" in speeds and (s, task) in quality}
    lines = {p: speeds[f"{POPULAR[task]} {p}"]["articles_per_second"] for p in ("fp32", "int8")} if task in POPULAR else {}
    low = math.floor(math.log10(min([*lines.values(), *(x for x, _ in points.values())]) / 1.3) * 4) / 4
    high = 0.5 + math.ceil(math.log10(max([*lines.values(), *(x for x, _ in points.values())]) * 1.3) * 4) / 4
    bottom = math.floor(min(y for _, y in points.values()) - 1)
    top = math.ceil(max(y for _, y in points.values()) + 1)
    left, right = number * WIDTH + LEFT, (number + 1) * WIDTH - 14
    place_x = lambda x: left + (right - left) * (math.log10(x) - low) / (high - low)  # noqa: E731
    place_y = lambda y: HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (y - bottom) / (top - bottom)  # noqa: E731
    parts = [f'<text x="{left}" y="18" font-size="13" font-weight="bold">{task}</text>',
             f'<text x="{(left + right) / 2}" y="{HEIGHT - 8}" text-anchor="middle">articles/s, one thread (logarithmic)</text>',
             f'<text transform="translate({left - 36},{(HEIGHT - BOTTOM + TOP) / 2}) rotate(-90)" text-anchor="middle">{QUALITY[task][2]}</text>']
    step = max(1, round((top - bottom) / 5))
    for value in range(bottom, top + 1, step):
        y = place_y(value)
        parts.append(f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{value}</text>')
    for power in range(-1, 5):
        for factor in (1, 2, 5) if high - low < 2.5 else (1,):
            x = factor * 10.0**power
            if low <= math.log10(x) <= high:
                parts.append(f'<line x1="{place_x(x):.1f}" x2="{place_x(x):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#eeeeee"/>')
                parts.append(f'<text x="{place_x(x):.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">{x:g}</text>')
    for row, (precision, speed) in enumerate(lines.items()):
        x = place_x(speed)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#888888" stroke-dasharray="4 3"/>')
        parts.append(f'<text x="{x + 4:.1f}" y="{TOP + 12 + 13 * row}" fill="#555555">{POPULAR[task].split(",")[0]} {precision}</text>')
    names = {}
    for name, point in points.items():
        names.setdefault(point, []).append(name)
    for (x, y), sets in names.items():
        name, label = sets[0], " and ".join(sets)
        parts.append(f'<circle cx="{place_x(x):.1f}" cy="{place_y(y):.1f}" r="5" fill="{COLOURS[name]}"/>')
        parts.append(f'<text x="{place_x(x):.1f}" y="{place_y(y) + 18:.1f}" text-anchor="middle" fill="{COLOURS[name]}">{label}</text>')
    return "\n".join(parts)
