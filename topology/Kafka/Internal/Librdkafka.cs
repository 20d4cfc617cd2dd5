using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Confluent.Kafka;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// The functions of librdkafka that every record goes through, as rdkafka.h of 2.15 declares them, on clients that
/// Confluent.Kafka has made and keeps, and those that ask what it takes for a property. All else goes through Confluent.Kafka.
/// </summary>
internal static unsafe partial class Librdkafka
{
    /// <summary>Which of its builds: <see cref="LibrdkafkaBuild"/>.</summary>
    internal const string Library = "librdkafka";

    private static readonly PropertyInfo HandleProperty =
        typeof(Handle).GetProperty("LibrdkafkaHandle", BindingFlags.Instance | BindingFlags.NonPublic)
        ?? throw new MissingMemberException(nameof(Handle), "LibrdkafkaHandle");

    /// <summary>The <c>rd_kafka_t</c> of a client, valid until the client is disposed of.</summary>
    internal static nint ClientOf(Handle handle) => ((SafeHandle)HandleProperty.GetValue(handle)!).DangerousGetHandle();

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_get_consumer")]
    internal static partial nint ConsumerQueue(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_destroy")]
    internal static partial void DestroyQueue(nint queue);

    /// <summary>Waits until there are so many messages or the timeout is over; calls back for rebalances and errors.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_consume_batch_queue")]
    internal static partial nint ConsumeBatch(nint queue, int timeoutMs, NativeMessage** messages, nuint size);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_destroy")]
    internal static partial void DestroyMessage(NativeMessage* message);

    [SuppressGCTransition]
    [LibraryImport(Library, EntryPoint = "rd_kafka_message_timestamp")]
    internal static partial long TimestampOf(NativeMessage* message, out int type);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_headers")]
    internal static partial int HeadersOf(NativeMessage* message, out nint headers);

    [SuppressGCTransition]
    [LibraryImport(Library, EntryPoint = "rd_kafka_header_cnt")]
    internal static partial nuint HeaderCount(nint headers);

    [SuppressGCTransition]
    [LibraryImport(Library, EntryPoint = "rd_kafka_header_get_all")]
    internal static partial int GetHeader(nint headers, nuint index, out byte* name, out byte* value, out nuint length);

    [SuppressGCTransition]
    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_name")]
    internal static partial byte* TopicName(nint topic);

    [LibraryImport(Library, EntryPoint = "rd_kafka_fatal_error")]
    internal static partial int FatalError(nint client, byte* reason, nuint size);

    [LibraryImport(Library, EntryPoint = "rd_kafka_headers_new")]
    internal static partial nint NewHeaders(nuint capacity);

    [LibraryImport(Library, EntryPoint = "rd_kafka_headers_destroy")]
    internal static partial void DestroyHeaders(nint headers);

    [LibraryImport(Library, EntryPoint = "rd_kafka_header_add")]
    internal static partial int AddHeader(nint headers, byte* name, nint nameLength, byte* value, nint length);

    /// <returns>Null, or an error to destroy; only then headers are still the caller's.</returns>
    [LibraryImport(Library, EntryPoint = "rd_kafka_produceva")]
    internal static partial nint Produce(nint client, NativeField* fields, nuint count);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_new")]
    internal static partial nint NewConfiguration();

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_destroy")]
    internal static partial void DestroyConfiguration(nint configuration);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SetConfiguration(
        nint configuration, string name, string value, byte[] error, nuint errorSizeBytes);

    [LibraryImport(Library, EntryPoint = "rd_kafka_error_code")]
    internal static partial int CodeOf(nint error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_error_string")]
    internal static partial byte* ReasonOf(nint error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_error_is_fatal")]
    internal static partial int IsFatal(nint error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_error_destroy")]
    internal static partial void DestroyError(nint error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_get_main")]
    internal static partial nint MainQueue(nint client);

    /// <summary>Waits for an event; below 0 ms until there is one or <see cref="Yield"/> is called.</summary>
    /// <returns>An event to destroy, or 0.</returns>
    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_poll")]
    internal static partial nint PollEvent(nint queue, int timeoutMs);

    /// <summary>Ends the wait of the thread that polls the queue, or of the one that polls it next.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_yield")]
    internal static partial void Yield(nint queue);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_type")]
    internal static partial int TypeOf(nint @event);

    /// <summary>Takes the next messages out of an event that reports deliveries; they live as long as the event.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_event_message_array")]
    internal static partial nuint TakeMessages(nint @event, NativeMessage** messages, nuint size);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_error")]
    internal static partial int EventError(nint @event);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_error_string")]
    internal static partial byte* EventReason(nint @event);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_error_is_fatal")]
    internal static partial int IsEventFatal(nint @event);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_destroy")]
    internal static partial void DestroyEvent(nint @event);

    /// <returns>0, or an error to destroy.</returns>
    [LibraryImport(Library, EntryPoint = "rd_kafka_sasl_background_callbacks_enable")]
    internal static partial nint RefreshTokensInBackground(nint client);

    /// <summary>What the code of a message, a call or a report says; of a client that is fatally ill, its illness.</summary>
    internal static Error ErrorOf(nint client, ErrorCode code, string? reason = null)
    {
        if (code != ErrorCode.Local_Fatal) return reason is null ? new Error(code) : new Error(code, reason);
        const int longest = 512;
        var text = stackalloc byte[longest];
        var cause = (ErrorCode)FatalError(client, text, longest);
        return new Error(cause, ToText(text), isFatal: true);
    }

    /// <summary>UTF-8 that ends with a zero.</summary>
    internal static string ToText(byte* utf8) => Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(utf8));
}

/// <summary><c>rd_kafka_message_t</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeMessage
{
    /// <summary>Not 0: no record, and the payload is text.</summary>
    internal int Error;
    internal nint Topic;
    internal int Partition;
    internal byte* Payload;
    internal nuint PayloadLength;
    internal byte* Key;
    internal nuint KeyLength;
    internal long Offset;

    /// <summary>What was given with the record when it was queued.</summary>
    internal nint Opaque;
}

/// <summary><c>rd_kafka_vu_t</c>: what a field of a record is, and its value.</summary>
[StructLayout(LayoutKind.Explicit, Size = 72)]
internal unsafe struct NativeField
{
    [FieldOffset(0)]
    private int _type;

    [FieldOffset(8)]
    private void* _pointer;

    [FieldOffset(8)]
    private long _number;

    [FieldOffset(16)]
    private nuint _length;

    internal static NativeField Topic(byte* name) => new() { _type = 1, _pointer = name };

    internal static NativeField Partition(int partition) => new() { _type = 3, _number = partition };

    internal static NativeField Value(byte* bytes, int length) => new() { _type = 4, _pointer = bytes, _length = (nuint)length };

    internal static NativeField Opaque(nint opaque) => new() { _type = 6, _pointer = (void*)opaque };

    internal static NativeField Key(byte* bytes, int length) => new() { _type = 5, _pointer = bytes, _length = (nuint)length };

    /// <summary>librdkafka makes copies of value and key.</summary>
    internal static NativeField Copied() => new() { _type = 7, _number = 2 };

    internal static NativeField TimestampMs(long timestamp) => new() { _type = 8, _number = timestamp };

    internal static NativeField Headers(nint headers) => new() { _type = 10, _pointer = (void*)headers };
}
