using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Confluent.Kafka;
using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// Queues records straight with librdkafka: Confluent.Kafka's Produce costs a record more than all of our own work on it.
/// What becomes of them <see cref="DeliveryReports"/> hears. Used by the producer thread.
/// </summary>
internal sealed unsafe class MessageSender(Handle producer)
{
    private const int MaxFields = 8;

    // Every record may have a topic and header keys of its own.
    private const int MaxNames = 1_000;
    private const int LongestName = 256;

    private readonly nint _client = Librdkafka.ClientOf(producer);
    private readonly Dictionary<string, byte[]> _names = new(StringComparer.Ordinal);

    /// <summary>
    /// Queues a record, of whose bytes librdkafka makes copies, for the partition that it names or that the partitioner chooses.
    /// </summary>
    /// <param name="record">The record.</param>
    /// <param name="ticket">Comes back with its delivery report; 0: nobody wants to know.</param>
    /// <returns>Null, or why it is not taken: the queue is full, or the record or the client's state forbids it.</returns>
    internal Error? Send(ProducedRecord record, nint ticket = 0)
    {
        var fields = stackalloc NativeField[MaxFields];
        nuint count = 0;
        fixed (byte* topic = Utf8(record.Topic), key = &Start(record.Key), value = &Start(record.Value))
        {
            fields[count++] = NativeField.Topic(topic);
            fields[count++] = NativeField.Copied();
            fields[count++] = NativeField.Key(key, record.Key?.Length ?? 0);
            fields[count++] = NativeField.Value(value, record.Value?.Length ?? 0);
            if (ticket != 0) fields[count++] = NativeField.Opaque(ticket);
            if (record.Partition is { } partition) fields[count++] = NativeField.Partition(partition);
            if (record.TimestampMs >= 0) fields[count++] = NativeField.TimestampMs(record.TimestampMs);
            var headers = CopyHeaders(record.Headers);
            if (headers != 0) fields[count++] = NativeField.Headers(headers);

            var error = Librdkafka.Produce(_client, fields, count);
            if (error == 0) return null;
            if (headers != 0) Librdkafka.DestroyHeaders(headers);
            return Read(error);
        }
    }

    private Error Read(nint error)
    {
        var (code, reason, isFatal) = ((ErrorCode)Librdkafka.CodeOf(error), Librdkafka.ToText(Librdkafka.ReasonOf(error)), Librdkafka.IsFatal(error) != 0);
        Librdkafka.DestroyError(error);
        return isFatal ? new Error(code, reason, isFatal) : Librdkafka.ErrorOf(_client, code, reason);
    }

    private nint CopyHeaders(RecordHeaders headers)
    {
        if (headers.Count == 0) return 0;
        var native = Librdkafka.NewHeaders((nuint)headers.Count);
        for (var i = 0; i < headers.Count; i++)
        {
            var (key, value) = headers[i];
            var name = Utf8(key);
            fixed (byte* nameStart = name, valueStart = &Start(value))
            {
                // Fails only on the headers of a message that was read.
                _ = Librdkafka.AddHeader(native, nameStart, name.Length - 1, valueStart, value?.Length ?? 0);
            }
        }
        return native;
    }

    /// <summary>UTF-8 with a zero at its end.</summary>
    private byte[] Utf8(string name)
    {
        if (_names.TryGetValue(name, out var utf8)) return utf8;
        utf8 = Encoding.UTF8.GetBytes(name + '\0');
        if (name.Length > LongestName) return utf8;
        if (_names.Count >= MaxNames) _names.Clear();
        _names.Add(name, utf8);
        return utf8;
    }

    /// <summary>Of an empty array a place too: null is another value.</summary>
    private static ref byte Start(byte[]? bytes) =>
        ref bytes is null ? ref Unsafe.NullRef<byte>() : ref MemoryMarshal.GetArrayDataReference(bytes);
}
