using StreamScoring.App.Sinks.Files;
using StreamScoring.App.Sinks.Postgres;
using StreamScoring.App.Sinks.Sqlite;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Sinks;

/// <summary>Kinds of sink that this program knows.</summary>
internal static class SinkKinds
{
    /// <summary>Makes sinks by kind. A kind of your own is registered here.</summary>
    internal static SinkRegistry Registry { get; } = new SinkRegistry()
        .Register(SqliteSink.Kind, SqliteSinkOptions.Plan)
        .Register(PostgresSink.Kind, PostgresSinkOptions.Plan)
        .Register(FileSink.Kind, FileSinkOptions.Plan);
}
