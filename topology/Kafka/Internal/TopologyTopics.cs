using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// What a topology needs of the cluster before it runs, as in Kafka Streams: its repartition topics are created, with as
/// many partitions as the topics they are filled from; and the partition counts that partitioners ask for.
/// </summary>
internal sealed class TopologyTopics(StreamTopology topology, KafkaStreamOptions options, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<string, int> _partitions = new(StringComparer.Ordinal);
    private CancellationToken _stop;

    /// <summary>Partitions of a topic; asked once. For partitioners, any thread.</summary>
    /// <exception cref="KafkaStreamException">There is no such topic, or no broker answered.</exception>
    internal int PartitionsOf(string topic)
    {
        if (_partitions.TryGetValue(topic, out var known)) return known;
        Look([topic]);
        return _partitions.TryGetValue(topic, out var found)
            ? found
            : throw new KafkaStreamException($"There is no topic '{topic}' to choose a partition of: create it.", canRetry: true);
    }

    /// <summary>Creates what is missing.</summary>
    /// <exception cref="KafkaStreamException">A topic cannot be created, or has another number of partitions than asked for.</exception>
    /// <exception cref="OperationCanceledException">A stop came first.</exception>
    internal void Prepare(CancellationToken stop)
    {
        _stop = stop;
        if (topology.RepartitionTopics.Count == 0 && !topology.HasPartitioner) return;
        Look([.. topology.SourceTopics, .. topology.SinkTopics]);
        foreach (var topic in topology.RepartitionTopics)
        {
            if (_partitions.TryGetValue(topic.Name, out var existing))
            {
                if (topic.Partitions is not { } wanted || wanted == existing) continue;
                throw new KafkaStreamException(
                    $"Repartition topic '{topic.Name}' has {existing} partitions, the topology asks for {wanted}. Ask for {existing}, " +
                    "or delete the topic once everything in it is processed.", canRetry: false);
            }
            Create(topic.Name, topic.Partitions ?? SourcePartitionsOf(topic.Name, []));
        }
    }

    private void Create(string topic, int partitions)
    {
        KafkaTopics.CreateAsync(options, [topic], partitions).GetAwaiter().GetResult();
        _partitions[topic] = partitions;
        KafkaLog.TopicCreated(logger, topic, partitions);
    }

    /// <summary>The most partitions that a topic has from which this one is filled.</summary>
    private int SourcePartitionsOf(string topic, HashSet<string> asked)
    {
        var most = 0;
        if (!asked.Add(topic)) return most;
        foreach (var source in topology.SourcesOf(topic))
        {
            var repartition = topology.RepartitionTopics.FirstOrDefault(other => other.Name == source);
            most = Math.Max(most, _partitions.TryGetValue(source, out var known) ? known
                : repartition is not null ? repartition.Partitions ?? SourcePartitionsOf(source, asked)
                : throw new KafkaStreamException($"There is no topic '{source}', which the topology reads: create it.", canRetry: true));
        }
        return most;
    }

    private void Look(IReadOnlyCollection<string> topics)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            _stop.ThrowIfCancellationRequested();
            try
            {
                foreach (var (topic, count) in KafkaTopics.Describe(options, topics, Slice)) _partitions[topic] = count;
                return;
            }
            catch (KafkaStreamException exception) when (exception.CanRetry && time.GetElapsedTime(started) < options.DeliveryTimeout)
            {
                _stop.WaitHandle.WaitOne(Slice);
            }
        }
    }
}
