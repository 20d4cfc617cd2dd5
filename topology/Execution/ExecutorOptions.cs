using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.Topology.DeadLetters;
using StreamScoring.Topology.Handlers;

namespace StreamScoring.Topology.Execution;

/// <summary>How a topology's executors behave. Read once, by <see cref="StreamTopology.CreateExecutors"/>.</summary>
public sealed record ExecutorOptions
{
    /// <summary>Topic for records that cannot be processed. Null, the default: such a record stops the stream.</summary>
    public string? DeadLetterTopic { get; init; }

    /// <summary>Whose headers dead letters carry. Default: Kafka Streams'.</summary>
    public DeadLetterProfile DeadLetterProfile { get; init; }

    /// <summary>
    /// Decides about records that cannot be read. Default: dead-letter where there is a
    /// <see cref="DeadLetterTopic"/>, else fail.
    /// </summary>
    public IDeserializationExceptionHandler? DeserializationExceptionHandler { get; init; }

    /// <summary>Decides about failures in operators and processors. Default as above.</summary>
    public IProcessingExceptionHandler? ProcessingExceptionHandler { get; init; }

    /// <summary>Decides about outputs that cannot be written. Default as above.</summary>
    public IProductionExceptionHandler? ProductionExceptionHandler { get; init; }

    /// <summary>
    /// How many records in a row may fail at one batch operator before the operator and not the records is held to be
    /// at fault and the stream stops. 2 to 1,000,000; default 100.
    /// </summary>
    public int MaxConsecutiveFailures { get; init; } = 100;

    /// <summary>Wall-clock time for punctuators. Default: the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>
    /// Number of partitions of a topic. Needed only where the topology has a partitioner of its own; may be called
    /// often and from several threads.
    /// </summary>
    public Func<string, int>? PartitionCount { get; init; }

    /// <summary>Where skipped and dead-lettered records are logged. Default: nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>
    /// Called before a node gets a record, with the node's name and the input record; what it throws is thrown at
    /// that node. For tests.
    /// </summary>
    internal Action<string, ConsumedRecord?>? FaultInjector { get; init; }

    internal void Validate(StreamTopology topology)
    {
        var mistakes = new List<string>();
        if (DeadLetterTopic is not null)
        {
            if (!TopicName.IsValid(DeadLetterTopic, out var reason)) mistakes.Add($"DeadLetterTopic: {reason}");
            else if (topology.SourceTopics.Contains(DeadLetterTopic))
                mistakes.Add($"DeadLetterTopic '{DeadLetterTopic}' is a topic the topology reads: its dead letters would come back to it for ever.");
        }
        if (!Enum.IsDefined(DeadLetterProfile))
            mistakes.Add($"DeadLetterProfile: there is no profile {DeadLetterProfile}.");
        if (MaxConsecutiveFailures is < 2 or > 1_000_000)
            mistakes.Add($"MaxConsecutiveFailures is 2 to 1,000,000, not {MaxConsecutiveFailures}.");
        if (topology.HasPartitioner && PartitionCount is null)
            mistakes.Add("The topology has a partitioner of its own: PartitionCount is needed.");
        if (mistakes.Count > 0) throw new TopologyException(mistakes);
    }
}
