using System.Globalization;

namespace StreamScoring.App.DeadLetters;

/// <summary>Where a dead letter stands in its topic.</summary>
/// <param name="Partition">Partition.</param>
/// <param name="Offset">Offset in it.</param>
internal readonly record struct LetterPosition(int Partition, long Offset)
{
    /// <summary>Reads <c>PARTITION:OFFSET</c>.</summary>
    internal static bool TryParse(string text, out LetterPosition position)
    {
        var parts = text.Split(':');
        var isRead = parts.Length == 2
            & int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var partition)
            & long.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var offset);
        position = new LetterPosition(partition, offset);
        return isRead;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Partition}:{Offset}");
}
