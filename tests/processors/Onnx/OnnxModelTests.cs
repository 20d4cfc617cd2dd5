using StreamScoring.Processors.Models;
using StreamScoring.Processors.Onnx;
using StreamScoring.Processors.Tests.Models;

namespace StreamScoring.Processors.Tests.Onnx;

public sealed class OnnxModelTests : IDisposable
{
    private static readonly OnnxOutput[] Outputs = [new("logits", PerToken: true)];

    private readonly TemporaryModel _files = new();

    public OnnxModelTests()
    {
        var weights = new float[100, 2];
        for (var id = 0; id < 100; id++) (weights[id, 0], weights[id, 1]) = (id, -id);
        _files.Write("model.onnx", GraphWriter.PerToken(weights));
    }

    public void Dispose() => _files.Dispose();

    private OnnxModel Load(OnnxModelOptions? options = null) =>
        OnnxModel.Load(Path.Combine(_files.Path, "model.onnx"), Outputs, paddingId: 0, options ?? new OnnxModelOptions());

    private static TokenRows Rows(params int[] lengths)
    {
        var rows = new TokenRows();
        foreach (var length in lengths)
        {
            for (var token = 1; token <= length; token++) rows.Append(token, 0);
            rows.EndRow();
        }
        return rows;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(64)]
    public void Every_row_is_answered_once_without_its_padding(int rowsPerRun)
    {
        using var model = Load(new OnnxModelOptions { RowsPerRun = rowsPerRun });
        using var rows = Rows(5, 1, 9, 3, 5, 7, 2);
        var receiver = new Receiver();
        model.Run(rows, receiver, CancellationToken.None);
        Assert.Equal(7, receiver.Answers.Count);
        for (var row = 0; row < rows.Count; row++)
        {
            var expected = Enumerable.Range(1, rows.Length(row)).SelectMany(id => (float[])[id, -id]);
            Assert.Equal(expected, receiver.Answers[row]);
        }
    }

    [Fact]
    public void No_rows_are_no_work()
    {
        using var model = Load();
        using var rows = new TokenRows();
        var receiver = new Receiver();
        model.Run(rows, receiver, CancellationToken.None);
        Assert.Empty(receiver.Answers);
        Assert.Throws<InvalidOperationException>(() => rows.EndRow());
    }

    [Fact]
    public async Task Disposing_lets_threads_inside_finish_and_turns_later_ones_away()
    {
        for (var round = 0; round < 20; round++)
        {
            var model = Load();
            var warm = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var left = 10 + round;
            void RunUntilDisposed()
            {
                using var rows = Rows(50, 60, 70);
                try
                {
                    while (true)
                    {
                        var receiver = new Receiver();
                        model.Run(rows, receiver, CancellationToken.None);
                        Assert.Equal(3, receiver.Answers.Count);
                        if (Interlocked.Decrement(ref left) == 0) warm.SetResult();
                    }
                }
                catch (ObjectDisposedException)
                {
                    // The owner is done with the model.
                }
            }
            var threads = Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
                RunUntilDisposed, TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
            await Task.WhenAny(warm.Task, Task.WhenAll(threads));
            model.Dispose();
            model.Dispose();
            await Task.WhenAll(threads);
        }
    }

    [Fact]
    public void A_failure_inside_names_the_model_and_the_row()
    {
        using var model = Load();
        using var rows = new TokenRows();
        rows.Append(5_000, 0);
        rows.EndRow();
        var exception = Assert.Throws<InvalidOperationException>(() => model.Run(rows, new Receiver(), CancellationToken.None));
        Assert.Contains("model.onnx", exception.Message, StringComparison.Ordinal);
        Assert.Contains("1 row(s) of 1 tokens", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(257, 1)]
    [InlineData(1, 0)]
    [InlineData(1, 1025)]
    public void Options_out_of_range_are_refused(int threads, int rowsPerRun) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Load(new OnnxModelOptions { IntraOpThreads = threads, RowsPerRun = rowsPerRun }));

    [Fact]
    public void An_input_that_nothing_can_fill_is_named()
    {
        _files.Write("model.onnx", new GraphWriter().Input("input_ids").Input("pixel_values").Weights("W", new float[4, 2])
            .Gather("W", "input_ids", "a").Gather("W", "pixel_values", "b").Node("Add", ["a", "b"], ["logits"]).Output("logits", 3).Finish());
        var exception = Assert.Throws<ModelException>(() => Load());
        Assert.Equal(ModelError.WrongShape, exception.Code);
        Assert.Contains("pixel_values", exception.Message, StringComparison.Ordinal);
    }

    private sealed class Receiver : IRowReceiver
    {
        public Dictionary<int, float[]> Answers { get; } = [];

        public void Receive(int row, RowOutputs outputs) => Answers.Add(row, outputs[0].ToArray());
    }
}
