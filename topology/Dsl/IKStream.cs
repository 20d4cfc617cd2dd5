using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Dsl;

/// <summary>
/// A stream of records. Operators describe what happens to each; nothing runs before the topology does. Every operator
/// takes a name for its node (letters a to z, digits, '.', '_', '-'; unique in the topology), or makes one up as Kafka
/// Streams does.
/// </summary>
/// <remarks>
/// Timestamps and headers go along unless a processor changes them. A null key or value reaches the functions as null:
/// say so in the types (<c>string?</c>) where the topic may hold some. A function that throws fails the input record:
/// its exception handler decides what becomes of it.
/// </remarks>
public interface IKStream<TKey, TValue>
{
    /// <summary>Keeps the records for which <paramref name="predicate"/> holds.</summary>
    IKStream<TKey, TValue> Filter(Func<TKey, TValue, bool> predicate, string? named = null);

    /// <summary>Drops the records for which <paramref name="predicate"/> holds.</summary>
    IKStream<TKey, TValue> FilterNot(Func<TKey, TValue, bool> predicate, string? named = null);

    /// <summary>One record with a new key and value for each.</summary>
    IKStream<TKeyOut, TValueOut> Map<TKeyOut, TValueOut>(
        Func<TKey, TValue, KeyValuePair<TKeyOut, TValueOut>> mapper, string? named = null);

    /// <summary>One record with a new value for each.</summary>
    IKStream<TKey, TValueOut> MapValues<TValueOut>(Func<TValue, TValueOut> mapper, string? named = null);

    /// <summary>One record with a new value for each.</summary>
    IKStream<TKey, TValueOut> MapValues<TValueOut>(Func<TKey, TValue, TValueOut> mapper, string? named = null);

    /// <summary>Any number of records with new keys and values for each.</summary>
    IKStream<TKeyOut, TValueOut> FlatMap<TKeyOut, TValueOut>(
        Func<TKey, TValue, IEnumerable<KeyValuePair<TKeyOut, TValueOut>>> mapper, string? named = null);

    /// <summary>Any number of records with new values for each.</summary>
    IKStream<TKey, TValueOut> FlatMapValues<TValueOut>(
        Func<TValue, IEnumerable<TValueOut>> mapper, string? named = null);

    /// <summary>Any number of records with new values for each.</summary>
    IKStream<TKey, TValueOut> FlatMapValues<TValueOut>(
        Func<TKey, TValue, IEnumerable<TValueOut>> mapper, string? named = null);

    /// <summary>A new key for each record.</summary>
    IKStream<TKeyOut, TValue> SelectKey<TKeyOut>(Func<TKey, TValue, TKeyOut> selector, string? named = null);

    /// <summary>Splits the stream into branches.</summary>
    IBranchedKStream<TKey, TValue> Split(string? named = null);

    /// <summary>This stream and another as one; there is no order between the records of the two.</summary>
    IKStream<TKey, TValue> Merge(IKStream<TKey, TValue> other, string? named = null);

    /// <summary>Looks at each record and passes it on.</summary>
    IKStream<TKey, TValue> Peek(Action<TKey, TValue> action, string? named = null);

    /// <summary>Does something with each record; the stream ends here.</summary>
    void Foreach(Action<TKey, TValue> action, string? named = null);

    /// <summary>
    /// Hands each record to a processor with state. Makes the sub-topology stateful: its batches run one after the
    /// other.
    /// </summary>
    /// <param name="supplier">Gives a new processor for each task.</param>
    /// <param name="named">Name of the node.</param>
    IKStream<TKeyOut, TValueOut> Process<TKeyOut, TValueOut>(
        Func<IProcessor<TKey, TValue, TKeyOut, TValueOut>> supplier, string? named = null);

    /// <summary>
    /// Hands the records of a whole micro-batch to a processor in one call (or several, see
    /// <see cref="BatchOptions.MaxRecords"/>).
    /// </summary>
    /// <param name="processor">Shared by all tasks and threads; stays the caller's to dispose of.</param>
    /// <param name="options">How large a batch may get. Default: 64 records, 4 MiB, 5 ms.</param>
    /// <param name="named">Name of the node.</param>
    IKStream<TKeyOut, TValueOut> ProcessBatch<TKeyOut, TValueOut>(
        IBatchProcessor<TKey, TValue, TKeyOut, TValueOut> processor, BatchOptions? options = null, string? named = null);

    /// <summary>A new value for each record, computed for a whole micro-batch in one call: a model.</summary>
    /// <param name="scorer">Called from several threads at once; keeps no state.</param>
    /// <param name="options">How large a batch may get. Default: 64 records, 4 MiB, 5 ms.</param>
    /// <param name="named">Name of the node.</param>
    IKStream<TKey, TValueOut> Score<TValueOut>(
        BatchScorer<TKey, TValue, TValueOut> scorer, BatchOptions? options = null, string? named = null);

    /// <summary>Writes each record to a topic.</summary>
    void To(string topic, Produced<TKey, TValue> produced);

    /// <summary>Writes each record to the topic that <paramref name="extractor"/> names.</summary>
    void To(TopicNameExtractor<TKey, TValue> extractor, Produced<TKey, TValue> produced);

    /// <summary>Writes each record to a topic and reads it back: the operators that follow are a sub-topology of their own.</summary>
    IKStream<TKey, TValue> Through(string topic, Produced<TKey, TValue> produced);

    /// <summary>The same through a topic that exists for this alone, see <see cref="StreamTopology.RepartitionTopics"/>.</summary>
    IKStream<TKey, TValue> Repartition(Repartitioned<TKey, TValue> repartitioned);
}
