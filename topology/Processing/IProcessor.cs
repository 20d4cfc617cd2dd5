namespace StreamScoring.Topology.Processing;

/// <summary>
/// A node of one's own making, with state and punctuators (Kafka Streams' Processor API, KIP-820). There is one
/// instance for each task, and all its calls come one after the other.
/// </summary>
public interface IProcessor<TKeyIn, TValueIn, TKeyOut, TValueOut>
{
    /// <summary>Called once, before anything else: keep the context, schedule punctuators.</summary>
    void Init(IProcessorContext<TKeyOut, TValueOut> context);

    /// <summary>Handles one record; what it has to say goes through <see cref="IProcessorContext{TKey,TValue}.Forward(in Record{TKey, TValue})"/>.</summary>
    /// <exception cref="Exception">
    /// Any: the input record fails as a whole. State that the processor changed before it threw stays changed.
    /// </exception>
    void Process(in Record<TKeyIn, TValueIn> record);

    /// <summary>Called once when the task ends. Nothing can be forwarded any more.</summary>
    void Close()
    {
    }
}

/// <summary>What a processor may ask of its surroundings. Not for use after Close, nor from other threads.</summary>
public interface IProcessorContext<TKey, TValue>
{
    /// <summary>The task this instance belongs to.</summary>
    TaskId TaskId { get; }

    /// <summary>Name of the node.</summary>
    string NodeName { get; }

    /// <summary>The input record in work; null in a punctuator and in Init.</summary>
    RecordMetadata? Metadata { get; }

    /// <summary>Largest timestamp this task has seen, Unix milliseconds; -1 before the first record.</summary>
    long CurrentStreamTimeMs { get; }

    /// <summary>Wall-clock time.</summary>
    DateTimeOffset CurrentSystemTime { get; }

    /// <summary>Gives a record, with its own copy of the headers, to every child.</summary>
    /// <exception cref="InvalidOperationException">Called outside Process and punctuators.</exception>
    void Forward(in Record<TKey, TValue> record);

    /// <summary>Gives a record to one child.</summary>
    /// <exception cref="ArgumentException">There is no such child.</exception>
    /// <exception cref="InvalidOperationException">Called outside Process and punctuators.</exception>
    void Forward(in Record<TKey, TValue> record, string childName);

    /// <summary>Asks for a commit soon. A request: the engine commits when it next can.</summary>
    void Commit();

    /// <summary>
    /// Calls <paramref name="punctuator"/> again and again. One call makes up for any number of missed ones.
    /// Stream time: first after the first record, then whenever the timestamps have moved on by
    /// <paramref name="interval"/>. Wall-clock time: first after one <paramref name="interval"/>.
    /// </summary>
    /// <param name="interval">At least 1 ms.</param>
    /// <param name="type">Which clock counts.</param>
    /// <param name="punctuator">What to call.</param>
    ICancellable Schedule(TimeSpan interval, PunctuationType type, Punctuator punctuator);
}

/// <summary>Which clock a punctuator follows.</summary>
public enum PunctuationType
{
    /// <summary>Time as the records' timestamps tell it; stands still where none come.</summary>
    StreamTime,

    /// <summary>The machine's time as it passes: setting its clock neither delays nor hastens a call.</summary>
    WallClockTime,
}

/// <summary>Called at intervals, see <see cref="IProcessorContext{TKey,TValue}.Schedule"/>.</summary>
/// <param name="timestampMs">Now, stream time or what the machine's clock shows, Unix milliseconds.</param>
public delegate void Punctuator(long timestampMs);

/// <summary>Something scheduled.</summary>
public interface ICancellable
{
    /// <summary>No further calls. May be called more than once.</summary>
    void Cancel();
}
