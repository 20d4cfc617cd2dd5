"""Sentences as people marked them, for tests/processors/Sentences/SplitterAccuracyTests.

Usage: python3 training/splitter_goldens.py --data DIR OUT; then STREAMSCORING_SPLITTER_GOLDENS=OUT ./test

A sentence a line, spaced as in print; an empty line where a text ends. Headlines, list items and the like, which no mark
ends, stand alone: in print a line of their own tells where they end.
"""

import argparse
from pathlib import Path

from trainer import ner_data

FILES = {
    "conllpp": ("conllpp_train.txt", 0, 3),
    "ewt": ("uner_ewt_train.conll", 0, 1),
    "ewt_dev": ("uner_ewt_dev.iob2", 1, 2),
}
LONGEST_RUN = 40


def runs(documents):
    for document in documents:
        run = []
        for sentence in document:
            text = ner_data.join_words(sentence, True, None).text
            run.append(text)
            if not text.rstrip("\"'”’)]").endswith((".", "!", "?")) or len(run) == LONGEST_RUN:
                yield run
                run = []
        yield run


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, (file, words, labels) in FILES.items():
        documents = ner_data.read_documents(options.data / "ner" / file, words, labels)
        texts = ["\n".join(run) for run in runs(documents) if len(run) > 1]
        (options.out / f"{name}.txt").write_text("\n\n".join(texts) + "\n", encoding="utf-8")
        print(f"{name}: {sum(text.count(chr(10)) for text in texts)} boundaries")


if __name__ == "__main__":
    main()
