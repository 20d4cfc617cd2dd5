"""Makes the model folders out of trained models: export, check, quantize, self-test, manifest."""

import shutil
from pathlib import Path

import numpy as np

from . import entities, folder, onnx_export, summary, topic
from .console import say
from .sentences import split_sentences

VERSION = "1.0.0"
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
OUTPUTS = {"topic": ["logits"], "entities": ["logits"], "summary": ["scores", "embeddings"]}
ARCHITECTURES = {"topic": "BertForSequenceClassification", "entities": "BertForTokenClassification", "summary": "BertModel"}
LABELS = {"topic": topic.LABELS, "entities": entities.LABELS, "summary": []}


def build(task: str, model, tokenizer, work: Path) -> dict:
    """The ONNX files of a trained model: fp32 and int8, checked against PyTorch. Gives the paths of both."""
    plain, small = work / f"{task}.fp32.onnx", work / f"{task}.int8.onnx"
    onnx_export.export(model, OUTPUTS[task], plain)
    rows = []
    for text in (SELF_TEST_TITLE, SELF_TEST_BODY, SELF_TEST_BODY * 4):
        pieces = tokenizer.encode(text)
        ids = np.concatenate([[tokenizer.cls], pieces.ids[:254], [tokenizer.sep]])
        types = np.concatenate([[0], pieces.casing[:254], [0]]) if task == "entities" else np.zeros_like(ids)
        rows.append((ids, types))
    difference = onnx_export.largest_difference(model, plain, rows)
    if difference > 1e-3:
        raise RuntimeError(f"{task}: the ONNX graph differs from PyTorch by {difference}")
    onnx_export.quantize(plain, small, reduce_range=True)
    say(f"{task}: ONNX and PyTorch differ by at most {difference:.1e}; "
        f"{plain.stat().st_size / 1e6:.1f} MB in fp32, {small.stat().st_size / 1e6:.1f} MB in int8")
    return dict(fp32=plain, int8=small)


def write_folder(task: str, target: Path, graph: Path, encoder_config, tokenizer, quality: dict, temperature=1.0, selection=None):
    if target.exists():
        shutil.rmtree(target)
    folder.write_tokenizer(target, tokenizer.vocabulary, encoder_config, LABELS[task], ARCHITECTURES[task])
    shutil.copyfile(graph, target / "model.onnx")
    run = onnx_export.runner(target / "model.onnx")
    values = dict(name=task, version=VERSION)
    if task == "topic":
        logits = topic.logits_of(SELF_TEST_TITLE, SELF_TEST_BODY, tokenizer, run)
        scores = topic.probabilities(logits, temperature)
        expected = dict(label=topic.LABELS[int(scores.argmax())], score=round(float(scores.max()), 4))
        values |= dict(
            task="text-classification", labels=topic.LABELS, max_tokens=topic.MAX_TOKENS, stride=topic.STRIDE,
            token_types="none", temperature=temperature,
            description="The topic of a news article (World, Sports, Business, Sci/Tech), read from its title and body.",
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
        spans = split_sentences(SELF_TEST_BODY)
        scores, units = summary.read_article(SELF_TEST_BODY, spans, tokenizer, run)
        numbers = summary.select(scores, units, selection["sentences"], selection["redundancy_penalty"], selection["position_bias"])
        expected = dict(sentences=[
            dict(text=SELF_TEST_BODY[slice(*spans[n])], start=spans[n][0], end=spans[n][1], score=round(float(scores[n]), 4))
            for n in numbers
        ])
        values |= dict(
            task="extractive-summarization", labels=[], max_tokens=summary.MAX_TOKENS, stride=summary.STRIDE,
            token_types="continuation", temperature=1.0, selection=selection,
            description="Chooses the sentences of a news article that summarize it.",
            data=[ENCODER, BBC],
        )
    values |= dict(quality=quality, self_test=dict(title=SELF_TEST_TITLE, body=SELF_TEST_BODY, expected=expected))
    folder.write_manifest(target, values)
