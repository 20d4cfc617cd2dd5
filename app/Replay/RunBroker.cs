using Confluent.Kafka;
using Confluent.Kafka.Admin;
using StreamScoring.App.Commands;
using StreamScoring.App.Kafka;
using StreamScoring.Topology.Kafka.Embedded;

namespace StreamScoring.App.Replay;

/// <summary>The Kafka that a run takes place on, with topics of the run's own that are gone afterwards.</summary>
internal sealed class RunBroker : IAsyncDisposable
{
    private readonly EmbeddedKafka? _embedded;
    private readonly KafkaClients? _clients;
    private readonly List<string> _topics = [];

    private RunBroker(EmbeddedKafka? embedded, KafkaClients? clients, string bootstrapServers) =>
        (_embedded, _clients, BootstrapServers) = (embedded, clients, bootstrapServers);

    /// <summary>host:port.</summary>
    internal string BootstrapServers { get; }

    /// <summary>Whether it is the embedded one, which keeps little and has no transactions.</summary>
    internal bool IsEmbedded => _embedded is not null;

    /// <summary>The run's consumer group, deleted with its topics.</summary>
    internal string? Group { get; set; }

    /// <summary>Starts the embedded broker.</summary>
    internal static RunBroker StartEmbedded()
    {
        var kafka = EmbeddedKafka.Start();
        return new RunBroker(kafka, null, kafka.BootstrapServers);
    }

    /// <summary>Takes a Kafka that runs.</summary>
    internal static RunBroker Connect(KafkaClients clients) => new(null, clients, clients.BootstrapServers);

    /// <summary>Creates topics.</summary>
    /// <exception cref="CommandException">Kafka does not let us.</exception>
    internal async Task CreateTopicsAsync(IReadOnlyList<string> topics, int partitions)
    {
        if (_embedded is not null)
        {
            foreach (var topic in topics) _embedded.CreateTopic(topic, partitions);
            return;
        }
        using var admin = _clients!.Admin();
        try
        {
            _topics.AddRange(topics);
            // Captured records keep their timestamps: retention would delete those of last month while the run reads them.
            var kept = new Dictionary<string, string> { ["retention.ms"] = "-1", ["retention.bytes"] = "-1" };
            await admin.CreateTopicsAsync(topics.Select(topic => new TopicSpecification { Name = topic, NumPartitions = partitions, Configs = kept }));
        }
        catch (KafkaException exception)
        {
            var reason = exception is CreateTopicsException { Results: var results } ? results.First(static result => result.Error.IsError).Error.Reason : exception.Error.Reason;
            throw new CommandException($"A run against {BootstrapServers} needs topics of its own ({topics[0]}, …), and they could not be created: {reason}", exception);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _embedded?.Dispose();
        if (_topics.Count == 0) return;
        using var admin = _clients!.Admin();
        try
        {
            await admin.DeleteTopicsAsync(_topics);
            if (Group is { } group) await admin.DeleteGroupsAsync([group]);
        }
        catch (KafkaException)
        {
            // Left behind under names that say whose they were; the run itself is done.
        }
    }
}
