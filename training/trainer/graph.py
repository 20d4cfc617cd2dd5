"""Writes the ONNX graph of an encoder and its head directly, operator by operator.

A traced export leaves much to the runtime's optimizers. Measured with ONNX Runtime on one core, rows of 50
tokens, int8: more than half of the time goes outside the matrix products, a sixth of it to the fused
SkipLayerNormalization, which is slower than the addition and LayerNormalization that it stands for; and that takes
seven times as long as InstanceNormalization, which is the same but for the factors (version 1.29, 100 tokens of 384
numbers: 197 and 24 us, a fifth of the encoder's time; 1.30 is as fast with either). So here: query, key and value in
one product, attention in few steps, rows normalized as instances, and residuals added with Sum, which the runtime
leaves alone.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from . import ngrams

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OPSET, MICROSOFT = 17, "com.microsoft"


class GraphWriter:
    """Collects nodes and weights; every method that adds a node gives the name of its (first) output.

    precision: "int8" for CPUs (weights in 8 bits, activations quantized as they come), "fp16" for CUDA, or "fp32".
    """

    def __init__(self, precision: str):
        self.int8 = precision == "int8"
        self.type = TensorProto.FLOAT16 if precision == "fp16" else TensorProto.FLOAT
        self.nodes, self.weights, self.count = [], {}, 0

    def node(self, op: str, *inputs: str, outputs: int = 1, domain: str = "", **attributes):
        self.count += 1
        names = [f"{op}_{self.count}" + (f"_{n}" if outputs > 1 else "") for n in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=f"{op}_{self.count}", domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def weight(self, name: str, value) -> str:
        value = np.array(value, order="C")
        if value.dtype == np.float32 and self.type == TensorProto.FLOAT16:
            value = value.astype(np.float16)
        if name in self.weights:
            if not np.array_equal(self.weights[name], value):
                raise ValueError(f"two weights are called {name}")
        self.weights[name] = value
        return name

    def number(self, value, dtype=np.int64) -> str:
        """A constant; a float one has the graph's own type."""
        value = np.array(value, dtype=dtype)
        return self.weight(f"constant_{value.dtype}_{'_'.join(map(str, value.reshape(-1)))}_{value.ndim}", value)

    def linear(self, x: str, name: str, weight: np.ndarray, bias: np.ndarray, keep_float: bool = False, divisors=None) -> str:
        """x @ weight + bias, weight (inputs, outputs); in int8 unless told otherwise. divisors: of the inputs, in int8 only;
        the weight makes up for them."""
        if not self.int8 or keep_float:
            product = self.node("MatMul", x, self.weight(f"{name}.weight", weight.astype(np.float32)))
            return self.node("Add", product, self.weight(f"{name}.bias", bias.astype(np.float32)))
        if divisors is not None:
            x, weight = self.node("Mul", x, self.weight(f"{name}.smooth", 1.0 / divisors)), weight * divisors[:, None]
        small, scale = quantize_columns(weight)
        return self.node(
            "DynamicQuantizeMatMul", x, self.weight(f"{name}.weight_int8", small), self.weight(f"{name}.weight_scale", scale),
            "", self.weight(f"{name}.bias", bias.astype(np.float32)), domain=MICROSOFT,
        )  # fmt: skip

    def table(self, ids: str, name: str, rows: np.ndarray, bits: int = 8) -> str:
        """The rows of a table; in int8 each row has its own scale. bits: 8, or 4 with two numbers from -7 to 7 in a byte."""
        if bits == 4:
            scale = np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-9) / 7.0
            numbers = np.round(rows / scale).astype(np.int8)
            if self.int8:
                return self._packed(ids, name, numbers, scale.astype(np.float32))
            rows = numbers * scale
        if not self.int8:
            return self.node("Gather", self.weight(name, rows.astype(np.float32)), ids, axis=0)
        scale = np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-9) / 127.0
        small = np.clip(np.round(rows / scale), -127, 127).astype(np.int8)
        taken = self.node("Gather", self.weight(f"{name}_int8", small), ids, axis=0)
        scales = self.node("Gather", self.weight(f"{name}_scale", scale.astype(np.float32)), ids, axis=0)
        return self.node("Mul", self.cast(taken), scales)

    def _packed(self, ids: str, name: str, numbers: np.ndarray, scale: np.ndarray) -> str:
        """Rows of numbers from -7 to 7, a row's second half in the upper four bits. byte = 16 * upper + lower, so that
        upper = round(byte / 16): as fast as shifts and masks in ONNX Runtime, and without operators of later opsets."""
        lower, upper = np.split(numbers, 2, axis=1)
        packed = self.node("Gather", self.weight(f"{name}_int4", 16 * upper + lower), ids, axis=0)
        scales = self.node("Gather", self.weight(f"{name}_scale", scale), ids, axis=0)
        byte = self.cast(packed)
        upper = self.node("Round", self.node("Mul", byte, self.number(1 / 16, np.float32)))
        lower = self.node("Sub", byte, self.node("Mul", upper, self.number(16.0, np.float32)))
        return self.node("Mul", self.node("Concat", lower, upper, axis=2), scales)

    def layer_norm(self, x: str, name: str, weights: dict, epsilon: float, each: tuple[str, str] | None) -> str:
        """each: see `of_each_token`; None: with the operator made for it."""
        gamma, beta = (self.weight(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        if each is None:
            return self.node("LayerNormalization", x, gamma, beta, axis=-1, epsilon=epsilon)
        normal = self.node("InstanceNormalization", x, *each, epsilon=epsilon)
        return self.node("Add", self.node("Mul", normal, gamma), beta)

    def of_each_token(self, length: str) -> tuple[str, str]:
        """Factors and summands of an InstanceNormalization that takes each token for a channel: ones and zeros."""
        return tuple(self.node("Expand", self.number([value], np.float32), length) for value in (1.0, 0.0))

    def cast(self, x: str) -> str:
        """As numbers of the graph's own type."""
        return self.node("Cast", x, to=self.type)

    def branch(self, name: str, write) -> onnx.GraphProto:
        """A subgraph of what `write` adds; its weights stay in the main graph. write gives the name of its one output."""
        outer, self.nodes = self.nodes, []
        output = write()
        nodes, self.nodes = self.nodes, outer
        return helper.make_graph(nodes, name, [], [helper.make_tensor_value_info(output, self.type, None)])

    def graph(self, name: str, outputs: dict[str, tuple]) -> onnx.GraphProto:
        """outputs: name of a node's output -> (name of the graph's output, its shape)."""
        for old, (new, _) in outputs.items():
            self.nodes.append(helper.make_node("Cast", [old], [new], name=f"output_{new}", to=TensorProto.FLOAT))
        value = helper.make_tensor_value_info
        return helper.make_graph(
            self.nodes, name, [value(i, TensorProto.INT64, ["batch", "sequence"]) for i in INPUTS],
            [value(new, TensorProto.FLOAT, shape) for new, shape in outputs.values()],
            [numpy_helper.from_array(array, key) for key, array in self.weights.items()],
        )  # fmt: skip


def quantize_columns(weight: np.ndarray):
    """int8 weights with a scale for each output.

    On processors without VNNI the products of two neighbouring inputs are added in 16 bits, which saturate
    at 32,767 = 128 * 255. The scale of a column is the smallest for which no pair of neighbours can get there
    (what `reduce_range` promises with weights of at most 64, at the price of almost a bit).
    """
    padded = weight if len(weight) % 2 == 0 else np.concatenate([weight, np.zeros_like(weight[:1])])
    left, right = padded[0::2], padded[1::2]
    together = np.where(left * right > 0, np.abs(left + right), 0.0).max(axis=0)
    scale = np.maximum(np.maximum(np.abs(weight).max(axis=0) / 127.0, together / 127.0), 1e-12).astype(np.float32)
    return np.clip(np.round(weight / scale), -127, 127).astype(np.int8), scale


def write_encoder(graph: GraphWriter, encoder, longest: int, outliers) -> str:
    """The nodes of an encoder (`trainer.encoder.Encoder`) for rows of at most `longest` tokens; gives the name of its last
    hidden states. outliers: see trainer.outliers."""
    config = encoder.config
    weights = {name: value.detach().float().numpy() for name, value in encoder.state_dict().items()}
    words = graph.table("input_ids", "word_embeddings", weights["embeddings.word_embeddings.weight"], config.word_bits)
    types = graph.node("Gather", graph.weight("token_types", weights["embeddings.token_type_embeddings.weight"]), "token_type_ids", axis=0)
    length = graph.node("Shape", "input_ids", start=1, end=2)
    positions = graph.weight("positions", weights["embeddings.position_embeddings.weight"][:longest])
    places = graph.node("Slice", positions, graph.number([0]), length, graph.number([0]))
    x = graph.node("Sum", graph.node("Sum", words, types), places)
    # fp16 is for CUDA, where this was not measured: there it is the operator made for it.
    each = None if graph.type == TensorProto.FLOAT16 else graph.of_each_token(length)
    x = graph.layer_norm(x, "embeddings.LayerNorm", weights, config.layer_norm_eps, each)
    seen = graph.cast(graph.node("Unsqueeze", "attention_mask", graph.number([1, 2])))
    hidden = graph.node("Sub", graph.number(1.0, np.float32), seen)
    mask = graph.node("Mul", hidden, graph.number(-10000.0, np.float32))
    whole = None  # whether nothing is hidden
    if graph.type != TensorProto.FLOAT16:
        whole = graph.node("Cast", graph.node("ReduceMin", "attention_mask", keepdims=0), to=TensorProto.BOOL)
    for number in range(config.num_hidden_layers):
        x = _write_layer(graph, x, mask, whole, f"encoder.layer.{number}", weights, config, outliers[number] if graph.int8 else None, each)
    return x


def _write_layer(graph, x, mask, whole, name, weights, config, outliers, each):
    linear = lambda source, part: graph.linear(  # noqa: E731
        source, f"{name}.{part}", weights[f"{name}.{part}.weight"].T, weights[f"{name}.{part}.bias"])
    parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    together = graph.linear(
        x, f"{name}.attention.self", np.concatenate([weights[f"{part}.weight"] for part in parts]).T,
        np.concatenate([weights[f"{part}.bias"] for part in parts]), divisors=outliers and outliers.attention,
    )  # fmt: skip
    heads, width = config.num_attention_heads, weights[f"{parts[0]}.weight"].shape[0] // config.num_attention_heads
    split = graph.node("Reshape", together, graph.number([0, 0, 3 * heads, width]))
    query, key, value = graph.node("Split", graph.node("Transpose", split, perm=[0, 2, 1, 3]), graph.number([heads] * 3), outputs=3, axis=1)
    scores = graph.node("FusedMatMul", query, key, domain=MICROSOFT, transB=1, alpha=float(width) ** -0.5)
    mixed = graph.node("MatMul", _write_softmax(graph, scores, mask, whole), value)
    mixed = graph.node("Reshape", graph.node("Transpose", mixed, perm=[0, 2, 1, 3]), graph.number([0, 0, heads * width]))
    attended = graph.node("Sum", linear(mixed, "attention.output.dense"), x)
    x = graph.layer_norm(attended, f"{name}.attention.output.LayerNorm", weights, config.layer_norm_eps, each)
    neurons = np.array(outliers.neurons if outliers else [], dtype=np.int64)
    order = np.concatenate([np.setdiff1d(np.arange(config.intermediate_size), neurons), neurons])
    wide = graph.linear(x, f"{name}.intermediate.dense", weights[f"{name}.intermediate.dense.weight"].T[:, order],
                        weights[f"{name}.intermediate.dense.bias"][order], divisors=outliers and outliers.feed_forward)
    wide = graph.node("Gelu", wide, domain=MICROSOFT)
    out, bias = weights[f"{name}.output.dense.weight"].T[order], weights[f"{name}.output.dense.bias"]
    if not len(neurons):
        parts = [graph.linear(wide, f"{name}.output.dense", out, bias)]
    else:
        most = len(order) - len(neurons)
        usual, large = graph.node("Split", wide, graph.number([most, len(neurons)]), outputs=2, axis=-1)
        parts = [graph.linear(usual, f"{name}.output.dense", out[:most], bias),
                 graph.node("MatMul", large, graph.weight(f"{name}.output.dense.outliers", out[most:].astype(np.float32)))]
    return graph.layer_norm(graph.node("Sum", *parts, x), f"{name}.output.LayerNorm", weights, config.layer_norm_eps, each)


def _write_softmax(graph, scores, mask, whole):
    """Of what the mask leaves; whole: whether that is everything, None where the graph does not ask.

    Adding the mask is 3 to 7 % of an encoder's time, and a row that runs by itself hides nothing. Not on CUDA: there
    rows run together, and each layer would wait for the answer.
    """
    masked = lambda: graph.node("Softmax", graph.node("Add", scores, mask), axis=-1)  # noqa: E731
    if whole is None:
        return masked()
    return graph.node(
        "If", whole, then_branch=graph.branch("whole", lambda: graph.node("Softmax", scores, axis=-1)),
        else_branch=graph.branch("masked", masked),
    )  # fmt: skip


def write_entities(model, precision: str, longest: int, outliers):
    """`trainer.entities.TokenClassifier`: logits of each token's labels."""
    graph = GraphWriter(precision)
    logits = _head(graph, write_encoder(graph, model.encoder, longest, outliers), "classifier", model.classifier)
    return graph.graph("entities", {logits: ("logits", ["batch", "sequence", model.classifier.out_features])})


def write_summary(model, precision: str, longest: int, outliers):
    """`trainer.summary.SummaryScorer`: a score and a vector of each token."""
    graph = GraphWriter(precision)
    states = write_encoder(graph, model.encoder, longest, outliers)
    hidden = graph.node("Tanh", _head(graph, states, "score.hidden", model.score[0], keep_float=False))
    scores = graph.node("Squeeze", _head(graph, hidden, "score", model.score[2]), graph.number([2]))
    vectors = _head(graph, states, "vector", model.vector, keep_float=False)
    shape = ["batch", "sequence"]
    return graph.graph("summary", {scores: ("scores", shape), vectors: ("embeddings", [*shape, model.vector.out_features])})


def write_topic(model, precision: str, longest: int, outliers):
    """`trainer.topic.TopicCascade`: the n-grams decide where they are sure; else the encoder has its say."""
    graph = GraphWriter(precision)
    count = model.bias.shape[0]
    counted = _write_ngrams(graph, model)
    linear = graph.node("Mul", counted, graph.number(model.alone, np.float32))
    surest = graph.node("ReduceMax", graph.node("Softmax", linear, axis=-1), axes=[1], keepdims=1)
    sure = graph.node("GreaterOrEqual", surest, graph.number(model.threshold, np.float32))
    every = graph.node("ReduceMin", graph.node("Cast", sure, to=TensorProto.INT32), axes=[0, 1], keepdims=0)

    def read():
        states = write_encoder(graph, model.classifier.encoder, longest, outliers)
        weights = graph.node("Unsqueeze", graph.cast("attention_mask"), graph.number([2]))
        total = graph.node("ReduceSum", graph.node("Mul", states, weights), graph.number([1]), keepdims=0)
        mean = graph.node("Div", total, graph.node("ReduceSum", weights, graph.number([1]), keepdims=0))
        logits = _head(graph, mean, "classifier", model.classifier.classifier)
        one = graph.node("Mul", logits, graph.number(model.encoder_weight, np.float32))
        other = graph.node("Mul", counted, graph.number(model.ngram_weight, np.float32))
        return graph.node("Where", sure, linear, graph.node("Add", one, other))

    logits = graph.node(
        "If", graph.node("Cast", every, to=TensorProto.BOOL),
        then_branch=graph.branch("sure", lambda: graph.node("Identity", linear)), else_branch=graph.branch("unsure", read),
    )  # fmt: skip
    return graph.graph("topic", {logits: ("logits", ["batch", count])})


def _head(graph, states, name, linear, keep_float=True):
    """Small heads stay fp32: the results hang on them directly."""
    return graph.linear(states, name, linear.weight.detach().numpy().T, linear.bias.detach().numpy(), keep_float)


def _write_ngrams(graph, model):
    """The linear model of trainer.ngrams: [batch, labels]."""
    end = 1 << 31
    left = graph.node("Slice", "input_ids", graph.number([0]), graph.number([-1]), graph.number([1]))
    right = graph.node("Slice", "input_ids", graph.number([1]), graph.number([end]), graph.number([1]))
    mixed = graph.node("Add", graph.node("Mul", left, graph.number(ngrams.FIRST_FACTOR)),
                       graph.node("Mul", right, graph.number(ngrams.SECOND_FACTOR)))
    pairs = graph.node("Add", graph.node("Mod", mixed, graph.number(ngrams.BUCKETS)), graph.number(len(model.table) - ngrams.BUCKETS))
    features = graph.node("Concat", "input_ids", pairs, axis=1)
    later = graph.node("Slice", "attention_mask", graph.number([1]), graph.number([end]), graph.number([1]))
    seen = graph.node("Unsqueeze", graph.node("Concat", "attention_mask", later, axis=1), graph.number([2]))
    rows = graph.node("Gather", graph.weight("ngrams", model.table.astype(np.float16)), features, axis=0)
    # In single precision whatever the graph's: the squares of a long text add up to more than half precision holds.
    single = [graph.node("Cast", x, to=TensorProto.FLOAT) for x in (rows, seen)]
    total = graph.node("ReduceSum", graph.node("Mul", *single), graph.number([1]), keepdims=0)
    sums, squares = graph.node("Split", total, graph.number([model.bias.shape[0], 1]), outputs=2, axis=1)
    # A text without a known feature has the length 0 and the sum 0.
    length = graph.node("Sqrt", graph.node("Clip", squares, graph.node("Cast", graph.number(1), to=TensorProto.FLOAT)))
    return graph.node("Add", graph.cast(graph.node("Div", sums, length)), graph.weight("ngrams.bias", model.bias.astype(np.float32)))


def save(graph, path):
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)])
    model.ir_version = 8
    onnx.save(model, str(path))
