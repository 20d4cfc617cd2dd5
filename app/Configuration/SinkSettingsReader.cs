using StreamScoring.App.Sinks;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Configuration;

/// <summary>Reads the entries of <c>Sinks</c>; what only one kind of sink knows, that kind reads.</summary>
internal sealed class SinkSettingsReader : ISinkSettings
{
    private readonly SettingsReader _reader;

    private SinkSettingsReader(SettingsReader reader) => _reader = reader;

    /// <summary>All entries, every mistake reported.</summary>
    internal static List<SinkSettings> ReadAll(SettingsReader root, IReadOnlyList<NodeSettings> nodes)
    {
        var sinks = new List<SinkSettings>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var reader in root.List("Sinks"))
        {
            if (new SinkSettingsReader(reader).Read(nodes) is not { } sink) continue;
            if (!names.Add(sink.Name)) reader.Problem("Name", $"'{sink.Name}' is the name of another sink too");
            reader.WarnAboutUnknownKeys();
            sinks.Add(sink);
        }
        return sinks;
    }

    /// <inheritdoc/>
    public string Text(string key, string fallback) => _reader.Text(key, fallback);

    /// <inheritdoc/>
    public long Number(string key, long fallback, long least, long most, string unit) => _reader.Number(key, fallback, least, most, unit);

    /// <inheritdoc/>
    public bool Flag(string key, bool fallback) => _reader.Flag(key, fallback);

    /// <inheritdoc/>
    public void Problem(string key, string complaint) => _reader.Problem(key, complaint);

    private SinkSettings? Read(IReadOnlyList<NodeSettings> nodes)
    {
        var kind = _reader.Checked("Kind", "sqlite", KindComplaint);
        var name = _reader.Checked("Name", kind, Names.NameComplaint);
        var topics = ReadTopics(nodes);
        var batch = _reader.Child("Batch");
        var settings = (
            Records: (int)batch.Number("Records", SinkSettings.DefaultBatchRecords, 1, 100_000, "records"),
            Bytes: batch.Number("Bytes", SinkSettings.DefaultBatchBytes, 1 << 10, 1L << 30, "bytes"),
            LingerMs: (int)batch.Number("LingerMs", SinkSettings.DefaultBatchLingerMs, 0, 60_000, "ms"));
        batch.WarnAboutUnknownKeys();
        // Without a kind nobody knows the other settings: one mistake is enough.
        if (!SinkKinds.Registry.Knows(kind)) return null;
        return new SinkSettings
        {
            Kind = kind,
            Name = name,
            Topics = topics,
            BatchRecords = settings.Records,
            BatchBytes = settings.Bytes,
            BatchLingerMs = settings.LingerMs,
            Plan = SinkKinds.Registry.Plan(kind, this),
        };
    }

    private static string? KindComplaint(string kind)
    {
        if (SinkKinds.Registry.Knows(kind)) return null;
        var known = string.Join(", ", SinkKinds.Registry.Kinds);
        if (kind.Length == 0) return $"is missing: give one of {known}";
        return Spelling.Nearest(kind, SinkKinds.Registry.Kinds) is { } nearest
            ? $"there is no kind of sink '{kind}', did you mean '{nearest}'? Known: {known}"
            : $"there is no kind of sink '{kind}'. Known: {known}";
    }

    private List<string> ReadTopics(IReadOnlyList<NodeSettings> nodes)
    {
        var topics = new List<string>();
        foreach (var (index, topic) in _reader.Map("Topics"))
        {
            if (Names.TopicComplaint(topic) is { } complaint) _reader.Problem($"Topics:{index}", complaint);
            topics.Add(topic);
        }
        return topics.Count > 0 ? topics : [.. TopicGraph.FinalTopics(nodes)];
    }
}
