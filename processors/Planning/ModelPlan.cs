using System.Globalization;
using StreamScoring.Processors.Onnx;

namespace StreamScoring.Processors.Planning;

/// <summary>How a model uses a machine.</summary>
/// <param name="Calls">Calls at once, each on a thread of its own; 1 to 256.</param>
/// <param name="IntraOpThreads">Threads that share the work of one call; 1 to 256.</param>
/// <param name="RowsPerRun">Rows computed together; 1 to 1,024. Only 1 keeps answers free of their neighbours, bit for bit.</param>
public sealed record ModelPlan(int Calls, int IntraOpThreads, int RowsPerRun)
{
    /// <summary>
    /// Plans worth a try: every way to share the cores between calls and threads within a call, a row at a time; with
    /// <paramref name="manyRows"/> also several rows at once.
    /// </summary>
    /// <param name="cores">Cores this process may use, a container's quota counted.</param>
    /// <param name="manyRows">Whether rows may be computed together.</param>
    public static IReadOnlyList<ModelPlan> Candidates(int cores, bool manyRows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cores, 1);
        var plans = new List<ModelPlan>();
        for (var threads = 1; threads <= cores; threads *= 2) plans.Add(new ModelPlan(Math.Max(1, cores / threads), threads, 1));
        if (!manyRows) return plans;
        plans.Add(new ModelPlan(cores, 1, 4));
        plans.Add(new ModelPlan(cores, 1, 16));
        if (cores > 1) plans.Add(new ModelPlan(1, cores, 16));
        return plans;
    }

    /// <summary>The plan as part of a processor's options.</summary>
    public ModelProcessorOptions Apply(ModelProcessorOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options with { Onnx = options.Onnx with { IntraOpThreads = IntraOpThreads, RowsPerRun = RowsPerRun } };
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Calls} call(s) × {IntraOpThreads} thread(s), {RowsPerRun} row(s) a run");
}
