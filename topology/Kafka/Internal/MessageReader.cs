using System.Runtime.InteropServices;
using System.Text;
using Confluent.Kafka;
using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// Reads a consumer's messages many at a time, straight from librdkafka: Confluent.Kafka's Consume costs a record about as much
/// as all of our own work on it. Rebalance callbacks run inside <see cref="Read"/>, and what was read before one and is of a
/// partition that went is not among the messages, or has no owner. Used by the consumer thread.
/// </summary>
internal sealed unsafe class MessageReader : IDisposable
{
    private const int MaxMessages = 128;

    // What is read in one call comes on top of what there is room for: of large records fewer are read.
    private const int BytesAtATime = 1 << 20;

    private readonly nint _client;
    private readonly nint _queue;
    private readonly NameCache _names = new();
    private readonly nint[] _messages = GC.AllocateUninitializedArray<nint>(MaxMessages, pinned: true);
    private int _count;
    private int _most = MaxMessages;

    internal MessageReader(Handle consumer)
    {
        _client = Librdkafka.ClientOf(consumer);
        _queue = Librdkafka.ConsumerQueue(_client);
    }

    /// <summary>Waits until there are <paramref name="most"/> messages, or as many as are read at a time, or the timeout is over.</summary>
    /// <returns>How many there are, until <see cref="Free"/>.</returns>
    internal int Read(int most, TimeSpan timeout)
    {
        var messages = (NativeMessage**)Marshal.UnsafeAddrOfPinnedArrayElement(_messages, 0);
        var timeoutMs = (int)Math.Ceiling(timeout.TotalMilliseconds);
        _count = (int)Math.Max(0, Librdkafka.ConsumeBatch(_queue, timeoutMs, messages, (nuint)Math.Min(most, _most)));
        nuint bytes = 0;
        for (var i = 0; i < _count; i++) bytes += messages[i]->PayloadLength + messages[i]->KeyLength;
        if (bytes > 0) _most = (int)Math.Clamp((nuint)(_count * (long)BytesAtATime) / bytes, 1, MaxMessages);
        return _count;
    }

    /// <summary>One of the messages read.</summary>
    internal ref readonly NativeMessage this[int index] => ref *(NativeMessage*)_messages[index];

    /// <summary>Gives the messages back.</summary>
    internal void Free()
    {
        for (var i = 0; i < _count; i++) Librdkafka.DestroyMessage((NativeMessage*)_messages[i]);
        _count = 0;
    }

    public void Dispose()
    {
        Free();
        Librdkafka.DestroyQueue(_queue);
    }

    /// <summary>The topic of a message, the same string for every message; null where an error is of none.</summary>
    internal string? TopicOf(in NativeMessage message) =>
        message.Topic == 0 ? null : _names.Read(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(Librdkafka.TopicName(message.Topic)));

    /// <summary>The record of a message that is no error.</summary>
    /// <param name="message">The message.</param>
    /// <param name="topic">Its topic.</param>
    internal ConsumedRecord ToRecord(ref readonly NativeMessage message, string topic)
    {
        fixed (NativeMessage* pointer = &message)
        {
            return new ConsumedRecord(
                topic, message.Partition, message.Offset, Librdkafka.TimestampOf(pointer, out _), ToArray(message.Key, message.KeyLength),
                ToArray(message.Payload, message.PayloadLength), ReadHeaders(pointer));
        }
    }

    /// <summary>What a message that is no record tells.</summary>
    internal Error ErrorOf(in NativeMessage message) => Librdkafka.ErrorOf(
        _client, (ErrorCode)message.Error, message.Payload is null ? null : Encoding.UTF8.GetString(message.Payload, (int)message.PayloadLength));

    private RecordHeaders ReadHeaders(NativeMessage* message)
    {
        if (Librdkafka.HeadersOf(message, out var native) != 0) return new RecordHeaders();
        var count = (int)Librdkafka.HeaderCount(native);
        var headers = new RecordHeaders(count);
        for (var i = 0; i < count; i++)
        {
            if (Librdkafka.GetHeader(native, (nuint)i, out var name, out var value, out var length) != 0) break;
            headers.Add(_names.Read(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name)), ToArray(value, length));
        }
        return headers;
    }

    private static byte[]? ToArray(byte* bytes, nuint length) =>
        bytes is null ? null : new ReadOnlySpan<byte>(bytes, (int)length).ToArray();
}
