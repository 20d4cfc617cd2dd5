using StreamScoring.Processors.Onnx;
using StreamScoring.Schemas;

namespace StreamScoring.Processors.Planning;

/// <summary>
/// Finds out how a model uses this machine best, by trying: the same short texts, every plan in turn, for about a second.
/// </summary>
public static class ModelPlanner
{
    // A plan with fewer threads in a call must be beaten clearly: it wastes nothing where cores are shared.
    private const double ClearlyFaster = 1.1;
    private const int Texts = 24;
    private const string Text =
        "The central bank of Norway raised its key rate by a quarter of a point on Thursday, as most economists had expected. "
        + "Governor Ida Wolden Bache said in Oslo that inflation was still too high. Shares in Equinor and DNB fell.";

    /// <summary>What runs the models, with its version: another one may have another best plan.</summary>
    public static string Runtime => OnnxEnvironment.Describe();

    /// <summary>The best of some plans.</summary>
    /// <param name="plans">Plans, the most frugal first; at least one.</param>
    /// <param name="create">Makes the processor of a plan; disposed of here.</param>
    /// <param name="budget">How long all passes together may take; one round is done in any case.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static ModelPlan Probe(
        IReadOnlyList<ModelPlan> plans, Func<ModelPlan, IArticleProcessor> create, TimeSpan budget, TimeProvider time,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plans);
        ArgumentNullException.ThrowIfNull(create);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfZero(plans.Count, nameof(plans));
        if (plans.Count == 1) return plans[0];
        var processors = new List<IArticleProcessor>(plans.Count);
        try
        {
            foreach (var plan in plans) processors.Add(create(plan));
            var best = Race(plans, processors, budget, time, cancellationToken);
            var chosen = 0;
            for (var i = 1; i < plans.Count; i++)
            {
                if (best[i] * ClearlyFaster < best[chosen]) chosen = i;
            }
            return plans[chosen];
        }
        finally
        {
            foreach (var processor in processors) processor.Dispose();
        }
    }

    /// <summary>The quickest pass of each plan.</summary>
    private static TimeSpan[] Race(
        IReadOnlyList<ModelPlan> plans, List<IArticleProcessor> processors, TimeSpan budget, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var articles = new Article[Texts];
        for (var i = 0; i < Texts; i++) articles[i] = new Article { Id = "probe", Title = "", Body = Text[..(Text.Length - (4 * i))] };
        var best = new TimeSpan[plans.Count];
        Array.Fill(best, TimeSpan.MaxValue);
        var begun = time.GetTimestamp();
        do
        {
            for (var i = 0; i < plans.Count; i++)
            {
                var started = time.GetTimestamp();
                ModelPass.Run(processors[i], articles, plans[i], cancellationToken);
                var elapsed = time.GetElapsedTime(started);
                if (elapsed < best[i]) best[i] = elapsed;
            }
        }
        while (time.GetElapsedTime(begun) < budget);
        return best;
    }
}
