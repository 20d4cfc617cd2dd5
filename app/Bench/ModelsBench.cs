using StreamScoring.Processors;
using StreamScoring.Processors.Models;
using StreamScoring.Processors.Planning;
using StreamScoring.Schemas;

namespace StreamScoring.App.Bench;

/// <summary>A node with a model.</summary>
internal sealed record ModelNode(string Kind, string Model)
{
    internal static IReadOnlyList<ModelNode> Defaults { get; } =
        [.. Configuration.NodeSettings.Defaults.Select(static node => new ModelNode(node.Kind, node.Model!))];

    internal IArticleProcessor Create(BenchSession session, ModelPlan plan) =>
        Commands.NodeKinds.Registry.Create(new ProcessorSettings(
            Model, Kind, new ModelCatalog(session.Options.Models).Load(Model), plan.Apply(new ModelProcessorOptions())));
}

/// <summary>The models alone, with no Kafka: how the machine is used best.</summary>
internal static class ModelsBench
{
    internal static async Task RunAsync(BenchSession session)
    {
        var articles = await BenchArticles.LoadAsync(session, session.Pick(400, 100));
        var table = new BenchTable(
            "Models",
            $"{articles.Count} articles of up to 400 characters, each model alone; calls at once × threads that share a call × rows computed together. Length-sorted where rows go together. Medians.",
            ["articles/s", "of the best"]);
        foreach (var node in ModelNode.Defaults)
        {
            var rates = Measure(session, node, articles, session.Pick(3, 1));
            var best = rates.Max(static rate => rate.PerSecond);
            foreach (var (plan, perSecond) in rates) table.Row($"{node.Model}: {plan}", perSecond, perSecond / best);
        }
        session.Report.Add(table);
    }

    /// <summary>The best plan for a node, and articles a second with it.</summary>
    internal static (ModelPlan Plan, double PerSecond) Best(BenchSession session, ModelNode node, IReadOnlyList<Article> articles) =>
        Measure(session, node, articles, 4).MaxBy(static rate => rate.PerSecond);

    /// <summary>Seconds to score all articles once with a plan.</summary>
    internal static double Seconds(BenchSession session, IArticleProcessor processor, ModelPlan plan, IReadOnlyList<Article> articles)
    {
        var started = session.Time.GetTimestamp();
        ModelPass.Run(processor, articles, plan, session.Stopping);
        return session.Time.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>What the model gets where rows go together: like lengths side by side.</summary>
    internal static IReadOnlyList<Article> OrderFor(ModelPlan plan, IReadOnlyList<Article> articles) =>
        plan.RowsPerRun == 1 ? articles : [.. articles.OrderBy(static article => article.Title.Length + article.Body.Length)];

    private static List<(ModelPlan Plan, double PerSecond)> Measure(BenchSession session, ModelNode node, IReadOnlyList<Article> articles, int rounds)
    {
        session.Say($"model {node.Model}");
        var plans = ModelPlan.Candidates(Environment.ProcessorCount, manyRows: true);
        var processors = plans.Select(plan => node.Create(session, plan)).ToArray();
        var rates = plans.Select(static _ => new List<double>()).ToArray();
        try
        {
            for (var round = -1; round < rounds; round++)
            {
                for (var i = 0; i < plans.Count; i++)
                {
                    // The first round warms up, on fewer.
                    var some = round < 0 ? [.. articles.Take(16)] : OrderFor(plans[i], articles);
                    var seconds = Seconds(session, processors[i], plans[i], some);
                    if (round >= 0) rates[i].Add(some.Count / seconds);
                }
            }
        }
        finally
        {
            foreach (var processor in processors) processor.Dispose();
        }
        return [.. plans.Zip(rates, static (plan, list) => (plan, BenchReport.Median(list)))];
    }
}
