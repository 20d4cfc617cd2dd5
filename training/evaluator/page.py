"""A page to read by eye: bundled articles with their topic, names and summary as the nodes give them.

Usage: PYTHONPATH=training python3 -m evaluator.page OUT.html [--articles FILE] [--count N] [--models DIR]
"""

import argparse
import html
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
STYLE = """body{font:15px/1.5 sans-serif;max-width:52em;margin:2em auto;padding:0 1em}h2{margin-top:2em}
.b{white-space:pre-line;color:#333;max-height:24em;overflow:auto;border-left:3px solid #ddd;padding-left:1em}
.s{background:#fff3c4}i{font-style:normal;border-radius:3px;padding:0 2px}i::after{content:attr(t);font-size:9px;vertical-align:super}
.PER{background:#cfe8ff}.ORG{background:#d8f5d0}.LOC{background:#ffd9d0}.MISC{background:#e8d9ff}.k{color:#666;font-size:13px}"""


def marked(text: str, article: dict, field: str) -> str:
    """The text as HTML, names in their colours, chosen sentences on yellow; offsets count UTF-16 code units."""
    units = text.encode("utf-16-le", "surrogatepass")
    marks = []
    for sentence in (article.get("summary") or {}).get("sentences", []):
        if sentence["field"] == field:
            marks += [(sentence["start"], 0, '<span class="s">'), (sentence["end"], 0, "</span>")]
    for entity in article.get("entities") or []:
        if entity["field"] == field:
            marks += [(entity["start"], 1, f'<i class="{entity["type"]}" t="{entity["type"]}">'), (entity["end"], -1, "</i>")]
    result, last = [], 0
    for place, _, mark in sorted(marks, key=lambda mark: mark[:2]):
        result += [html.escape(units[2 * last : 2 * place].decode("utf-16-le", "replace")), mark]
        last = place
    return "".join(result) + html.escape(units[2 * last :].decode("utf-16-le", "replace"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--articles", type=Path, default=ROOT / "samples/articles.jsonl")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    options = parser.parse_args()
    lines = options.articles.read_text(encoding="utf-8").splitlines()
    lines = lines[:: max(1, len(lines) // options.count)][: options.count]
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        scored = subprocess.run([ROOT / "run", "score", file.name, "--models", options.models], stdout=subprocess.PIPE, check=True).stdout
    parts = [f"<!doctype html><meta charset=utf-8><title>Scored articles</title><style>{STYLE}</style>"]
    for article in map(json.loads, scored.splitlines()):
        topic = article.get("topic") or {"label": "none", "score": 0}
        parts.append(f"<h2>{marked(article['title'], article, 'title')}</h2><p class=k>{topic['label']} {topic['score']:.2f}</p>"
                     f"<p>{html.escape((article.get('summary') or {}).get('text', ''))}</p><div class=b>{marked(article['body'], article, 'body')}</div>")
    options.out.write_text("\n".join(parts) + "\n", encoding="utf-8")
    print(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
