using System.Globalization;
using System.Runtime.InteropServices;

namespace StreamScoring.App.Bench;

/// <summary>What the numbers were measured on.</summary>
internal sealed record BenchMachine(
    string Processor, int Cores, long MemoryBytes, string System, string Runtime, double LoadAverage, DateTimeOffset MeasuredAt)
{
    /// <summary>What the processor calls itself.</summary>
    internal static string ProcessorName { get; } =
        FirstLine("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString();

    internal static BenchMachine Look(TimeProvider time) => new(
        ProcessorName,
        Environment.ProcessorCount,
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription,
        Load(),
        time.GetUtcNow());

    internal string Describe() => string.Create(CultureInfo.InvariantCulture,
        $"{Cores} cores of {Processor}, {MemoryBytes >> 30} GiB, {System}, {Runtime}; load average {LoadAverage:0.0} at the start; {MeasuredAt:yyyy-MM-dd HH:mm} UTC.");

    /// <summary>What a file of /proc gives in kB, in bytes; 0 where it does not tell.</summary>
    internal static long BytesIn(string file, string key) =>
        FirstLine(file, key) is { } text && long.TryParse(text.Replace(" kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture, out var kilobytes)
            ? kilobytes << 10
            : 0;

    private static double Load()
    {
        try
        {
            return double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return double.NaN;
        }
    }

    private static string? FirstLine(string file, string key)
    {
        try
        {
            foreach (var line in File.ReadLines(file))
            {
                if (line.StartsWith(key, StringComparison.Ordinal)) return line[(line.IndexOf(':') + 1)..].Trim();
            }
        }
        catch (IOException)
        {
            // Not Linux, or a process that has ended.
        }
        return null;
    }
}
