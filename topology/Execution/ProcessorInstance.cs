using StreamScoring.Topology.Graph;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Execution;

/// <summary>A processor at work in a task.</summary>
internal interface IProcessorInstance
{
    GraphNode Node { get; }

    void Init();

    void Punctuate(Schedule schedule, long timestampMs, Pass pass);

    void Close();
}

/// <summary>A processor and its context: the context knows what is in work only while the processor runs.</summary>
internal sealed class ProcessorInstance<TKeyIn, TValueIn, TKeyOut, TValueOut>(
    ProcessNode<TKeyIn, TValueIn, TKeyOut, TValueOut> node,
    IProcessor<TKeyIn, TValueIn, TKeyOut, TValueOut> processor,
    StreamTask task) : IProcessorInstance, IProcessorContext<TKeyOut, TValueOut>
{
    private Pass? _pass;
    private bool _isClosed;

    public GraphNode Node => node;

    public TaskId TaskId => task.Id;

    public string NodeName => node.Name;

    public RecordMetadata? Metadata => _pass?.Metadata;

    public long CurrentStreamTimeMs => _pass?.StreamTimeMs ?? task.StreamTimeMs;

    public DateTimeOffset CurrentSystemTime => task.TimeProvider.GetUtcNow();

    public void Init() => processor.Init(this);

    public void Process(in Record<TKeyIn, TValueIn> record, Pass pass)
    {
        _pass = pass;
        try
        {
            processor.Process(record);
        }
        finally
        {
            _pass = null;
        }
    }

    public void Punctuate(Schedule schedule, long timestampMs, Pass pass)
    {
        _pass = pass;
        try
        {
            schedule.Punctuator(timestampMs);
        }
        finally
        {
            _pass = null;
        }
    }

    public void Forward(in Record<TKeyOut, TValueOut> record)
    {
        var pass = CurrentPass();
        try
        {
            node.Out.Emit(record.WithHeaders(record.Headers.Clone()), pass);
        }
        catch (Exception exception) when (pass.NoteFailure(exception))
        {
            throw;
        }
    }

    public void Forward(in Record<TKeyOut, TValueOut> record, string childName)
    {
        var pass = CurrentPass();
        try
        {
            node.Out.EmitTo(childName, record.WithHeaders(record.Headers.Clone()), pass);
        }
        catch (Exception exception) when (pass.NoteFailure(exception))
        {
            throw;
        }
    }

    public void Commit() => task.RequestCommit();

    public ICancellable Schedule(TimeSpan interval, PunctuationType type, Punctuator punctuator)
    {
        ArgumentNullException.ThrowIfNull(punctuator);
        ArgumentOutOfRangeException.ThrowIfLessThan(interval, TimeSpan.FromMilliseconds(1));
        ObjectDisposedException.ThrowIf(_isClosed, this);
        return task.AddSchedule(this, (long)interval.TotalMilliseconds, type, punctuator);
    }

    public void Close()
    {
        _isClosed = true;
        processor.Close();
    }

    private Pass CurrentPass() => _pass ?? throw new InvalidOperationException(
        $"Node '{node.Name}' forwarded a record outside Process and its punctuators: nobody would be there to take it.");
}
