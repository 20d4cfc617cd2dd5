using System.Buffers;
using System.Threading.Channels;
using StreamScoring.Schemas;

namespace StreamScoring.App.Articles;

/// <summary>Scores a batch: enriches the articles in place and says of each that could not be scored, why.</summary>
internal interface IArticleScorer : IDisposable
{
    /// <summary>Enriches every article. Called from several threads at once.</summary>
    /// <param name="articles">The batch.</param>
    /// <param name="cancellationToken">Ends the work between articles.</param>
    /// <returns>As long as <paramref name="articles"/>: null, or why this one could not be scored.</returns>
    IReadOnlyList<string?> Score(IReadOnlyList<Article> articles, CancellationToken cancellationToken);
}

/// <summary>
/// Lines in, lines out, in order: batches are scored on several cores at once and written as they become next. What is in
/// memory at any time is bounded by the number of batches under way, whatever the length of the input.
/// </summary>
/// <param name="lines">The input.</param>
/// <param name="scorer">The nodes.</param>
/// <param name="output">The output.</param>
/// <param name="report">Told of each line that cannot be scored.</param>
/// <param name="write">Writes one article.</param>
/// <param name="cores">Batches scored at once.</param>
/// <param name="written">
/// Told after each batch up to where the input is answered; the reader must take hashes then. Null: nobody asks.
/// </param>
internal sealed class ScorePipeline(
    LineReader lines, IArticleScorer scorer, LineWriter output, Action<string> report, Action<Article, IBufferWriter<byte>> write, int cores,
    Action<InputPlace>? written = null)
{
    // Small: the last batch of a file keeps one core busy alone.
    private const int BatchLines = 8;
    private const int BatchBytes = 256 << 10;
    private long _scored;
    private long _failed;

    /// <summary>Articles written.</summary>
    internal long Scored => Interlocked.Read(ref _scored);

    /// <summary>Lines that could not be scored.</summary>
    internal long Failed => Interlocked.Read(ref _failed);

    /// <summary>Runs to the end of the input, or until nobody reads the output any more.</summary>
    /// <exception cref="OperationCanceledException">Interrupted; what was finished before is written.</exception>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // One batch for each core, one more ready behind it.
        var underWay = Channel.CreateBounded<Task<Batch>>(new BoundedChannelOptions(Math.Max(1, cores * 2 - 1)) { SingleReader = true, SingleWriter = true });
        using var turns = new SemaphoreSlim(cores);
        var reading = ReadAsync(underWay.Writer, turns, stop.Token);
        try
        {
            await WriteAsync(underWay.Reader);
        }
        finally
        {
            // The reader may wait for room, or for input that never comes.
            await stop.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (underWay.Reader.TryRead(out var left)) await ((Task)left).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task ReadAsync(ChannelWriter<Task<Batch>> underWay, SemaphoreSlim turns, CancellationToken stop)
    {
        try
        {
            bool more;
            do
            {
                var batch = new Batch();
                more = await lines.FillAsync(stop);
                while (lines.TryRead(out var line))
                {
                    if (line.IsBlank) continue;
                    batch.Add(line);
                    if (batch.Lines.Count < BatchLines && batch.SizeBytes < BatchBytes) continue;
                    await SendAsync(batch);
                    batch = new Batch();
                }
                // A pipe that dries up must not keep back what it has already given.
                if (batch.Lines.Count > 0) await SendAsync(batch);
            }
            while (more);
            underWay.Complete();
        }
        catch (Exception exception)
        {
            underWay.Complete(exception);
        }

        ValueTask SendAsync(Batch batch)
        {
            if (written is not null) batch.End = lines.Place();
            return underWay.WriteAsync(ScoreAsync(batch, turns, stop), stop);
        }
    }

    private async Task<Batch> ScoreAsync(Batch batch, SemaphoreSlim turns, CancellationToken stop)
    {
        await turns.WaitAsync(stop);
        try
        {
            return await Task.Run(() => Score(batch, stop), stop);
        }
        finally
        {
            turns.Release();
        }
    }

    private Batch Score(Batch batch, CancellationToken stop)
    {
        var articles = new List<Article>(batch.Lines.Count);
        var numbers = new List<long>(batch.Lines.Count);
        foreach (var line in batch.Lines)
        {
            if (RecordCodec.TryParseLine(line, out var article, out var error))
            {
                articles.Add(article);
                numbers.Add(line.Number);
            }
            else
            {
                batch.Errors.Add((line.Number, error));
            }
        }
        batch.Lines.Clear();
        if (articles.Count == 0) return batch;

        var failures = scorer.Score(articles, stop);
        for (var i = 0; i < articles.Count; i++)
        {
            if (failures[i] is { } failure)
            {
                batch.Errors.Add((numbers[i], failure));
                continue;
            }
            write(articles[i], batch.Output);
            batch.Output.Write("\n"u8);
            batch.Scored++;
        }
        batch.Errors.Sort();
        return batch;
    }

    private async Task WriteAsync(ChannelReader<Task<Batch>> underWay)
    {
        while (await underWay.WaitToReadAsync())
        {
            while (underWay.TryRead(out var scoring))
            {
                if (!scoring.IsCompleted) output.Flush();
                var batch = await scoring;
                foreach (var (number, error) in batch.Errors) report($"line {number}: {View.TextCleaner.Line(error)}");
                output.Write(batch.Output.WrittenSpan);
                Interlocked.Add(ref _scored, batch.Scored);
                Interlocked.Add(ref _failed, batch.Errors.Count);
                if (batch.End is { } end) written!(end);
                if (!output.FlushIfLarge()) return;
            }
            if (!output.Flush()) return;
        }
        await underWay.Completion;
    }

    /// <summary>Lines on their way to becoming output.</summary>
    private sealed class Batch
    {
        public List<Line> Lines { get; } = [];

        public List<(long Number, string Error)> Errors { get; } = [];

        public ArrayBufferWriter<byte> Output { get; } = new();

        public long SizeBytes { get; private set; }

        public int Scored { get; set; }

        public InputPlace? End { get; set; }

        public void Add(Line line)
        {
            Lines.Add(line);
            SizeBytes += line.Bytes.Length;
        }
    }
}
