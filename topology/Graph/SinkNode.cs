using StreamScoring.Topology.DeadLetters;
using StreamScoring.Topology.Dsl;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Processing;
using StreamScoring.Topology.Serialization;

namespace StreamScoring.Topology.Graph;

internal sealed class SinkNode<TKey, TValue> : Node<TKey, TValue>
{
    private readonly string? _topic;
    private readonly TopicNameExtractor<TKey, TValue>? _extractor;
    private readonly SerdeCodec<TKey> _key;
    private readonly SerdeCodec<TValue> _value;
    private readonly StreamPartitioner<TKey, TValue>? _partitioner;

    public SinkNode(
        string name, string? topic, TopicNameExtractor<TKey, TValue>? extractor, Produced<TKey, TValue> produced)
        : base(name, NodeKind.Sink)
    {
        _topic = topic;
        _extractor = extractor;
        _key = new SerdeCodec<TKey>(produced.KeySerde);
        _value = new SerdeCodec<TValue>(produced.ValueSerde);
        _partitioner = produced.Partitioner;
        Topics = topic is null ? [] : [topic];
    }

    /// <summary>The topic; empty where an extractor names it for each record.</summary>
    public override IReadOnlyList<string> Topics { get; }

    public override void Process(in Record<TKey, TValue> record, Pass pass)
    {
        var topic = _topic ?? _extractor!(record, pass.Metadata);
        if (string.IsNullOrEmpty(topic))
            throw new InvalidOperationException("The topic-name extractor gave no topic for the record.");
        int? partition = null;
        if (_partitioner is not null)
        {
            var count = pass.PartitionCount(topic);
            partition = _partitioner(topic, record.Key, record.Value, count);
            if (partition < 0 || partition >= count)
                throw new InvalidOperationException(
                    $"The partitioner chose partition {partition} of topic '{topic}', which has {count}.");
        }

        pass.Doing = ProcessingStage.Serialization;
        pass.OutputTopic = topic;
        var headers = record.Headers;
        var key = _key.Write(record.Key, pass.Buffer, new SerdeContext(topic, IsKey: true, headers));
        var value = _value.Write(record.Value, pass.Buffer, new SerdeContext(topic, IsKey: false, headers));
        pass.Doing = ProcessingStage.Processing;
        pass.AddOutput(new ProducedRecord(topic, partition, record.TimestampMs, key, value, headers));
    }
}
