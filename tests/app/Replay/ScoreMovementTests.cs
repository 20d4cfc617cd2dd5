using System.Globalization;
using System.Text;
using StreamScoring.App.Replay;
using StreamScoring.Processors;
using StreamScoring.Processors.Models;
using StreamScoring.Processors.Onnx;
using StreamScoring.Schemas;
using StreamScoring.Testing;

namespace StreamScoring.App.Tests.Replay;

/// <summary>How far the scores of one model move when only the way of computing them changes: what the default tolerances rest on.</summary>
public sealed class ScoreMovementTests
{
    private const int Articles = 24;

    private static readonly (string Name, OnnxModelOptions Onnx, int Batch, bool MustHold)[] Variants =
    [
        ("the same again", new OnnxModelOptions(), 1, true),
        ("16 articles in a call", new OnnxModelOptions(), 16, true),
        ("2 threads for a run", new OnnxModelOptions { IntraOpThreads = 2 }, 1, true),
        ("4 threads for a run", new OnnxModelOptions { IntraOpThreads = 4 }, 1, true),
        ("8 rows in a run", new OnnxModelOptions { RowsPerRun = 8 }, 16, false),
    ];

    [Fact]
    [Trait("Category", "Chaos")]
    public void The_default_tolerances_cover_batches_and_threads_and_no_more_than_they_have_to()
    {
        Commands.ScoreTests.SkipWithoutModels();
        var lines = File.ReadLines(RepositoryFiles.Find("samples", "articles.jsonl")).Take(Articles).Select(Encoding.UTF8.GetBytes).ToList();
        var expected = Score(lines, new OnnxModelOptions(), 1);
        var table = new StringBuilder("\n| computed with | articles | flips | topic score | entities F1 | entity score | ROUGE-L | sentence score |\n");
        foreach (var (name, onnx, batch, mustHold) in Variants)
        {
            using var runs = new Runs();
            var report = runs.Diff(Results(expected), Results(Score(lines, onnx, batch)));
            var values = report.Measures.ToDictionary(measure => measure.Tolerance.Name, measure => measure.Value);
            string Of(string measure) => values[measure] is { } value ? value.ToString("0.######", CultureInfo.InvariantCulture) : "-";
            table.AppendLine(CultureInfo.InvariantCulture,
                $"| {name} | {Articles} | {Of(Tolerances.TopicFlips)} | {Of(Tolerances.TopicScore)} | {Of(Tolerances.EntityF1)} | {Of(Tolerances.EntityScore)} | {Of(Tolerances.SummaryRouge)} | {Of(Tolerances.SummaryScore)} |");
            Assert.True(report.IsKept || !mustHold, DiffText.Write(report));
        }
        TestContext.Current.TestOutputHelper!.WriteLine(table.ToString());
    }

    private static List<Article> Score(List<byte[]> lines, OnnxModelOptions onnx, int batch)
    {
        var articles = lines.ConvertAll(line => ArticleJson.Read(line));
        foreach (var name in new[] { "topic", "entities", "summary" })
        {
            var folder = ModelFolder.Load(RepositoryFiles.Find("models", name));
            using var processor = ProcessorRegistry.CreateDefault().Create(
                new ProcessorSettings(name, folder.Manifest.Task, folder, new ModelProcessorOptions { Onnx = onnx }));
            foreach (var chunk in articles.Chunk(batch)) processor.Process(chunk, new IReadOnlyList<string>?[chunk.Length], TestContext.Current.CancellationToken);
        }
        return articles;
    }

    private static IEnumerable<RunResult> Results(List<Article> articles) => articles.Select((article, offset) => new RunResult
    {
        Partition = 0,
        Offset = offset,
        Outputs = { ["articles.summary"] = new RunOutput(article, null) },
    });
}
