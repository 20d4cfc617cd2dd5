using System.Globalization;
using StreamScoring.App.Commands;
using StreamScoring.App.Kafka;

namespace StreamScoring.App.Replay;

/// <summary>Ranges of offsets as a user writes them: <c>PARTITION:FIRST-LAST</c>, comma-separated, either end left out.</summary>
internal sealed class OffsetSelection
{
    private readonly List<(int Partition, long First, long Last)> _ranges = [];

    private OffsetSelection()
    {
    }

    /// <summary>Reads ranges.</summary>
    internal static bool TryParse(string text, out OffsetSelection selection)
    {
        selection = new OffsetSelection();
        foreach (var item in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var colon = item.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0 || !int.TryParse(item.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var partition)) return false;
            var ends = item[(colon + 1)..].Split('-');
            if (ends.Length > 2 || !TryParse(ends[0], 0, out var first) || !TryParse(ends[^1], long.MaxValue - 1, out var last) || last < first) return false;
            if (ends.Length == 1 && ends[0].Length == 0) return false;
            selection._ranges.Add((partition, first, last));
        }
        selection._ranges.Sort();
        return selection._ranges.Zip(selection._ranges.Skip(1)).All(static pair => pair.First.Partition != pair.Second.Partition || pair.First.Last < pair.Second.First);
    }

    /// <summary>The ranges cut to what a topic holds.</summary>
    /// <exception cref="CommandException">A partition is not there.</exception>
    internal List<PartitionRange> Within(IReadOnlyList<PartitionRange> whole)
    {
        var ranges = new List<PartitionRange>();
        foreach (var (partition, first, last) in _ranges)
        {
            if (partition >= whole.Count) throw new CommandException($"--offsets: the topic has partitions 0 to {whole.Count - 1}, and not {partition}.");
            var range = whole[partition];
            ranges.Add(range with { From = Math.Max(range.From, first), Until = Math.Min(range.Until, last + 1) });
        }
        return ranges;
    }

    private static bool TryParse(string text, long missing, out long value)
    {
        value = missing;
        return text.Length == 0 || long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }
}
