using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using StreamScoring.App.Commands;
using StreamScoring.Schemas;

namespace StreamScoring.App.Replay;

/// <summary>What became of one captured record in a run.</summary>
internal sealed class RunResult
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Partition of the captured record.</summary>
    internal required int Partition { get; init; }

    /// <summary>Offset of the captured record.</summary>
    internal required long Offset { get; init; }

    /// <summary>Microseconds from sending it to its last answer.</summary>
    internal long LatencyUs { get; set; }

    /// <summary>What came out, by topic.</summary>
    internal SortedDictionary<string, RunOutput> Outputs { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Where it failed.</summary>
    internal List<RunFailure> Failures { get; init; } = [];

    /// <summary>Writes it as one line, without its end.</summary>
    internal void Write(IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, Relaxed);
        json.WriteStartObject();
        json.WriteNumber("offset", Offset);
        json.WriteNumber("latency_us", LatencyUs);
        json.WriteStartObject("outputs");
        foreach (var (topic, result) in Outputs)
        {
            json.WriteStartObject(topic);
            if (result.Article is { } article)
            {
                json.WritePropertyName("article");
                json.WriteRawValue(ArticleJson.Write(article), skipInputValidation: true);
            }
            else if (result.Value is null)
            {
                json.WriteNull("value");
            }
            else
            {
                json.WriteBase64String("value_base64", result.Value);
            }
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteStartArray("dead_letters");
        foreach (var failure in Failures)
        {
            json.WriteStartObject();
            json.WriteString("node", failure.Node);
            json.WriteString("exception", failure.Exception);
            json.WriteString("message", failure.Message);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Reads a line.</summary>
    /// <exception cref="CommandException">It is none of <see cref="Write"/>'s.</exception>
    internal static RunResult Read(int partition, byte[] line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            var result = new RunResult { Partition = partition, Offset = root.GetProperty("offset").GetInt64(), LatencyUs = root.GetProperty("latency_us").GetInt64() };
            foreach (var output in root.GetProperty("outputs").EnumerateObject())
            {
                result.Outputs.Add(output.Name, output.Value.TryGetProperty("article", out var article)
                    ? new RunOutput(ArticleJson.Read(Encoding.UTF8.GetBytes(article.GetRawText())), null)
                    : new RunOutput(null, output.Value.TryGetProperty("value_base64", out var value) ? value.GetBytesFromBase64() : null));
            }
            foreach (var failure in root.GetProperty("dead_letters").EnumerateArray())
            {
                result.Failures.Add(new RunFailure(
                    failure.GetProperty("node").GetString() ?? "", failure.GetProperty("exception").GetString() ?? "", failure.GetProperty("message").GetString() ?? ""));
            }
            return result;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or CodecException)
        {
            throw new CommandException($"A line of partition {partition} is no result of a run: {exception.Message}", exception);
        }
    }
}

/// <summary>A record that came out.</summary>
/// <param name="Article">The article; null where the bytes are none.</param>
/// <param name="Value">The bytes where they are no article.</param>
internal sealed record RunOutput(Article? Article, byte[]? Value);

/// <summary>A dead letter.</summary>
/// <param name="Node">The node that failed.</param>
/// <param name="Exception">Type of the exception.</param>
/// <param name="Message">Its message.</param>
internal sealed record RunFailure(string Node, string Exception, string Message);
