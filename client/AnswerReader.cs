using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using StreamScoring.Schemas;
using StreamScoring.Schemas.Avro;

namespace StreamScoring.Client;

/// <summary>From the record of an answer to an article or an error.</summary>
internal static class AnswerReader
{
    internal const string ErrorHeader = "streamscoring_error";

    internal static bool TryGetError(Headers headers, out string code)
    {
        code = "";
        if (!headers.TryGetLastBytes(ErrorHeader, out var bytes) || bytes is null) return false;
        code = Encoding.UTF8.GetString(bytes);
        return true;
    }

    /// <exception cref="CodecException">The value is no article.</exception>
    internal static Article ReadArticle(ArticleSerde serde, Message<byte[]?, byte[]?> message)
    {
        byte[]? schemaId = null;
        message.Headers?.TryGetLastBytes(ConfluentFraming.ValueSchemaIdHeader, out schemaId);
        return serde.Decode(message.Value, schemaId);
    }

    internal static ScoringException ReadError(string code, byte[]? value)
    {
        var kind = code switch
        {
            "dead-lettered" => ScoringError.DeadLettered,
            "deadline-passed" => ScoringError.DeadlinePassed,
            "too-large" => ScoringError.AnswerTooLarge,
            "quota-exceeded" => ScoringError.QuotaExceeded,
            "dropped" => ScoringError.Dropped,
            _ => ScoringError.UnreadableAnswer,
        };
        try
        {
            using var body = JsonDocument.Parse(value ?? []);
            var root = body.RootElement;
            var node = Text(root, "node");
            var message = Text(root, "message") ?? "no reason given";
            return new ScoringException(kind, node is null ? $"{code}: {message}" : $"{code} at node '{node}': {message}")
            {
                Node = node,
                RemoteException = Text(root, "exception"),
                FoundInTopic = root.TryGetProperty("found", out var found) ? Text(found, "topic") : null,
            };
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return new ScoringException(kind, $"{code}, and its reason cannot be read.", exception);
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
