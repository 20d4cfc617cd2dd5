"""Answers requests of the tests with the Avro project's Python implementation: one JSON object a line in, one out."""

import base64
import datetime
import decimal
import io
import json
import random
import sys
import uuid

import avro.io
import avro.schema


def decode(data, writer, reader=None):
    stream = io.BytesIO(data)
    value = avro.io.DatumReader(writer, reader or writer).read(avro.io.BinaryDecoder(stream))
    if stream.read(1):
        raise ValueError("bytes follow the value")
    return value


def encode(value, schema):
    stream = io.BytesIO()
    avro.io.DatumWriter(schema).write(value, avro.io.BinaryEncoder(stream))
    return stream.getvalue()


WORDS = ["", "a", "Zürich", "飛行機", "🛫 off", 'with "quotes"', "nul\0", "long " + "y" * 100]


def make(schema, rng, depth=0):
    """A value of a schema, by this implementation's own idea of what belongs to it."""
    kind = schema.type
    logical = schema.props.get("logicalType") if hasattr(schema, "props") else None
    if logical == "decimal":
        digits = rng.randrange(10 ** min(schema.precision, 12))
        return decimal.Decimal(digits).scaleb(-schema.scale)
    if logical == "date":
        return datetime.date(1970, 1, 1) + datetime.timedelta(days=rng.randrange(-50000, 50000))
    if logical in ("time-millis", "time-micros"):
        micros = rng.randrange(86_400_000) * 1000 + (rng.randrange(1000) if logical == "time-micros" else 0)
        return (datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=micros)).time()
    if logical in ("timestamp-millis", "timestamp-micros"):
        micros = rng.randrange(-10 ** 12, 10 ** 12) * 1000 + (rng.randrange(1000) if logical == "timestamp-micros" else 0)
        return datetime.datetime(1970, 1, 1, tzinfo=avro.timezones.utc) + datetime.timedelta(microseconds=micros)
    if kind == "null":
        return None
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "int":
        return rng.randrange(-2 ** 31, 2 ** 31) >> rng.randrange(32)
    if kind == "long":
        return rng.randrange(-2 ** 63, 2 ** 63) >> rng.randrange(64)
    if kind in ("float", "double"):
        return rng.randrange(-10 ** 6, 10 ** 6) / 1024
    if kind == "bytes":
        return rng.randbytes(rng.randrange(70))
    if kind == "string":
        return rng.choice(WORDS)
    if kind == "fixed":
        return rng.randbytes(schema.size)
    if kind == "enum":
        return rng.choice(schema.symbols)
    if kind == "array":
        return [make(schema.items, rng, depth + 1) for _ in range(rng.randrange(0, 4))]
    if kind == "map":
        return {f"k{i}{rng.choice(WORDS)}": make(schema.values, rng, depth + 1) for i in range(rng.randrange(0, 4))}
    if kind == "union":
        return make(rng.choice(schema.schemas), rng, depth + 1)
    return {field.name: make(field.type, rng, depth + 1) for field in schema.fields}


def answer(request):
    writer = avro.schema.parse(request["writer"])
    if request["op"] == "generate":
        rng = random.Random(request["seed"])
        return [encode(make(writer, rng), writer) for _ in range(request["count"])]
    reader = avro.schema.parse(request["reader"]) if "reader" in request else writer
    results = []
    for data in request["data"]:
        try:
            results.append(encode(decode(base64.b64decode(data), writer, reader), reader))
        except Exception as error:
            if "reader" not in request:
                raise
            results.append(None)
    return results


import avro.timezones  # noqa: E402

for line in sys.stdin:
    request = json.loads(line)
    try:
        data = [None if item is None else base64.b64encode(item).decode() for item in answer(request)]
        print(json.dumps({"data": data}), flush=True)
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"[:500]}), flush=True)
