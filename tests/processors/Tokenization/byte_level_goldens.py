#!/usr/bin/env python3
"""Writes texts with the ids and offsets that Hugging Face's byte-level BPE gives, as JSON lines.

Usage: pip install tokenizers==0.23.3; python3 byte_level_goldens.py [ROWS] [SEED] > byte_level_goldens.jsonl

The first line holds two tokenizers (the same small vocabulary, trained on the texts, without and with add_prefix_space) as
tokenizer.json has them; each further line is {text, prefix, ids, u16}.
"""
import json
import random
import sys

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from unicode_goldens import text

WORDS = """The market's prices didn't fall, they've said; we'll see 3,000 goals in 2024! I'm sure she'd won.
 Shares rose 12.5% to $3.40 (its highest) – "no", he said... It's O'Neil's   rain
on  new lines\tand tabs""".split(" ")
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def english(generator):
    return " ".join(generator.choices(WORDS, k=generator.randint(1, 20)))


def with_offsets(tokenizer, value):
    encoding = tokenizer.encode(value, add_special_tokens=False)
    places = [0]
    for c in value:
        places.append(places[-1] + (2 if ord(c) > 0xFFFF else 1))
    return encoding.ids, [places[x] for pair in encoding.offsets for x in pair]


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 250
    generator = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    texts = [text(generator) if n % 2 else english(generator) for n in range(rows)]
    texts += ["a" * 300, "ab" * 200, " " * 30, "\n\n\n", "  a", "x  ", "é" * 100, "'s", "'s it", "\n'll", "\u2028", "\u00a0 x"] * 4
    base = Tokenizer(models.BPE())
    base.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    base.train_from_iterator(texts, trainer)
    tokenizers = {}
    for prefix in (False, True):
        tokenizer = Tokenizer.from_str(base.to_str())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
        tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=prefix)
        tokenizer.decoder = decoders.ByteLevel()
        tokenizers[prefix] = tokenizer
    print(json.dumps({"plain": json.loads(tokenizers[False].to_str()), "prefixed": json.loads(tokenizers[True].to_str())}))
    for number, value in enumerate(texts):
        prefix = number % 3 == 2
        ids, offsets = with_offsets(tokenizers[prefix], value)
        print(json.dumps({"text": value, "prefix": prefix, "ids": ids, "u16": offsets}))


if __name__ == "__main__":
    main()
