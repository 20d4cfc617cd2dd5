using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace StreamScoring.App.Bench;

/// <summary>
/// How far topics have come, as a reader of committed records sees it: one small request to the broker, so that watching
/// a run costs it nothing and costs every contestant the same.
/// </summary>
internal sealed class TopicEnds : IDisposable
{
    private readonly string _bootstrapServers;
    private readonly List<TopicPartitionOffsetSpec> _partitions = [];
    private readonly ListOffsetsOptions _options = new() { IsolationLevel = IsolationLevel.ReadCommitted, RequestTimeout = TimeSpan.FromSeconds(30) };
    private IAdminClient _admin;
    private long _sum;

    internal TopicEnds(string bootstrapServers, IEnumerable<string> topics, int partitions)
    {
        _bootstrapServers = bootstrapServers;
        _admin = Connect();
        foreach (var topic in topics)
        {
            for (var partition = 0; partition < partitions; partition++)
            {
                _partitions.Add(new TopicPartitionOffsetSpec { TopicPartition = new TopicPartition(topic, partition), OffsetSpec = OffsetSpec.Latest() });
            }
        }
    }

    /// <summary>Offsets before the last stable one, over all partitions; transaction markers count as records.</summary>
    internal async Task<long> SumAsync()
    {
        try
        {
            var result = await _admin.ListOffsetsAsync(_partitions, _options);
            long sum = 0;
            foreach (var info in result.ResultInfos) sum += Math.Max(0, info.TopicPartitionOffsetError.Offset.Value);
            return _sum = sum;
        }
        catch (KafkaException)
        {
            // A partition of a new topic had no leader yet, and a client does not soon ask again: a new one does.
            _admin.Dispose();
            _admin = Connect();
            return _sum;
        }
    }

    public void Dispose() => _admin.Dispose();

    private IAdminClient Connect() =>
        new AdminClientBuilder(new AdminClientConfig { BootstrapServers = _bootstrapServers, ClientId = "streamscoring-bench" })
            .SetErrorHandler(static (_, _) => { })
            .SetLogHandler(static (_, _) => { })
            .Build();
}
