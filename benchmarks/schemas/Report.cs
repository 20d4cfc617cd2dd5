using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace StreamScoring.Schemas.Benchmarks;

/// <summary>What was measured, of which commit and on what: a page of Markdown.</summary>
internal sealed class Report
{
    private const string Reference = "source-generated";

    public Report(IReadOnlyList<Measurement> measurements, string sample)
    {
        var text = new StringBuilder();
        text.AppendLine("# Codec").AppendLine();
        text.AppendLine("Made by `dotnet run -c Release --project benchmarks/schemas -- --save benchmarks/results/codec.md`.").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"- {sample}");
        text.AppendLine(CultureInfo.InvariantCulture, $"- Commit {Commit()}; {RuntimeInformation.FrameworkDescription}; {RuntimeInformation.OSDescription.Trim()}");
        text.AppendLine(CultureInfo.InvariantCulture, $"- {Processor()}, {Environment.ProcessorCount} cores for this process, load {Load()} when it ended");
        text.AppendLine().AppendLine("| | codec | records/s | ns a record | bytes allocated | times System.Text.Json |");
        text.AppendLine("|---|---|---:|---:|---:|---:|");
        foreach (var m in measurements)
        {
            var reference = measurements.Single(other => other.Operation == m.Operation && other.Codec.EndsWith(Reference, StringComparison.Ordinal));
            text.AppendLine(CultureInfo.InvariantCulture,
                $"| {m.Operation} | {m.Codec} | {1e9 / m.Nanoseconds:N0} | {m.Nanoseconds:N0} | {m.AllocatedBytes:N0} | {reference.Nanoseconds / m.Nanoseconds:0.0} |");
        }
        Text = text.ToString();
    }

    public string Text { get; }

    private static string Commit()
    {
        var commit = Git("rev-parse --short=12 HEAD");
        return commit.Length == 0 ? "unknown" : Git("status --porcelain --untracked-files=no -- schemas").Length > 0 ? commit + " with changes" : commit;
    }

    private static string Git(string arguments)
    {
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            return git.StandardOutput.ReadToEnd().Trim();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "";
        }
    }

    private static string Processor() => !File.Exists("/proc/cpuinfo")
        ? RuntimeInformation.ProcessArchitecture.ToString()
        : File.ReadLines("/proc/cpuinfo").FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
            ?? RuntimeInformation.ProcessArchitecture.ToString();

    private static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";
}
