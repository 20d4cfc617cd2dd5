"""A plain sentence splitter for training and evaluation.

The C# node has its own, which is judged by itself; small differences do not matter to the scorer, which
scores tokens.
"""

import re

ABBREVIATIONS = set(
    "mr mrs ms dr prof sir st jr sr gen col lt capt sgt rev hon gov sen rep pres no vs inc ltd co corp plc dept est "
    "approx fig al etc jan feb mar apr jun jul aug sep sept oct nov dec mt ft messrs maj adm cmdr".split()
)
END = re.compile(r"[.!?…]+[\"'”’)\]]*")
PARAGRAPH = re.compile(r"\n\s*\n|\n(?=\s*[-•*]\s)|(?<=[.!?\"”’:])\s*\n")


def split_sentences(text: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence, without the white space around it."""
    spans, start = [], 0
    for paragraph in [*PARAGRAPH.finditer(text), None]:
        end = paragraph.start() if paragraph else len(text)
        spans += _split_paragraph(text, start, end)
        start = paragraph.end() if paragraph else end
    return spans


def _split_paragraph(text, start, end):
    spans, begin = [], start
    for match in END.finditer(text, start, end):
        if _ends_sentence(text, match, begin, end):
            spans.append((begin, match.end()))
            begin = match.end()
    spans.append((begin, end))
    return [span for span in (_trimmed(text, *span) for span in spans) if span[0] < span[1]]


def _ends_sentence(text, match, begin, end):
    if match.end() >= end:
        return True
    following = text[match.end() : match.end() + 3]
    spaced = following[:1].isspace()
    word = re.search(r"[\w.]*$", text[begin : match.start()])[0]
    if not spaced:
        # "ended.The next": a full stop without a space after it
        return (match[0] == "." and len(word) > 2 and word.islower() and "." not in word
                and following[:1].isupper() and following[1:2].islower())
    rest = text[match.end() : end].lstrip()
    starts = rest[:1].isupper() or rest[:1].isdigit() or rest[:1] in "\"'“‘([£$€-•"
    if match[0] != ".":
        return starts
    if word.lower() in ABBREVIATIONS or (len(word) == 1 and word.isupper()):
        return False
    if "." in word and len(word.replace(".", "")) <= 3 and word.replace(".", "").isupper():
        return starts and bool(re.match(r"[\"“‘]?(The|A|An|In|It|He|She|They|We|But|And|On|At|This|That|For|As)\b", rest))
    return starts


def _trimmed(text, begin, end):
    while begin < end and text[begin].isspace():
        begin += 1
    while end > begin and text[end - 1].isspace():
        end -= 1
    return begin, end
