using StreamScoring.Topology;
using StreamScoring.Topology.Dsl;
using StreamScoring.Topology.Serialization;

namespace TopologyTests;

/// <summary>The topology under test: lines in, the long words of each out, in capitals.</summary>
internal static class LongWords
{
    internal static StreamTopology Build(string input = "lines", string output = "words")
    {
        var builder = new StreamsBuilder();
        builder.Stream(input, Consumed.With(Serdes.String, Serdes.String))
            .FlatMapValues(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Filter((_, word) => word.Length > 4)
            .MapValues(word => word.Contains('\0') ? throw new FormatException("a word with a NUL in it") : word.ToUpperInvariant())
            .To(output, Produced.With(Serdes.String, Serdes.String));
        return builder.Build();
    }
}
