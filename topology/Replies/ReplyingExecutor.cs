using StreamScoring.Topology.DeadLetters;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Handlers;

namespace StreamScoring.Topology.Replies;

/// <summary>A sub-topology whose requests are answered: the same outputs, and behind those of a request its answer.</summary>
internal sealed class ReplyingExecutor(IBatchExecutor inner, ReplyDesk desk) : IBatchExecutor
{
    public int SubTopologyId => inner.SubTopologyId;

    public IReadOnlyList<string> SourceTopics => inner.SourceTopics;

    public IReadOnlyList<string> SinkTopics => inner.SinkTopics;

    public BatchLimits Limits => inner.Limits;

    public bool IsStateless => inner.IsStateless;

    public DateTimeOffset? NextPunctuation => inner.NextPunctuation;

    public BatchResult Execute(IReadOnlyList<ConsumedRecord> batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var requests = ReadRequests(batch);
        var result = inner.Execute(batch, cancellationToken);
        return requests is null ? result : AddAnswers(batch, requests, result, cancellationToken);
    }

    public IReadOnlyList<ProducedRecord> Punctuate(DateTimeOffset now) => inner.Punctuate(now);

    public ProducedRecord? CreateDeadLetter(ConsumedRecord record, Exception error) => inner.CreateDeadLetter(record, error);

    public ProducedRecord? CreateAnswer(ConsumedRecord record, ProducedRecord? deadLetter) =>
        desk.Read(record) is { } request
            ? desk.Answer(record, request, deadLetter is null ? [] : [deadLetter], CancellationToken.None)
            : null;

    public ProductionResponse DecideProduction(ConsumedRecord record, ProducedRecord output, Exception error) =>
        inner.DecideProduction(record, output, error);

    public bool TakeCommitRequest() => inner.TakeCommitRequest();

    public void OpenTasks(IReadOnlyCollection<int> partitions) => inner.OpenTasks(partitions);

    public void CloseTasks(IReadOnlyCollection<int> partitions) => inner.CloseTasks(partitions);

    public void Dispose() => inner.Dispose();

    /// <returns>Null where no record of the batch wants an answer, as is the rule.</returns>
    private ReplyRequest?[]? ReadRequests(IReadOnlyList<ConsumedRecord> batch)
    {
        ReplyRequest?[]? requests = null;
        for (var i = 0; i < batch.Count; i++)
        {
            if (batch[i].Headers.Count == 0 || desk.Read(batch[i]) is not { } request) continue;
            (requests ??= new ReplyRequest?[batch.Count])[i] = request;
            desk.Prefetch(request);
        }
        return requests;
    }

    private BatchResult AddAnswers(
        IReadOnlyList<ConsumedRecord> batch, ReplyRequest?[] requests, BatchResult result, CancellationToken cancellationToken)
    {
        var all = result.Outputs as ProducedRecord[] ?? [.. result.Outputs];
        var outputs = new List<ProducedRecord>(all.Length + batch.Count);
        var counts = (int[])result.InputCounts.Clone();
        var next = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            var own = all.AsSpan(next, counts[i]);
            next += counts[i];
            outputs.AddRange(own);
            // What waits to be read has come to nothing yet, but will.
            if (requests[i] is not { } request || result.Waiting.Contains(i) || desk.Answer(batch[i], request, own, cancellationToken) is not { } answer) continue;
            outputs.Add(answer);
            counts[i]++;
        }
        outputs.AddRange(all.AsSpan(next));
        return result with { Outputs = outputs, InputCounts = counts };
    }
}
