"""Model folders: the graph, the tokenizer files, model.json and the card."""

import hashlib
import json
import subprocess
from pathlib import Path

from .encoder import EncoderConfig

LICENSE = "Apache-2.0"
MANIFEST, CARD, EVALUATION = "model.json", "README.md", "evaluation.json"


def write_tokenizer(folder: Path, vocabulary: list[str], config: EncoderConfig, labels: list[str], architecture: str):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    bert = dict(
        architectures=[architecture],
        model_type="bert",
        hidden_act="gelu",
        hidden_size=config.hidden_size,
        num_hidden_layers=config.num_hidden_layers,
        num_attention_heads=config.num_attention_heads,
        intermediate_size=config.intermediate_size,
        max_position_embeddings=config.max_position_embeddings,
        type_vocab_size=config.type_vocab_size,
        vocab_size=config.vocab_size,
        layer_norm_eps=config.layer_norm_eps,
        pad_token_id=0,
        position_embedding_type="absolute",
    )
    if config.head_dim:
        bert["head_dim"] = config.head_dim
    if labels:
        bert["id2label"] = {str(number): label for number, label in enumerate(labels)}
        bert["label2id"] = {label: number for number, label in enumerate(labels)}
    _write_json(folder / "config.json", bert)
    tokenizer = dict(tokenizer_class="BertTokenizer", do_lower_case=True, strip_accents=None, tokenize_chinese_chars=True,
                     model_max_length=config.max_position_embeddings, unk_token="[UNK]", sep_token="[SEP]",
                     pad_token="[PAD]", cls_token="[CLS]", mask_token="[MASK]")
    _write_json(folder / "tokenizer_config.json", tokenizer)


def write_manifest(folder: Path, values: dict):
    """model.json, with the hash of every other file of the folder but the card and its figures."""
    files = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.name not in (MANIFEST, CARD, EVALUATION)
    }
    _write_json(folder / MANIFEST, dict(values, files=files, license=LICENSE, git_revision=git_revision()))


def git_revision() -> str:
    here = Path(__file__).parent
    try:
        return subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _write_json(path: Path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
