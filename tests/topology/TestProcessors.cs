using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Tests;

/// <summary>A model of the tests: notes the sizes of its batches and throws on a batch with a bad value in it.</summary>
internal sealed class RecordingBatchProcessor : IBatchProcessor<string, string, string, string>
{
    private readonly Lock _lock = new();

    public List<int> BatchSizes { get; } = [];

    public Func<string, bool> IsBad { get; init; } = static value => value.StartsWith("bad", StringComparison.Ordinal);

    public void Process(
        ReadOnlySpan<Record<string, string>> batch, BatchOutput<string, string> output, CancellationToken cancellationToken)
    {
        lock (_lock) BatchSizes.Add(batch.Length);
        foreach (ref readonly var record in batch)
        {
            if (IsBad(record.Value)) throw new InvalidDataException($"cannot score '{record.Value}'");
        }
        for (var i = 0; i < batch.Length; i++) output.Forward(i, batch[i].WithValue(batch[i].Value + "!"));
    }
}

/// <summary>A processor made of functions.</summary>
internal sealed class LambdaProcessor(
    Action<IProcessorContext<string, string>, Record<string, string>> process,
    Action<IProcessorContext<string, string>>? init = null,
    Action? close = null) : IProcessor<string, string, string, string>
{
    private IProcessorContext<string, string> _context = null!;

    public void Init(IProcessorContext<string, string> context)
    {
        _context = context;
        init?.Invoke(context);
    }

    public void Process(in Record<string, string> record) => process(_context, record);

    public void Close() => close?.Invoke();
}

/// <summary>Numbers the records it sees: state that shows order and loss.</summary>
internal sealed class CountingProcessor : IProcessor<string, string, string, string>
{
    private IProcessorContext<string, string> _context = null!;
    private int _count;

    public void Init(IProcessorContext<string, string> context) => _context = context;

    public void Process(in Record<string, string> record) =>
        _context.Forward(record.WithValue($"{record.Value}#{++_count}"));
}
