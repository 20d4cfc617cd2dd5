using System.Text;
using System.Text.Json;

namespace StreamScoring.App.DeadLetters;

/// <summary>
/// What one transaction of a replay did, as a record of the topic beside the dead letters: which offsets of one of their
/// partitions were replayed. Written in the transaction that sends the letters again, so that both are there or neither.
/// </summary>
/// <param name="TopicId">Kafka's id of the dead-letter topic; empty where the broker tells none.</param>
/// <param name="Partition">Partition of the dead-letter topic.</param>
/// <param name="Offsets">Ranges: first offset, and the offset behind the last.</param>
internal sealed record ReplayMarker(string TopicId, int Partition, IReadOnlyList<(long From, long Until)> Offsets)
{
    /// <summary>Name of the topic with the markers of a dead-letter topic.</summary>
    internal static string TopicOf(string deadLetterTopic) => deadLetterTopic + ".replayed";

    /// <summary>Unique, so that a compacted topic keeps every marker.</summary>
    internal byte[] Key => Encoding.UTF8.GetBytes($"{TopicId}/{new LetterPosition(Partition, Offsets[0].From)}-{Offsets[^1].Until}");

    /// <summary>As JSON.</summary>
    internal byte[] ToBytes()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("topic_id", TopicId);
            json.WriteNumber("partition", Partition);
            json.WriteStartArray("replayed");
            foreach (var (from, until) in Offsets)
            {
                json.WriteStartArray();
                json.WriteNumberValue(from);
                json.WriteNumberValue(until);
                json.WriteEndArray();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    /// <summary>Reads a marker; null where the bytes are none.</summary>
    internal static ReplayMarker? Read(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            var root = document.RootElement;
            var offsets = new List<(long, long)>();
            foreach (var range in root.GetProperty("replayed").EnumerateArray()) offsets.Add((range[0].GetInt64(), range[1].GetInt64()));
            return new ReplayMarker(root.GetProperty("topic_id").GetString() ?? "", root.GetProperty("partition").GetInt32(), offsets);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException)
        {
            return null;
        }
    }
}
