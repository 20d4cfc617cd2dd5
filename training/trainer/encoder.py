"""A BERT encoder in plain PyTorch, with the parameter names of Hugging Face's BertModel.

Written out here so that training needs nothing but PyTorch, and so that the exported graph is small
and regular. The attention mask is turned into an additive bias once for all layers.
"""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.numpy import load_file
from torch import nn


@dataclass(frozen=True)
class EncoderConfig:
    vocab_size: int
    hidden_size: int = 384
    num_hidden_layers: int = 6
    num_attention_heads: int = 12
    intermediate_size: int = 1536
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    layer_norm_eps: float = 1e-12
    dropout: float = 0.1
    word_bits: int = 8  # of the published word embeddings: 8, or 4, which training then knows of
    head_dim: int | None = None  # numbers of an attention head, where heads were dropped; else hidden_size / num_attention_heads

    @property
    def head_width(self) -> int:
        return self.head_dim or self.hidden_size // self.num_attention_heads

    @property
    def attention_size(self) -> int:
        return self.num_attention_heads * self.head_width

    @staticmethod
    def read(folder: Path) -> "EncoderConfig":
        values = json.loads((folder / "config.json").read_text())
        names = (
            "vocab_size hidden_size num_hidden_layers num_attention_heads intermediate_size "
            "max_position_embeddings type_vocab_size layer_norm_eps"
        ).split()
        return EncoderConfig(**{name: values[name] for name in names}, head_dim=values.get("head_dim"))


class Dropout(nn.Module):
    """Dropout whose masks are slices, at random places, of one long random mask.

    Drawing fresh random numbers for every element takes a fifth of a training step on a CPU.
    """

    SIZE = 1 << 23
    masks: dict = {}

    def __init__(self, probability: float):
        super().__init__()
        self.probability = probability

    def forward(self, x):
        if not self.training or self.probability == 0.0:
            return x
        if self.probability not in Dropout.masks:
            generator = torch.Generator().manual_seed(0)
            kept = torch.rand(Dropout.SIZE, generator=generator) >= self.probability
            Dropout.masks[self.probability] = kept.float() / (1.0 - self.probability)
        mask, count = Dropout.masks[self.probability], x.numel()
        start = int(torch.randint(Dropout.SIZE - count, ()))
        return x * mask[start : start + count].view(x.shape)


def round_rows(rows: torch.Tensor) -> torch.Tensor:
    """Each row as whole multiples, from -7 to 7, of a scale of its own; gradients pass as if it were not rounded."""
    scale = rows.detach().abs().amax(dim=-1, keepdim=True).clamp_min(1e-9) / 7
    return rows + (torch.round(rows.detach() / scale) * scale - rows.detach())


class Embeddings(nn.Module):
    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.coarse = config.word_bits == 4
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size, sparse=True)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = Dropout(config.dropout)
        self.register_buffer("positions", torch.arange(config.max_position_embeddings), persistent=False)

    def forward(self, input_ids, token_type_ids):
        positions = self.positions[: input_ids.shape[1]]
        words = self.word_embeddings(input_ids)
        if self.coarse:
            words = round_rows(words)
        total = words + self.token_type_embeddings(token_type_ids)
        return self.dropout(self.LayerNorm(total + self.position_embeddings(positions)))


class SelfAttention(nn.Module):
    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.heads = config.num_attention_heads
        self.width = config.head_width
        self.query = nn.Linear(config.hidden_size, config.attention_size)
        self.key = nn.Linear(config.hidden_size, config.attention_size)
        self.value = nn.Linear(config.hidden_size, config.attention_size)

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], self.heads, self.width).permute(0, 2, 1, 3)

    def forward(self, x, bias):
        query, key, value = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(self.width) + bias
        mixed = torch.matmul(torch.softmax(scores, dim=-1), value)
        mixed = mixed.permute(0, 2, 1, 3).contiguous()
        return mixed.view(x.shape[0], x.shape[1], self.heads * self.width)


class ResidualOutput(nn.Module):
    def __init__(self, inputs: int, config: EncoderConfig):
        super().__init__()
        self.dense = nn.Linear(inputs, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = Dropout(config.dropout)

    def forward(self, x, residual):
        return self.LayerNorm(self.dropout(self.dense(x)) + residual)


class Attention(nn.Module):
    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.self = SelfAttention(config)
        self.output = ResidualOutput(config.attention_size, config)

    def forward(self, x, bias):
        return self.output(self.self(x, bias), x)


class Intermediate(nn.Module):
    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.intermediate_size)

    def forward(self, x):
        return nn.functional.gelu(self.dense(x))


class Layer(nn.Module):
    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.attention = Attention(config)
        self.intermediate = Intermediate(config)
        self.output = ResidualOutput(config.intermediate_size, config)

    def forward(self, x, bias):
        x = self.attention(x, bias)
        return self.output(self.intermediate(x), x)


class LayerStack(nn.Module):
    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.layer = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))


class Encoder(nn.Module):
    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = LayerStack(config)

    def hidden_states(self, input_ids, attention_mask, token_type_ids):
        """The output of the embeddings and of each layer."""
        x = self.embeddings(input_ids, token_type_ids)
        bias = (1.0 - attention_mask[:, None, None, :].to(torch.float32)) * -10000.0
        states = [x]
        for layer in self.encoder.layer:
            states.append(layer(states[-1], bias))
        return states

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.hidden_states(input_ids, attention_mask, token_type_ids)[-1]


def load_encoder(folder: Path, layers=None, type_vocab_size: int = 2, kept_ids=None, word_bits: int = 8) -> Encoder:
    """The pretrained encoder, cut to what a model needs.

    layers: the numbers of the layers to keep, all by default. kept_ids: the rows of the word
    embeddings to keep, in the order of the pruned vocabulary. type_vocab_size: the token-type table
    is widened to it; the new rows begin as copies of row 0.
    """
    config = EncoderConfig.read(folder)
    files = [folder / name for name in ("model.fp16.safetensors", "model.safetensors")]
    file = next((file for file in files if file.exists()), None)
    if file is None:
        raise FileNotFoundError(f"{folder} holds neither model.fp16.safetensors nor model.safetensors")
    weights = {name: torch.from_numpy(array).float() for name, array in load_file(file).items()}
    layers = list(range(config.num_hidden_layers)) if layers is None else list(layers)
    renamed = {}
    for name, tensor in weights.items():
        if name.startswith("encoder.layer."):
            number, rest = name[len("encoder.layer.") :].split(".", 1)
            if int(number) in layers:
                renamed[f"encoder.layer.{layers.index(int(number))}.{rest}"] = tensor
        elif name.startswith("embeddings.") and not name.endswith("position_ids"):
            renamed[name] = tensor
    words = "embeddings.word_embeddings.weight"
    if kept_ids is not None:
        renamed[words] = renamed[words][torch.tensor(kept_ids)]
    types = "embeddings.token_type_embeddings.weight"
    if type_vocab_size > config.type_vocab_size:
        extra = renamed[types][:1].repeat(type_vocab_size - 1, 1)
        renamed[types] = torch.cat([renamed[types][:1], extra])
    config = replace(
        config,
        vocab_size=renamed[words].shape[0],
        num_hidden_layers=len(layers),
        type_vocab_size=renamed[types].shape[0],
        word_bits=word_bits,
    )
    encoder = Encoder(config)
    encoder.load_state_dict(renamed)
    return encoder
