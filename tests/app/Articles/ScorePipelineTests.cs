using System.Text;
using StreamScoring.App.Articles;
using StreamScoring.Schemas;

namespace StreamScoring.App.Tests.Articles;

public sealed class ScorePipelineTests
{
    [Fact]
    public async Task Lines_come_out_in_the_order_they_went_in_whatever_each_takes()
    {
        const int count = 500;
        var input = string.Concat(Enumerable.Range(0, count).Select(i => $$"""{"id":"{{i}}","title":"t","body":"b"}""" + "\n"));

        var (output, errors, pipeline) = await RunAsync(input, new UnevenScorer());

        Assert.Equal(Enumerable.Range(0, count).Select(i => i.ToString()), output);
        Assert.Empty(errors);
        Assert.Equal((count, 0), (pipeline.Scored, pipeline.Failed));
    }

    [Fact]
    public async Task Bad_lines_are_named_by_number_and_every_good_line_is_answered()
    {
        var input = """{"id":"1","title":"a","body":"b"}""" + "\n"
            + "{\"id\":\n"
            + "\n"
            + "[1,2]\n"
            + """{"id":"refused","title":"a","body":"b"}""" + "\n"
            + """{"id":"6","text":"b"}""" + "\n";

        var (output, errors, pipeline) = await RunAsync(input, new UnevenScorer());

        Assert.Equal(["1", "6"], output);
        Assert.Equal(["line 2", "line 4", "line 5"], errors.Select(error => error.Split(':')[0]));
        Assert.Equal((2, 3), (pipeline.Scored, pipeline.Failed));
    }

    [Fact]
    public async Task What_a_pipe_has_given_is_answered_while_the_pipe_stays_open()
    {
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.Out);
        using var reading = new System.IO.Pipes.AnonymousPipeClientStream(System.IO.Pipes.PipeDirection.In, pipe.ClientSafePipeHandle);
        using var lines = new LineReader(reading);
        var answered = new TaskCompletionSource();
        using var output = new LineWriter(new NotifyingStream(answered));
        var running = new ScorePipeline(lines, new UnevenScorer(), output, _ => { }, (article, buffer) => ArticleJson.Write(article, buffer), 2)
            .RunAsync(TestContext.Current.CancellationToken);

        pipe.Write("""{"id":"1","title":"a","body":"b"}"""u8);
        pipe.Write("\n"u8);
        await answered.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        pipe.Dispose();
        await running;
    }

    [Fact]
    public async Task An_interruption_ends_it_even_while_the_input_is_silent()
    {
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.Out);
        using var reading = new System.IO.Pipes.AnonymousPipeClientStream(System.IO.Pipes.PipeDirection.In, pipe.ClientSafePipeHandle);
        using var lines = new LineReader(reading);
        using var output = new LineWriter(Stream.Null);
        using var stop = new CancellationTokenSource();
        var running = new ScorePipeline(lines, new UnevenScorer(), output, _ => { }, (_, _) => { }, 2).RunAsync(stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }

    private static async Task<(string[] Ids, string[] Errors, ScorePipeline Pipeline)> RunAsync(string input, IArticleScorer scorer)
    {
        using var lines = new LineReader(new MemoryStream(Encoding.UTF8.GetBytes(input)));
        using var bytes = new MemoryStream();
        var output = new LineWriter(bytes);
        var errors = new StringWriter();
        var pipeline = new ScorePipeline(lines, scorer, output, errors.WriteLine, (article, buffer) => ArticleJson.Write(article, buffer), cores: 4);
        await pipeline.RunAsync(TestContext.Current.CancellationToken);
        output.Flush();
        var written = Encoding.UTF8.GetString(bytes.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return (
            Array.ConvertAll(written, line => ArticleJson.Read(Encoding.UTF8.GetBytes(line)).Id),
            errors.ToString().ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries), pipeline);
    }

    /// <summary>Takes an uneven time for each batch, so that later ones overtake earlier ones, and refuses one id.</summary>
    private sealed class UnevenScorer : IArticleScorer
    {
        private int _calls;

        public IReadOnlyList<string?> Score(IReadOnlyList<Article> articles, CancellationToken cancellationToken)
        {
            Thread.SpinWait(Interlocked.Increment(ref _calls) % 3 * 200_000);
            return [.. articles.Select(article => article.Id == "refused" ? "it was refused" : null)];
        }

        public void Dispose()
        {
        }
    }

    private sealed class NotifyingStream(TaskCompletionSource written) : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            base.Write(buffer);
            written.TrySetResult();
        }
    }
}
