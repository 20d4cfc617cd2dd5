"""Named-entity data: reading CoNLL-style files, detokenizing, joining sentences, casing and quote noise."""

import random
import re
from dataclasses import dataclass
from pathlib import Path

TYPES = ["PER", "ORG", "LOC", "MISC"]
LABELS = ["O"] + [f"{prefix}-{kind}" for kind in TYPES for prefix in "BI"]

WNUT_TYPES = {
    "person": "PER",
    "corporation": "ORG",
    "group": "ORG",
    "location": "LOC",
    "product": "MISC",
    "creative-work": "MISC",
}


@dataclass
class Sentence:
    words: list[str]
    spans: list[tuple[int, int, str]]  # first word, word after the last, type


@dataclass
class Text:
    """A running text with its entities as (start, end, type) in code points."""

    text: str
    spans: list[tuple[int, int, str]]


def read_documents(path: Path, word_column: int, label_column: int, types=None) -> list[list[Sentence]]:
    """The sentences of a file, by document where the file marks documents, else all in one."""
    documents, words, labels = [[]], [], []

    def close_sentence():
        if words:
            documents[-1].append(Sentence(words.copy(), spans_of_labels(labels, types)))
            words.clear()
            labels.clear()

    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip():
            close_sentence()
        elif line.startswith("-DOCSTART-") or line.startswith("# newdoc"):
            close_sentence()
            documents.append([])
        elif line.startswith("# ") and "\t" not in line:
            continue
        else:
            columns = line.split("\t") if "\t" in line else line.split(" ")
            words.append(columns[word_column].strip() or ".")
            labels.append(columns[label_column].strip())
    close_sentence()
    return [document for document in documents if document]


def spans_of_labels(labels, types=None):
    """Spans of BIO labels, read as the CoNLL scorer does: I- after O or another type begins a span."""
    spans, start, kind = [], None, None
    for position, label in enumerate(labels + ["O"]):
        prefix, _, name = label.partition("-")
        if types and name:
            name = types.get(name, name)
        if start is not None and (prefix != "I" or name != kind):
            spans.append((start, position, kind))
            start = None
        if prefix == "B" or (prefix == "I" and start is None):
            start, kind = position, name
    return [span for span in spans if span[2] in TYPES]


NO_SPACE_BEFORE = re.compile(r"^(?:[.,;:?!)\]}%…]+|'(?:s|m|re|ve|ll|d|S)|n't|N'T|’(?:s|m|re|ve|ll|d)|n’t)$")
NO_SPACE_AFTER = re.compile(r"^[(\[{$£€#]$")
BRACKETS = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}", "``": '"', "''": '"'}


def join_words(sentence: Sentence, natural: bool, generator: random.Random | None) -> Text:
    """The sentence as text: words joined by single spaces, or spaced as in print."""
    double, apostrophe = ('"', '"'), "'"
    if generator and natural:
        double = generator.choices([('"', '"'), ("“", "”"), ("'", "'"), ("``", "''"), ("‘", "’")], [10, 8, 2, 1, 2])[0]
        apostrophe = generator.choices(["'", "’"], [3, 2])[0]
    parts, starts, ends, length = [], [], [], 0
    opened, glue = False, True
    for word in sentence.words:
        if natural:
            word = BRACKETS.get(word, word)
        tight = glue
        glue = False
        if natural and word == '"':
            word = double[1] if opened else double[0]
            tight, glue = (True, False) if opened else (tight, True)
            opened = not opened
        elif natural:
            tight = tight or bool(NO_SPACE_BEFORE.match(word))
            glue = bool(NO_SPACE_AFTER.match(word))
            if apostrophe != "'" and "'" in word:
                word = word.replace("'", apostrophe)
        if parts and not tight:
            space = " "
            if generator and natural and generator.random() < 0.003:
                space = generator.choice(["  ", "\n", "\t", "\u00a0"])
            parts.append(space)
            length += len(space)
        parts.append(word)
        starts.append(length)
        length += len(word)
        ends.append(length)
    return Text("".join(parts), [(starts[first], ends[last - 1], kind) for first, last, kind in sentence.spans])


def change_case(text: Text, how: str) -> Text:
    """Upper, lower or title case; characters whose other case is longer are left, so that offsets hold."""
    change = {"upper": str.upper, "lower": str.lower}.get(how)
    if change is None:
        changed = re.sub(r"\w+", lambda match: _same_length(match[0], str.capitalize), text.text)
    else:
        changed = _same_length(text.text, change)
    return Text(changed, text.spans)


def _same_length(text, change):
    result = change(text)
    if len(result) == len(text):
        return result
    return "".join(change(character) if len(change(character)) == 1 else character for character in text)


def concatenate(texts: list[Text], separators: list[str]) -> Text:
    result, spans = "", []
    for text, separator in zip(texts, separators + [""]):
        spans += [(start + len(result), end + len(result), kind) for start, end, kind in text.spans]
        result += text.text + separator
    return Text(result, spans)


def make_texts(documents, seed: int, share_single=0.5, longest=(40, 90, 150), casing_noise=True) -> list[Text]:
    """One epoch's training texts: single sentences and runs of sentences, as in print and as tokenized, with noise."""
    generator = random.Random(seed)
    texts = []
    for document in documents:
        position = 0
        while position < len(document):
            limit = 0 if generator.random() < share_single else generator.choice(longest)
            natural = generator.random() < 0.6
            end, words = position, 0
            while end < len(document) and (end == position or words + len(document[end].words) <= limit):
                words += len(document[end].words)
                end += 1
            pieces = [join_words(sentence, natural, generator) for sentence in document[position:end]]
            text = concatenate(pieces, [generator.choice([" ", " ", "\n"]) for _ in pieces[1:]])
            if casing_noise:
                how = generator.choices([None, "lower", "upper", "title"], [0.88, 0.05, 0.05, 0.02])[0]
                text = change_case(text, how) if how else text
            texts.append(text)
            position = end
    return texts


@dataclass(frozen=True)
class Source:
    name: str
    documents: list
    misc_labelled: bool = True  # false where the source has no MISC: an O there may be one
    per_sentence: bool = False  # its sentences do not follow one another
    share: float = 1.0  # of its texts in each epoch


def training_sources(folder: Path) -> list[Source]:
    ner = folder / "ner"
    btc = read_documents(ner / "btc.conll", 0, 1)[0]
    return [
        Source("conllpp", read_documents(ner / "conllpp_train.txt", 0, 3)),
        Source("ewt", read_documents(ner / "uner_ewt_train.conll", 0, 1)),
        Source("wnut17", read_documents(ner / "wnut17_train.conll", 0, 1, WNUT_TYPES), per_sentence=True, share=0.6),
        Source("sec", read_documents(ner / "sec_train.txt", 0, 3), share=0.6),
        Source("btc", [btc[: len(btc) * 9 // 10]], misc_labelled=False, per_sentence=True, share=0.35),
    ]


def without_user_names(sentences: list[Sentence]) -> list[Sentence]:
    """The tweets without the names that are user names ("@ name"), which only this source labels."""

    def named(sentence, span):
        return "@" not in (sentence.words[span[0]], sentence.words[span[0] - 1] if span[0] else "")

    return [Sentence(s.words, [span for span in s.spans if named(s, span)]) for s in sentences]


@dataclass(frozen=True)
class TestSet:
    name: str
    documents: list
    types: tuple = ("PER", "ORG", "LOC", "MISC")


def test_sets(folder: Path) -> list[TestSet]:
    ner = folder / "ner"
    btc = read_documents(ner / "btc.conll", 0, 1)[0]
    three = ("PER", "ORG", "LOC")
    return [
        TestSet("conllpp_dev", read_documents(ner / "conllpp_dev.txt", 0, 3)),
        TestSet("uner_ewt_test", read_documents(ner / "uner_ewt_test.iob2", 1, 2), three),
        TestSet("uner_ewt_dev", read_documents(ner / "uner_ewt_dev.iob2", 1, 2), three),
        TestSet("wnut17_dev", read_documents(ner / "wnut17_dev.conll", 0, 1, WNUT_TYPES)),
        TestSet("sec_test", read_documents(ner / "sec_test.txt", 0, 3)),
        TestSet("btc_held_out", [without_user_names(btc[len(btc) * 9 // 10 :])], three),
    ]


def test_set(folder: Path, name: str) -> TestSet:
    return next(known for known in test_sets(folder) if known.name == name)
