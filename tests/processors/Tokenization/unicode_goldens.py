#!/usr/bin/env python3
"""Writes hard Unicode texts with the ids and offsets that Hugging Face's tokenizers give, as JSON lines.

Usage: pip install tokenizers==0.23.3; python3 unicode_goldens.py [ROWS] [SEED] > unicode_goldens.jsonl

The first line is the vocabulary: one piece for nearly every character that can come out of the normalizer, alone and
continuing a word, so that every character's own offsets show. Each further line is {text, lower, ids, u16}.
"""
import json
import random
import sys

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ALPHABETS = [
    "abcdefgxyzABCXYZ", "0123456789", " \t\n\r\u00a0\u2003\u3000\u2028", ".,;:!?'\"-()[]#&%$+=<>^`~|@/\\",
    "éÉñÑüÜßçÇøØåÅłŁıİşğœŒÆǅĳﬁﬀ", "e\u0301n\u0303u\u0308o\u0328\u0304a\u0323\u0302", "\u0301\u0300\u0327\u20dd\u0483\u1dc0\ufe20\u0345",
    "ΑΣΌςσάΐΰὨᾼ;·", "ЙйЁёЂђїІӒ", "אבגשׁ״ׁ", "العربية،ﷺﻻ\u064b\u0651", "हिन्दी॥क़ज़", "ไทยน้ำ๑", "한국어각ㅋ\u1112\u1161", "中国新闻京𠀀𪜀丽",
    "ひらがなガパヴー゛。", "ＡＢ１！ｶﾞ", "\u200b\u200d\u200e\u2066\ufeff\u00ad\u180e\u0000\u0007\ufffd\ue000\U000e0041", "😀👩\u200d👧☺\ufe0f🇩🇪",
    "𐐀𞤀𝐀ℌⅧⒶ㎏½™²ªKÅΩ", "ᏸꭰႠᲐⱯꞪ", "\u0958\u09dc\u0a33\u0b5c\u0f43\u1e9b\u1e9e\u2126\u212b\u2260\u226e\u1fef\u037e\u2329", "\u302a\u05b0\u094d\u09be\u0bca\u0dda\u1b3b\u110ab",
]


def text(generator):
    out = []
    for _ in range(generator.randint(1, 6)):
        alphabet = generator.choice(ALPHABETS)
        out += generator.choices(alphabet, k=generator.randint(1, 6))
        if generator.random() < 0.4:
            out.append(generator.choice(" ab."))
    return "".join(out)


def build(pieces, lower):
    tokenizer = Tokenizer(models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lower)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 250
    generator = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    texts = [text(generator) for _ in range(rows)]
    seen = set()
    for lower in (True, False):
        normalizer = normalizers.BertNormalizer(lowercase=lower)
        for t in texts:
            seen |= set(normalizer.normalize_str(t))
    characters = sorted(c for c in seen if not c.isspace())
    kept = [c for c in characters if generator.random() < 0.95]
    pieces = SPECIAL + kept + ["##" + c for c in kept] + ["ab", "abc", "##bc", "##xyz"]
    print(json.dumps({"vocabulary": pieces}))
    tokenizers = {lower: build(pieces, lower) for lower in (True, False)}
    for number, t in enumerate(texts):
        lower = number % 3 != 2
        encoding = tokenizers[lower].encode(t, add_special_tokens=False)
        places = [0]
        for c in t:
            places.append(places[-1] + (2 if ord(c) > 0xFFFF else 1))
        offsets = [places[x] for pair in encoding.offsets for x in pair]
        print(json.dumps({"text": t, "lower": lower, "ids": encoding.ids, "u16": offsets}))


if __name__ == "__main__":
    main()
