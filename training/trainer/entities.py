"""The entity model: word pieces with casing in, BIO labels out."""

import random
from pathlib import Path

import numpy as np
import torch
from torch import nn

from . import distil, ner_data, published
from .batching import Example, bucketed, inputs_of, pad
from .casing import CLASSES
from .console import say
from .encoder import Encoder
from .loop import Plan, train
from .ner_data import LABELS
from .pieces import PieceTokenizer
from .sentences import split_sentences
from .slim import Size, cut, slim_encoder
from .texts import vocabulary_texts

MAX_TOKENS, STRIDE = 128, 16
DEFAULT = Size(layers=range(6), feed_forward=1536, vocabulary=30522)
STEPS, BATCH_TOKENS, LEARNING_RATE = 2400, 1536, 2.2e-4
FAST = Size(layers=(0, 2, 4), feed_forward=512, vocabulary=26300, word_bits=4)
FAST_STEPS, FAST_BATCH_TOKENS, FAST_LEARNING_RATE = 6500, 3072, 3e-4
FURTHER = 0.4  # of the learning rate, where a published model is trained on
VOCABULARY_SOURCES = ("conllpp", "ewt", "wnut17", "sec", "btc")
IGNORED = -100
O_OR_MISC = len(LABELS)  # the source does not label MISC: the word is O or in a MISC
MISC_LABELS = [LABELS.index("O"), LABELS.index("B-MISC"), LABELS.index("I-MISC")]


class TokenClassifier(nn.Module):
    per_token = True

    def __init__(self, encoder: Encoder, labels: int):
        super().__init__()
        self.encoder = encoder
        self.classifier = nn.Linear(encoder.config.hidden_size, labels)
        nn.init.normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.classifier(self.encoder(input_ids, attention_mask, token_type_ids))


def loss_of(tokenizer):
    def loss(model, batch):
        logits = model(*inputs_of(batch, tokenizer.pad)).float()
        targets = pad([example.target for example in batch], IGNORED).view(-1)
        wanted = targets != IGNORED
        logits, targets = logits.view(-1, len(LABELS))[wanted], targets[wanted]
        scores = torch.log_softmax(logits, dim=-1)
        open_ended = targets == O_OR_MISC
        plain = scores.gather(1, targets.masked_fill(open_ended, 0)[:, None])[:, 0]
        either = torch.logsumexp(scores[:, MISC_LABELS], dim=-1)
        return -torch.where(open_ended, either, plain).mean()

    return loss


def examples_of(texts, tokenizer: PieceTokenizer, misc_labelled: bool, limit=MAX_TOKENS) -> list[Example]:
    examples = []
    for text, pieces in zip(texts, tokenizer.encode_all([text.text for text in texts])):
        if len(pieces) == 0:
            continue
        target = piece_targets(text, pieces, misc_labelled)
        for start in range(0, len(pieces), limit - 2):
            part = slice(start, start + limit - 2)
            ids = np.concatenate([[tokenizer.cls], pieces.ids[part], [tokenizer.sep]])
            types = np.concatenate([[0], pieces.casing[part], [0]])
            examples.append(Example(ids, types, np.concatenate([[IGNORED], target[part], [IGNORED]])))
    return examples


def piece_targets(text, pieces, misc_labelled):
    target = np.full(len(pieces), LABELS.index("O") if misc_labelled else O_OR_MISC)
    for start, end, kind in text.spans:
        inside = np.flatnonzero((pieces.starts >= start) & (pieces.starts < end))
        if len(inside):
            target[inside] = LABELS.index(f"I-{kind}")
            target[inside[0]] = LABELS.index(f"B-{kind}")
    if not misc_labelled:
        # The tweets label user names ("@ name") as people, which no other source does.
        for position in np.flatnonzero([text.text[start] == "@" for start in pieces.starts]):
            target[position] = IGNORED
            following = position + 1
            while following < len(pieces) and (following == position + 1 or not pieces.first[following]):
                target[following] = IGNORED
                following += 1
    target[~pieces.first] = IGNORED
    return target


def labelled_examples(data: Path, tokenizer: PieceTokenizer, without: str | None = None):
    """Gives a function from the number of an epoch to its examples. without: a source that is left out."""
    sources = [source for source in ner_data.training_sources(data) if source.name != without]

    def examples_of_epoch(epoch: int) -> list[Example]:
        examples = []
        for number, source in enumerate(sources):
            seed = 1000 * epoch + 10 * number
            texts = ner_data.make_texts(source.documents, seed, 0.8 if source.per_sentence else 0.55)
            generator = random.Random(seed)
            texts = [text for text in texts if generator.random() < source.share]
            examples += examples_of(texts, tokenizer, source.misc_labelled)
        return examples

    return examples_of_epoch


def train_entities(model, tokenizer, data: Path, work: Path, steps: int, learning_rate: float, name="entities", without: str | None = None):
    examples = labelled_examples(data, tokenizer, without)
    plan = Plan(name, steps, learning_rate, warmup=0.06, average=0.995)
    train(model, plan, lambda epoch: bucketed(examples(epoch), BATCH_TOKENS, epoch), loss_of(tokenizer), work)


def read_published(folder: Path) -> tuple[TokenClassifier, PieceTokenizer]:
    backbone, weights, tokenizer = published.read_encoder(folder)
    model = TokenClassifier(backbone, len(LABELS))
    published.load_linear(model.classifier, weights, "classifier")
    return model.eval(), tokenizer


def make(data: Path, encoder: Path, work: Path, steps: int | None, start: Path | None):
    """start: a published model whose weights are taken over. If steps says so they are trained on, and the mean of the
    weights before and after is taken (after M. Wortsman et al. 2022, Robust fine-tuning of zero-shot models): on the
    large test sets as good as or better than either."""
    torch.manual_seed(1)
    if start:
        model, tokenizer = read_published(start)
        if steps:
            before = {name: value.clone() for name, value in model.state_dict().items()}
            train_entities(model, tokenizer, data, work, steps, LEARNING_RATE * FURTHER)
            model.load_state_dict({name: torch.lerp(before[name], value, 0.5) for name, value in model.state_dict().items()})
    else:
        backbone, tokenizer = slim_encoder(encoder, vocabulary_texts(data, VOCABULARY_SOURCES), DEFAULT, CLASSES)
        model = TokenClassifier(backbone, len(LABELS))
        train_entities(model, tokenizer, data, work, steps or STEPS, LEARNING_RATE)
    model.eval()
    fit_organisations(model, tokenizer, data)
    return model, tokenizer, model.encoder.config


def fit_organisations(model: TokenClassifier, tokenizer: PieceTokenizer, data: Path):
    """Lowers the logits of organisations by what gives the best F1 on web texts: news wire, which most of the examples are,
    calls more things an organisation than other sources do."""
    held_out = ner_data.test_set(data, "uner_ewt_dev")
    read = read_sentences(model, tokenizer, held_out)
    organisation = [LABELS.index("B-ORG"), LABELS.index("I-ORG")]
    lowering = np.isin(np.arange(len(LABELS)), organisation).astype(np.float32)
    best, shift = max((f1_of(read, held_out.types, -shift * lowering), -shift) for shift in np.arange(0.0, 1.01, 0.25))
    say(f"entities: organisations {-shift:.2f} lower: F1 {best:.4f} on uner_ewt_dev, {f1_of(read, held_out.types):.4f} without")
    with torch.no_grad():
        model.classifier.bias[organisation] += shift


def read_sentences(model: TokenClassifier, tokenizer: PieceTokenizer, test: ner_data.TestSet) -> list[tuple]:
    """(text, pieces, logits of its words) of each sentence."""
    texts = [ner_data.join_words(sentence, False, None) for document in test.documents for sentence in document]
    read = list(zip(texts, tokenizer.encode_all([text.text for text in texts])))
    examples = []
    for number, (_, pieces) in enumerate(read):
        # What is beyond the longest window, of hardly any sentence, counts as without a name.
        ids, casing = pieces.ids[: MAX_TOKENS - 2], pieces.casing[: MAX_TOKENS - 2]
        examples.append(Example(np.concatenate([[tokenizer.cls], ids, [tokenizer.sep]]), np.concatenate([[0], casing, [0]]), number))
    logits = [None] * len(read)
    with torch.no_grad():
        for batch in bucketed(examples, BATCH_TOKENS, 1):
            for example, rows in zip(batch, model(*inputs_of(batch, tokenizer.pad)).numpy()):
                said = rows[1 : len(example.ids) - 1]
                logits[example.target] = said[read[example.target][1].first[: len(said)]]
    return [(text, pieces, rows) for (text, pieces), rows in zip(read, logits)]


def f1_of(read: list[tuple], types, shift: np.ndarray | float = 0.0) -> float:
    """F1 of exact spans of these types. read: see read_sentences; shift: added to the logits of each word."""
    right = found = wanted = 0
    for text, pieces, rows in read:
        names = {name for name in names_of(decode(rows + shift), pieces) if name[2] in types}
        gold = {span for span in text.spans if span[2] in types}
        right, found, wanted = right + len(names & gold), found + len(names), wanted + len(gold)
    return 2 * right / max(1, found + wanted)


def make_fast(data: Path, encoder: Path, work: Path, steps: int | None, start: Path | None):
    """Three narrow layers, taught by the default model (start) on news without labels, beside the labelled texts."""
    if not start:
        raise RuntimeError("the fast entity model learns from the default one: name its models' folder by --from")
    torch.manual_seed(1)
    texts = distil.unlabelled_texts(data)
    teacher, known = read_published(start)
    backbone, tokenizer = cut(teacher.encoder, known, texts, FAST)
    model = TokenClassifier(backbone, len(LABELS))
    model.classifier.load_state_dict(teacher.classifier.state_dict())
    passages = distil.read_passages(texts, start, tokenizer, MAX_TOKENS, work / "fast_entities.teacher.npy")
    labelled, labelled_loss = labelled_examples(data, tokenizer), loss_of(tokenizer)

    def batches(epoch):
        taught = bucketed(distil.examples_of(passages, tokenizer, epoch), FAST_BATCH_TOKENS, epoch)
        told = [batch for seed in (2 * epoch, 2 * epoch + 1) for batch in bucketed(labelled(seed), FAST_BATCH_TOKENS, seed)]
        mixed = taught + told
        random.Random(epoch).shuffle(mixed)
        return mixed

    def loss(model, batch):
        if isinstance(batch[0].target, distil.Passage):
            return distil.loss(model, batch, tokenizer.pad)
        return labelled_loss(model, batch)

    train(model, Plan("fast_entities", steps or FAST_STEPS, FAST_LEARNING_RATE, warmup=0.04, average=0.995), batches, loss, work)
    model.eval()
    fit_organisations(model, tokenizer, data)
    return model, tokenizer, model.encoder.config


# Reading labels back


def _transitions():
    allowed = np.zeros((len(LABELS), len(LABELS)), dtype=np.float32)
    for before, first in enumerate(LABELS):
        for after, second in enumerate(LABELS):
            if second.startswith("I-") and first[2:] != second[2:]:
                allowed[before, after] = -np.inf
    return allowed


TRANSITIONS = _transitions()
STARTS = np.array([-np.inf if label.startswith("I-") else 0.0 for label in LABELS], dtype=np.float32)


def decode(scores: np.ndarray) -> list[int]:
    """The best label sequence in which every I- follows a B- or I- of its type."""
    if len(scores) == 0:
        return []
    best, back = scores[0] + STARTS, []
    for row in scores[1:]:
        paths = best[:, None] + TRANSITIONS
        back.append(paths.argmax(axis=0))
        best = paths.max(axis=0) + row
    labels = [int(best.argmax())]
    for step in reversed(back):
        labels.append(int(step[labels[-1]]))
    return labels[::-1]


def plan_windows(text: str, pieces) -> list[tuple[int, int]]:
    """The windows in which the entity node reads a text: each ends with the last sentence that ends in its second half,
    and overlaps the next one by STRIDE pieces where there is none."""
    room, start, count, windows = MAX_TOKENS - 2, 0, len(pieces), []
    begins = [int(np.searchsorted(pieces.starts, begin)) for begin, _ in split_sentences(text)] if count > room else []
    while True:
        end = min(start + room, count)
        if end == count:
            return [*windows, (start, end)]
        sentence = max((begin for begin in begins if start + room // 2 < begin <= end), default=None)
        windows.append((start, sentence or end))
        start = sentence or end - STRIDE


def find_entities(text: str, tokenizer: PieceTokenizer, run) -> list[tuple[int, int, str]]:
    """Entities of a text as (start, end, type). run: (ids, types) of one window -> its logits.

    A word in two windows is read where it is farther from the window's edge.
    """
    pieces = tokenizer.encode(text)
    count = len(pieces)
    if count == 0:
        return []
    logits, depth = np.zeros((count, len(LABELS)), dtype=np.float32), np.full(count, -1)
    for start, end in plan_windows(text, pieces):
        part = slice(start, end)
        ids = np.concatenate([[tokenizer.cls], pieces.ids[part], [tokenizer.sep]])
        types = np.concatenate([[0], pieces.casing[part], [0]])
        window = run(ids, types)[1:-1]
        positions = np.arange(start, end)
        margin = end - 1 - positions
        if start > 0:
            margin = np.minimum(positions - start, margin)
        better = margin > depth[part]
        logits[part][better] = window[better]
        depth[part] = np.maximum(depth[part], margin)
    return names_of(decode(logits[pieces.first]), pieces)


def names_of(labels: list[int], pieces) -> list[tuple[int, int, str]]:
    """The names that the labels of the first words mean, as (start, end, type)."""
    firsts = np.flatnonzero(pieces.first)
    starts, ends = pieces.starts[firsts], pieces.ends[np.append(firsts[1:], len(pieces)) - 1]
    spans = ner_data.spans_of_labels([LABELS[number] for number in labels])
    return [(int(starts[first]), int(ends[last - 1]), kind) for first, last, kind in spans]
