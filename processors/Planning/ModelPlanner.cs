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
    private const int Articles = 24;
    private const int MostArticles = Articles * 256;

    // Shorter passes say more about how threads are started than about the model.
    private static readonly TimeSpan ShortestPass = TimeSpan.FromMilliseconds(20);

    // Of several kinds, and hard to tell apart: a model that stops early where it is sure must not be sure of all of them.
    private static readonly string[] Texts =
    [
        "The central bank of Norway raised its key rate by a quarter of a point on Thursday, as most economists had expected. "
        + "Governor Ida Wolden Bache said in Oslo that inflation was still too high. Shares in Equinor and DNB fell.",
        "The minister watched the final from the stands beside the club's new owner, whose fund bought the stadium, the "
        + "television rights and a satellite start-up last spring. He left before the end without a word about the strike.",
        "Doctors at the army hospital in Nairobi said the software had read the scans of both runners within minutes. The "
        + "company wants to sell it to insurers next year; the union of nurses has asked a court to look at the contract.",
        "Snow closed the pass for the third day. Drivers slept in the school's gym, a baker from Chur brought bread on skis, and "
        + "the village council met by telephone to decide who pays for the helicopter.",
        "After the vote, engineers switched off the last turbine and the crowd sang. The island will buy its power from the "
        + "mainland now, at a price that the parliament set and the fishermen call unfair.",
        "She learnt chess from her grandmother in a camp near the border, wrote her first program at nine and sold it at twelve. On "
        + "Sunday she meets the champion in front of two presidents and a robot that moves the pieces.",
    ];

    /// <summary>Of the way of probing: plans found in another way are not worth remembering.</summary>
    public const int Version = 2;

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
            var rounds = Race(plans, processors, budget, time, cancellationToken);
            var chosen = 0;
            for (var i = 1; i < plans.Count; i++)
            {
                if (MedianRatio(rounds, i, chosen) * ClearlyFaster < 1) chosen = i;
            }
            return plans[chosen];
        }
        finally
        {
            foreach (var processor in processors) processor.Dispose();
        }
    }

    /// <summary>
    /// What one plan takes of another's time: the middle one of the rounds' ratios, as the two sides of a round met the
    /// same other work on this machine.
    /// </summary>
    private static double MedianRatio(List<TimeSpan[]> rounds, int of, int to)
    {
        var ratios = new double[rounds.Count];
        for (var i = 0; i < ratios.Length; i++) ratios[i] = rounds[i][of] / rounds[i][to];
        Array.Sort(ratios);
        return ratios[ratios.Length / 2];
    }

    /// <summary>How long each plan took for a pass, by rounds.</summary>
    private static List<TimeSpan[]> Race(
        IReadOnlyList<ModelPlan> plans, List<IArticleProcessor> processors, TimeSpan budget, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var rounds = new List<TimeSpan[]>();
        var begun = time.GetTimestamp();
        var articles = CreateArticles(Articles);
        do
        {
            var round = new TimeSpan[plans.Count];
            for (var i = 0; i < plans.Count; i++)
            {
                var started = time.GetTimestamp();
                ModelPass.Run(processors[i], articles, plans[i], cancellationToken);
                round[i] = time.GetElapsedTime(started);
            }
            if (round.Min() < ShortestPass && articles.Length < MostArticles) articles = CreateArticles(articles.Length * 4);
            else rounds.Add(round);
        }
        while (rounds.Count == 0 || time.GetElapsedTime(begun) < budget);
        return rounds;
    }

    private static Article[] CreateArticles(int count)
    {
        var articles = new Article[count];
        for (var i = 0; i < count; i++)
        {
            var text = Texts[i % Texts.Length];
            articles[i] = new Article { Id = "probe", Title = "", Body = text[..(text.Length - (i % Articles * 4))] };
        }
        return articles;
    }
}
