using Microsoft.Extensions.Logging;
using StreamScoring.App.Commands;
using StreamScoring.App.Kafka;

namespace StreamScoring.App.DeadLetters;

/// <summary>The dead-letter topic as it is at one moment, with what is known of replays. Letters are streamed, never gathered.</summary>
internal sealed class LetterTopic : IDisposable
{
    private readonly TopicReader _reader;
    private readonly Dictionary<int, OffsetRanges> _replayed = [];
    private readonly int _partitions;

    private LetterTopic(string name, string id, int partitions, IReadOnlyDictionary<string, int> topics, TopicReader reader) =>
        (Name, Id, _partitions, Topics, _reader) = (name, id, partitions, topics, reader);

    /// <summary>Its name.</summary>
    internal string Name { get; }

    /// <summary>Kafka's id of it, which a topic deleted and made anew does not share; empty where the broker tells none.</summary>
    internal string Id { get; }

    /// <summary>False on the embedded broker, which knows no ids and creates a topic when it is first written.</summary>
    internal bool HasAdmin { get; private init; }

    /// <summary>Every topic of the cluster, with its number of partitions.</summary>
    internal IReadOnlyDictionary<string, int> Topics { get; }

    /// <summary>Finds the topic.</summary>
    /// <exception cref="CommandException">No Kafka answers, it has no such topic, or does not tell the topic's id.</exception>
    internal static async Task<LetterTopic> OpenAsync(CommandContext context, KafkaClients clients)
    {
        var name = context.Options.DeadLetterTopic;
        var logger = context.Logs.CreateLogger("StreamScoring.DeadLetters");
        var findings = await TopicCheck.LookAsync(clients, [name], TopicCheck.Patience, logger, context.Time, context.Stopping);
        if (findings.Hidden.Count > 0) throw new CommandException(TopicCheck.Explain(findings, clients.BootstrapServers));
        if (findings.Missing.Count > 0)
        {
            throw new CommandException($"There is no topic {name} at {clients.BootstrapServers}: nothing was dead-lettered, or DeadLetterTopic is another (--topic).");
        }
        var hasAdmin = await TopicCheck.ClusterIdAsync(clients) is not null;
        var id = hasAdmin ? await TopicCheck.TopicIdAsync(clients, name) : null;
        var reader = new TopicReader(clients, "dlq", logger, context.Time);
        return new LetterTopic(name, id ?? "", findings.Partitions[name], findings.Partitions, reader) { HasAdmin = hasAdmin };
    }

    /// <summary>Learns which letters were replayed, from what was committed until now.</summary>
    internal void LoadReplayed(CancellationToken cancellationToken)
    {
        _replayed.Clear();
        var markers = ReplayMarker.TopicOf(Name);
        if (!Topics.TryGetValue(markers, out var partitions)) return;
        foreach (var result in _reader.Read(_reader.WholeTopic(markers, partitions), cancellationToken))
        {
            if (result.Message.Value is not { } value || ReplayMarker.Read(value) is not { } marker || marker.TopicId != Id) continue;
            if (!_replayed.TryGetValue(marker.Partition, out var ranges)) _replayed.Add(marker.Partition, ranges = new OffsetRanges());
            foreach (var (from, until) in marker.Offsets) ranges.Add(from, until);
        }
    }

    /// <summary>Whether a letter was replayed.</summary>
    internal bool IsReplayed(LetterPosition position) =>
        _replayed.TryGetValue(position.Partition, out var ranges) && ranges.Contains(position.Offset);

    /// <summary>What became of a letter.</summary>
    internal LetterState StateOf(Letter letter) => IsReplayed(letter.Position) ? LetterState.Replayed : LetterState.Open;

    /// <summary>The parts of the topic that hold what is asked for: up to its end now, or single letters.</summary>
    /// <param name="positions">Single letters; empty: all.</param>
    /// <param name="openOnly">Begins each partition at its first letter that was not replayed.</param>
    /// <exception cref="CommandException">A letter is asked for where none can be.</exception>
    internal List<PartitionRange> Ranges(IReadOnlySet<LetterPosition> positions, bool openOnly)
    {
        var whole = _reader.WholeTopic(Name, _partitions);
        if (positions.Count == 0)
        {
            return [.. whole.Select(range => openOnly && _replayed.TryGetValue(range.Partition.Partition.Value, out var done)
                ? range with { From = Math.Max(range.From, done.FirstMissing(range.From)) }
                : range)];
        }
        var ranges = new List<PartitionRange>();
        foreach (var position in positions.OrderBy(static position => position.Partition).ThenBy(static position => position.Offset))
        {
            if (position.Partition >= _partitions) throw new CommandException($"{position}: {Name} has partitions 0 to {_partitions - 1}.");
            var range = whole[position.Partition];
            if (position.Offset < range.From || position.Offset >= range.Until)
            {
                throw new CommandException($"{position}: partition {position.Partition} of {Name} holds the offsets {range.From} to {range.Until - 1}.");
            }
            ranges.Add(range with { From = position.Offset, Until = position.Offset + 1 });
        }
        return ranges;
    }

    /// <summary>The letters of these ranges, partition after partition.</summary>
    internal IEnumerable<Letter> Read(IReadOnlyList<PartitionRange> ranges, CancellationToken cancellationToken)
    {
        foreach (var result in _reader.Read(ranges, cancellationToken)) yield return new Letter(result);
    }

    public void Dispose() => _reader.Dispose();
}
