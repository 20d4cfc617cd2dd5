"""Makes the model folders out of trained models: graph, check, self-test, manifest."""

import shutil
from pathlib import Path

import numpy as np

from . import entities, folder, graph, onnx_run, outliers, summary, topic
from .console import say
from .sentences import split_sentences

VERSION = "2.6.0"
# Neurons of each feed-forward that are multiplied in single precision. Of entities twice as many, for a hundredth of the time.
USUAL_FLOAT_NEURONS, FLOAT_NEURONS = 32, {"entities": 64, "fast_entities": 64}
ENCODER = dict(name="sentence-transformers/all-MiniLM-L6-v2 (pretrained encoder)", license="Apache-2.0")
AG_NEWS = dict(name="AG News (AG's corpus of news articles; X. Zhang et al. 2015)", license="research and any other non-commercial activity")
BBC = dict(name="BBC News Summary (D. Greene and P. Cunningham 2006, with extractive references)", license="research only")
NER_DATA = [
    dict(name="CoNLL++ (Z. Wang et al. 2019; CoNLL-2003, Reuters text)", license="annotation Apache-2.0; text Reuters"),
    dict(name="Universal NER English EWT (S. Mayhew et al. 2023)", license="CC BY-SA 4.0"),
    dict(name="WNUT-17 (L. Derczynski et al. 2017)", license="CC BY 4.0"),
    dict(name="Broad Twitter Corpus (L. Derczynski et al. 2016)", license="CC BY 4.0"),
    dict(name="SEC filings (J. C. Salinas Alvarado et al. 2015)", license="CC BY 3.0"),
]
SELF_TEST_TITLE = "Lufthansa and Boeing sign deal in Berlin"
SELF_TEST_BODY = (
    "German airline Lufthansa signed a deal worth 2 billion dollars with Boeing in Berlin on Monday. "
    "Chief executive Maria Keller said the aircraft would be delivered from next year. "
    "The weather was fine. "
    "Shares in the airline rose three percent in Frankfurt after the announcement. "
    "Analysts at Deutsche Bank expect profits to grow."
)
MODULES = {"topic": topic, "entities": entities, "summary": summary}
WRITERS = {"topic": graph.write_topic, "entities": graph.write_entities, "summary": graph.write_summary}
ARCHITECTURES = {"topic": "BertForSequenceClassification", "entities": "BertForTokenClassification", "summary": "BertModel"}
LABELS = {"topic": topic.LABELS, "entities": entities.LABELS, "summary": []}
LARGEST_DIFFERENCE = 1e-3
CALIBRATION_TEXTS = 120


def build(name: str, task: str, model, tokenizer, work: Path, texts: list[str]) -> dict[str, Path]:
    """The graphs of a trained model by precision; fp32 is checked against PyTorch. texts: the outliers are looked for in them."""
    longest = MODULES[task].MAX_TOKENS

    def row(text):
        pieces = tokenizer.encode(text)
        ids = np.concatenate([[tokenizer.cls], pieces.ids[: longest - 2], [tokenizer.sep]])
        types = np.concatenate([[0], pieces.casing[: longest - 2], [0]]) if task == "entities" else np.zeros_like(ids)
        return ids, types

    encoder = model.classifier.encoder if task == "topic" else model.encoder
    calibration = [row(text) for text in texts[:: max(1, len(texts) // CALIBRATION_TEXTS)]]
    found = outliers.find(encoder, calibration, FLOAT_NEURONS.get(name, USUAL_FLOAT_NEURONS))
    paths = {precision: work / f"{name}.{precision}.onnx" for precision in ("fp32", "fp16", "int8")}
    for precision, path in paths.items():
        graph.save(WRITERS[task](model, precision, longest, found), path)
    difference = onnx_run.largest_difference(model, paths["fp32"], [row(text) for text in (SELF_TEST_TITLE, SELF_TEST_BODY, SELF_TEST_BODY * 4)])
    if not difference <= LARGEST_DIFFERENCE:
        raise RuntimeError(f"{name}: the ONNX graph differs from PyTorch by {difference}")
    say(f"{name}: ONNX and PyTorch differ by at most {difference:.1e}; "
        + ", ".join(f"{path.stat().st_size / 1e6:.1f} MB in {precision}" for precision, path in paths.items()))
    return paths


def write_folder(task: str, target: Path, path: Path, encoder_config, tokenizer, selection=None, reading: topic.Reading | None = None):
    """A model's folder: graph, tokenizer, model.json. What was measured is written into it by training/evaluate."""
    if target.exists():
        shutil.rmtree(target)
    folder.write_tokenizer(target, tokenizer.vocabulary, encoder_config, LABELS[task], ARCHITECTURES[task])
    shutil.copyfile(path, target / "model.onnx")
    run = onnx_run.runner(target / "model.onnx", 1)
    values = dict(name=task, version=VERSION)
    if task == "topic":
        logits = topic.logits_of(SELF_TEST_TITLE, SELF_TEST_BODY, tokenizer, run, reading)
        scores = topic.probabilities(logits)
        expected = dict(label=topic.LABELS[int(scores.argmax())], score=round(float(scores.max()), 4))
        values |= dict(
            task="text-classification", labels=topic.LABELS, max_tokens=topic.MAX_TOKENS, stride=topic.STRIDE,
            max_windows=reading.max_windows, early_exit=reading.early_exit, token_types="none", temperature=1.0,
            description="The topic of a news article (World, Sports, Business, Sci/Tech), read from its title and its beginning.",
            data=[ENCODER, AG_NEWS],
        )
    elif task == "entities":
        expected = dict(entities=[
            dict(type=kind, text=text[start:end], field=field, start=start, end=end)
            for field, text in (("title", SELF_TEST_TITLE), ("body", SELF_TEST_BODY))
            for start, end, kind in entities.find_entities(text, tokenizer, run)
        ])
        values |= dict(
            task="token-classification", labels=entities.LABELS, max_tokens=entities.MAX_TOKENS, stride=entities.STRIDE,
            token_types="casing", temperature=1.0,
            description="People, organisations, locations and other names in English news text. The encoder is "
            "lower-case; the casing of each word goes in through the token types.",
            data=[ENCODER, *NER_DATA],
        )
    else:
        read = summary.read_row(dict(text=SELF_TEST_BODY), tokenizer, run)
        expected = dict(sentences=[
            dict(text=SELF_TEST_BODY[slice(*read.spans[n])], start=read.spans[n][0], end=read.spans[n][1], score=round(float(read.scores[n]), 4))
            for n in summary.select(read, selection)
        ])
        values |= dict(
            task="extractive-summarization", labels=[], max_tokens=summary.MAX_TOKENS, stride=summary.STRIDE,
            token_types="continuation", temperature=1.0, selection=selection,
            description="Chooses the sentences of a news article that summarize it.",
            data=[ENCODER, BBC],
        )
    values |= dict(self_test=dict(title=SELF_TEST_TITLE, body=SELF_TEST_BODY, expected=expected))
    folder.write_manifest(target, values)
