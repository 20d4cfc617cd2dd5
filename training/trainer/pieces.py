"""Tokenization: Hugging Face's uncased BERT tokenizer, with words and casing kept beside the pieces."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from .casing import casing_class

SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@dataclass
class Pieces:
    """The word pieces of one text, without special tokens."""

    ids: np.ndarray
    casing: np.ndarray
    starts: np.ndarray  # code point offsets into the text
    ends: np.ndarray
    first: np.ndarray  # true at the first piece of a word (a run between whitespace and punctuation)

    def __len__(self):
        return len(self.ids)


class PieceTokenizer:
    def __init__(self, vocabulary: list[str]):
        self.vocabulary = vocabulary
        numbers = {token: number for number, token in enumerate(vocabulary)}
        self.tokenizer = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]", max_input_chars_per_word=100))
        self.tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        self.tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        self.tokenizer.decoder = decoders.WordPiece()
        self.pad, self.unk, self.cls, self.sep, self.mask = (numbers[token] for token in SPECIAL_TOKENS)

    @staticmethod
    def read(folder: Path) -> "PieceTokenizer":
        return PieceTokenizer((folder / "vocab.txt").read_text(encoding="utf-8").rstrip("\n").split("\n"))

    def encode(self, text: str) -> Pieces:
        return self._pieces(text, self.tokenizer.encode(text, add_special_tokens=False))

    def encode_all(self, texts: list[str]) -> list[Pieces]:
        encodings = self.tokenizer.encode_batch(texts, add_special_tokens=False)
        return [self._pieces(text, encoding) for text, encoding in zip(texts, encodings)]

    @staticmethod
    def _pieces(text, encoding) -> Pieces:
        offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
        words = np.array(encoding.word_ids, dtype=np.int64)
        first = np.ones(len(words), dtype=bool)
        first[1:] = words[1:] != words[:-1]
        casing = np.zeros(len(words), dtype=np.int64)
        begins = np.flatnonzero(first)
        for begin, end in zip(begins, np.append(begins[1:], len(words))):
            casing[begin:end] = casing_class(text[offsets[begin, 0] : offsets[end - 1, 1]])
        return Pieces(np.array(encoding.ids, dtype=np.int64), casing, offsets[:, 0], offsets[:, 1], first)


def prune_vocabulary(tokenizer: PieceTokenizer, texts, size: int) -> list[int]:
    """The ids to keep: special tokens, every single character in both forms, and the pieces seen most often.

    No word becomes unknown that was not so before: it can always be spelt.
    """
    counts = Counter()
    for start in range(0, len(texts), 1000):
        for encoding in tokenizer.tokenizer.encode_batch(texts[start : start + 1000], add_special_tokens=False):
            counts.update(encoding.ids)
    kept = {
        number
        for number, token in enumerate(tokenizer.vocabulary)
        if token in SPECIAL_TOKENS or len(token.removeprefix("##")) == 1
    }
    for number, _ in counts.most_common():
        if len(kept) >= size:
            break
        kept.add(number)
    return sorted(kept)
