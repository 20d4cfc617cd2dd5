using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace StreamScoring.App.Replay;

/// <summary>The report for programs: one JSON object.</summary>
internal static class DiffJson
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static void Write(DiffReport report, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, Relaxed);
        json.WriteStartObject();
        json.WriteBoolean("within_tolerance", report.IsKept);
        WriteRun(json, "a", report.FolderA, report.A);
        WriteRun(json, "b", report.FolderB, report.B);
        json.WriteNumber("records", report.Records);
        json.WriteNumber("changed", report.Changed);
        json.WriteStartObject("measures");
        foreach (var (tolerance, value) in report.Measures)
        {
            json.WriteStartObject(tolerance.Name);
            WriteNumber(json, "value", value);
            WriteNumber(json, tolerance.IsMinimum ? "at_least" : "at_most", double.IsNaN(tolerance.Limit) ? null : tolerance.Limit);
            json.WriteBoolean("kept", tolerance.IsKept(value));
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteStartObject("entities");
        json.WriteNumber("shared", report.Entities.Shared);
        json.WriteNumber("added", report.Entities.Added);
        json.WriteNumber("lost", report.Entities.Lost);
        json.WriteEndObject();
        json.WriteStartArray("flips");
        foreach (var (from, to, count) in report.Flips)
        {
            json.WriteStartObject();
            json.WriteString("from", from);
            json.WriteString("to", to);
            json.WriteNumber("count", count);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartObject("latency_ms");
        foreach (var (name, a50, b50, a95, b95) in report.Latencies)
        {
            json.WriteStartObject(name);
            WriteNumber(json, "a_p50", a50);
            WriteNumber(json, "b_p50", b50);
            WriteNumber(json, "a_p95", a95);
            WriteNumber(json, "b_p95", b95);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteStartArray("worst");
        foreach (var change in report.Worst) WriteChange(json, change);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteRun(Utf8JsonWriter json, string name, string folder, CaptureManifest manifest)
    {
        json.WriteStartObject(name);
        json.WriteString("folder", folder);
        json.WriteBoolean("complete", manifest.Complete);
        json.WriteString("against", manifest.Run?.Against);
        json.WriteString("speed", manifest.Run?.Speed);
        json.WriteNumber("elapsed_seconds", manifest.Run?.ElapsedSeconds ?? 0);
        json.WriteNumber("dead_letters", manifest.Run?.DeadLetters ?? 0);
        json.WriteStartObject("models");
        foreach (var node in manifest.Nodes) json.WriteString(node.Name, node.Sha256);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteChange(Utf8JsonWriter json, RecordChange change)
    {
        json.WriteStartObject();
        json.WriteNumber("partition", change.Partition);
        json.WriteNumber("offset", change.Offset);
        json.WriteString("id", change.Id);
        if (change.OnlyIn is { } run) json.WriteString("only_in", run);
        if (change.Outcome is (var outcomeA, var outcomeB))
        {
            json.WriteString("outcome_a", outcomeA);
            json.WriteString("outcome_b", outcomeB);
        }
        if (change.OtherFields.Count > 0) json.WriteString("other_fields", string.Join(',', change.OtherFields));
        if (change.Flip is (var from, var scoreA, var to, var scoreB))
        {
            json.WriteString("topic_a", from);
            json.WriteNumber("topic_score_a", scoreA);
            json.WriteString("topic_b", to);
            json.WriteNumber("topic_score_b", scoreB);
        }
        json.WriteNumber("topic_delta", change.TopicDelta);
        WriteEntities(json, "entities_added", change.Added);
        WriteEntities(json, "entities_lost", change.Lost);
        json.WriteNumber("entity_delta", change.EntityDelta);
        WriteNumber(json, "rouge_l", change.Rouge);
        json.WriteNumber("summary_delta", change.SummaryDelta);
        json.WriteEndObject();
    }

    private static void WriteEntities(Utf8JsonWriter json, string name, List<EntitySpan> entities)
    {
        json.WriteStartArray(name);
        foreach (var entity in entities)
        {
            json.WriteStartObject();
            json.WriteString("type", entity.Type);
            json.WriteString("text", entity.Text);
            json.WriteString("field", entity.Field.ToString().ToLowerInvariant());
            json.WriteNumber("start", entity.Start);
            json.WriteNumber("end", entity.End);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number) json.WriteNumber(name, number);
        else json.WriteNull(name);
    }
}
