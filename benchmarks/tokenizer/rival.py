"""Hugging Face's tokenizers over the same texts: one timed round, with offsets, for each line on standard input."""

import json
import os
import sys
import time

os.environ["RAYON_NUM_THREADS"] = "1"
from tokenizers import BertWordPieceTokenizer  # noqa: E402

BATCH = 200
vocabulary, articles = sys.argv[1:]
tokenizer = BertWordPieceTokenizer(vocabulary, lowercase=True)
with open(articles, encoding="utf-8") as lines:
    texts = [json.loads(line)["body"] for line in lines]

for _ in sys.stdin:
    begun, count = time.perf_counter(), 0
    for start in range(0, len(texts), BATCH):
        for encoding in tokenizer.encode_batch(texts[start : start + BATCH], add_special_tokens=False):
            count += len(encoding.ids)
    spent = time.perf_counter() - begun
    print(spent, count, flush=True)
