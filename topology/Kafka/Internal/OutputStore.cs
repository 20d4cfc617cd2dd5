using System.Buffers.Binary;
using System.Runtime.InteropServices;
using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// The outputs of the open transaction, which an abort produces again, as bytes in large arrays that serve one transaction
/// after the other. Kept as objects they would be what the garbage collector copies: a transaction outlives many young
/// generations. Used by the producer thread.
/// </summary>
internal sealed class OutputStore
{
    private const int ChunkBytes = 1 << 20;
    private const int Null = -1;

    // A topic-name extractor may give every record a topic of its own: then names are forgotten with the transaction.
    private const int MaxNames = 10_000;

    private readonly List<byte[]> _chunks = [];
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];
    private int _chunk;
    private int _used;

    /// <summary>Bytes of what is kept.</summary>
    internal long Bytes { get; private set; }

    /// <summary>Keeps a copy of outputs.</summary>
    /// <returns>Where they are, until <see cref="Clear"/>.</returns>
    internal StoredOutputs Add(IReadOnlyList<ProducedRecord> outputs)
    {
        var place = new StoredOutputs(_chunk, _used, outputs.Count);
        for (var i = 0; i < outputs.Count; i++) Add(outputs[i]);
        return place;
    }

    /// <summary>Outputs that were kept, as new records.</summary>
    internal List<ProducedRecord> Read(StoredOutputs stored)
    {
        var outputs = new List<ProducedRecord>(stored.Count);
        var (chunk, at) = (stored.Chunk, stored.Start);
        while (outputs.Count < stored.Count)
        {
            // The rest of a chunk that a record did not fit into begins with an impossible length, or is too short for one.
            if (_chunks[chunk].Length - at < sizeof(int) || Read(_chunks[chunk], at) == Null)
            {
                (chunk, at) = (chunk + 1, 0);
                continue;
            }
            var length = Read(_chunks[chunk], at);
            outputs.Add(ReadRecord(_chunks[chunk].AsSpan(at + sizeof(int), length)));
            at += sizeof(int) + length;
        }
        return outputs;
    }

    /// <summary>The transaction is over: nothing is kept but the arrays, less those of oversize records.</summary>
    internal void Clear()
    {
        _chunks.RemoveAll(static chunk => chunk.Length > ChunkBytes);
        (_chunk, _used, Bytes) = (0, 0, 0);
        if (_names.Count <= MaxNames) return;
        _names.Clear();
        _numbers.Clear();
    }

    private void Add(ProducedRecord output)
    {
        var length = LengthOf(output);
        var writer = new Writer(Take(sizeof(int) + length));
        writer.Number(length);
        writer.Number(NumberOf(output.Topic));
        writer.Number(output.Partition ?? Null);
        writer.Long(output.TimestampMs);
        writer.Bytes(output.Key);
        writer.Bytes(output.Value);
        var headers = output.Headers;
        writer.Number(headers.Count);
        for (var i = 0; i < headers.Count; i++)
        {
            writer.Number(NumberOf(headers[i].Key));
            writer.Bytes(headers[i].Value);
        }
    }

    private ProducedRecord ReadRecord(ReadOnlySpan<byte> bytes)
    {
        var reader = new Reader(bytes);
        var topic = _names[reader.Number()];
        var partition = reader.Number();
        var timestampMs = reader.Long();
        var (key, value) = (reader.Bytes(), reader.Bytes());
        var count = reader.Number();
        var headers = new RecordHeaders(count);
        for (var i = 0; i < count; i++) headers.Add(_names[reader.Number()], reader.Bytes());
        return new ProducedRecord(topic, partition == Null ? null : partition, timestampMs, key, value, headers);
    }

    private Span<byte> Take(int length)
    {
        if (_chunk < _chunks.Count && _chunks[_chunk].Length - _used < length)
        {
            if (_chunks[_chunk].Length - _used >= sizeof(int)) BinaryPrimitives.WriteInt32LittleEndian(_chunks[_chunk].AsSpan(_used), Null);
            (_chunk, _used) = (_chunk + 1, 0);
        }
        if (_chunk == _chunks.Count) _chunks.Add(GC.AllocateUninitializedArray<byte>(Math.Max(ChunkBytes, length)));
        else if (_chunks[_chunk].Length < length) _chunks.Insert(_chunk, GC.AllocateUninitializedArray<byte>(length));
        var taken = _chunks[_chunk].AsSpan(_used, length);
        _used += length;
        Bytes += length;
        return taken;
    }

    private int NumberOf(string name)
    {
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_numbers, name, out var isKnown);
        if (isKnown) return number;
        number = _names.Count;
        _names.Add(name);
        return number;
    }

    private static int LengthOf(ProducedRecord output)
    {
        var headers = output.Headers;
        var length = (3 * sizeof(int)) + sizeof(long) + SizeOf(output.Key) + SizeOf(output.Value);
        for (var i = 0; i < headers.Count; i++) length += sizeof(int) + SizeOf(headers[i].Value);
        return length;
    }

    private static int SizeOf(byte[]? bytes) => sizeof(int) + (bytes?.Length ?? 0);

    private static int Read(byte[] chunk, int at) => BinaryPrimitives.ReadInt32LittleEndian(chunk.AsSpan(at));

    private ref struct Writer(Span<byte> rest)
    {
        private Span<byte> _rest = rest;

        internal void Number(int value)
        {
            BinaryPrimitives.WriteInt32LittleEndian(_rest, value);
            _rest = _rest[sizeof(int)..];
        }

        internal void Long(long value)
        {
            BinaryPrimitives.WriteInt64LittleEndian(_rest, value);
            _rest = _rest[sizeof(long)..];
        }

        internal void Bytes(byte[]? value)
        {
            Number(value?.Length ?? Null);
            if (value is null) return;
            value.CopyTo(_rest);
            _rest = _rest[value.Length..];
        }
    }

    private ref struct Reader(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;

        internal int Number()
        {
            var value = BinaryPrimitives.ReadInt32LittleEndian(_rest);
            _rest = _rest[sizeof(int)..];
            return value;
        }

        internal long Long()
        {
            var value = BinaryPrimitives.ReadInt64LittleEndian(_rest);
            _rest = _rest[sizeof(long)..];
            return value;
        }

        internal byte[]? Bytes()
        {
            var length = Number();
            if (length == Null) return null;
            var value = _rest[..length].ToArray();
            _rest = _rest[length..];
            return value;
        }
    }
}

/// <summary>Where in an <see cref="OutputStore"/> the outputs of a batch begin, and how many they are.</summary>
internal readonly record struct StoredOutputs(int Chunk, int Start, int Count);
