using System.Text.Json;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Bench;
using StreamScoring.Processors.Planning;

namespace StreamScoring.App.Hosting;

/// <summary>
/// Plans found by probing, in a file: by the model's hash and by the machine, so that a model is probed once. A file that
/// cannot be read is as good as none, and one that cannot be written costs a probe at the next start, which is logged once.
/// </summary>
internal sealed class PlanCache(string? file, ILogger logger)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private readonly Lock _lock = new();
    private bool _hasWarned;

    /// <summary>Where the user's programs keep what they can do without; null where there is no such place.</summary>
    internal static string? DefaultFile
    {
        get
        {
            var folder = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
                ? cache
                : Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home ? Path.Combine(home, ".cache") : null;
            return folder is null ? null : Path.Combine(folder, "streamscoring", "plans.json");
        }
    }

    /// <summary>The plan of a model on this machine; found by <paramref name="probe"/> where none is known.</summary>
    internal ModelPlan GetOrProbe(string modelSha256, int cores, Func<ModelPlan> probe)
    {
        var key = $"{modelSha256} {ModelPlanner.Version} {cores} x {BenchMachine.ProcessorName}, {ModelPlanner.Runtime}";
        lock (_lock)
        {
            if (Read().TryGetValue(key, out var known) && IsSound(known, cores)) return known;
            var plan = probe();
            Write(key, plan);
            return plan;
        }
    }

    private static bool IsSound(ModelPlan? plan, int cores) =>
        plan is { RowsPerRun: 1 } && plan.Calls >= 1 && plan.IntraOpThreads >= 1 && plan.Calls * plan.IntraOpThreads <= cores;

    private Dictionary<string, ModelPlan> Read()
    {
        try
        {
            if (file is null || !File.Exists(file)) return [];
            return JsonSerializer.Deserialize<Dictionary<string, ModelPlan>>(File.ReadAllBytes(file)) ?? [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or NotSupportedException)
        {
            return [];
        }
    }

    private void Write(string key, ModelPlan plan)
    {
        if (file is null) return;
        var written = $"{file}.{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
            var plans = Read();
            plans[key] = plan;
            // Renamed into place: another process reads the old file or the new one, never half of it.
            File.WriteAllBytes(written, JsonSerializer.SerializeToUtf8Bytes(plans, Indented));
            File.Move(written, file, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (!_hasWarned) AppLog.PlanNotKept(logger, file, exception.Message);
            _hasWarned = true;
            Remove(written);
        }
    }

    /// <summary>What a full disk took half of.</summary>
    private static void Remove(string written)
    {
        try
        {
            File.Delete(written);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It was never there.
        }
    }
}
