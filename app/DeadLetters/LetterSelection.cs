namespace StreamScoring.App.DeadLetters;

/// <summary>The letters that a replay sends, and why it leaves others out.</summary>
/// <param name="letters">The topic.</param>
/// <param name="filter">Which ones the user means.</param>
/// <param name="target">Finds where each goes.</param>
/// <param name="maxAttempts">A letter replayed this often is left out.</param>
internal sealed class LetterSelection(LetterTopic letters, LetterFilter filter, ReplayTarget target, int maxAttempts)
{
    /// <summary>Finds where each letter goes.</summary>
    internal ReplayTarget Target => target;

    /// <summary>A letter replayed this often is left out.</summary>
    internal int MaxAttempts => maxAttempts;

    /// <summary>Letters left out because they were replayed often enough.</summary>
    internal long Exhausted { get; private set; }

    /// <summary>Letters that were asked for one by one and left out because they were replayed before.</summary>
    internal long ReplayedBefore { get; private set; }

    /// <summary>Letters left out because there is no topic for them.</summary>
    internal Tally Homeless { get; private set; } = new();

    /// <summary>
    /// Letter after letter, with the topic each goes to; none that was replayed before, and none that comes in from now on.
    /// </summary>
    internal IEnumerable<(Letter Letter, string Topic)> Choose(CancellationToken cancellationToken)
    {
        Exhausted = ReplayedBefore = 0;
        Homeless = new Tally();
        letters.LoadReplayed(cancellationToken);
        foreach (var letter in letters.Read(letters.Ranges(filter.Positions, openOnly: true), cancellationToken))
        {
            if (!filter.Matches(letter)) continue;
            if (letters.IsReplayed(letter.Position))
            {
                if (filter.Positions.Count > 0) ReplayedBefore++;
                continue;
            }
            if (letter.Says.ReplayAttempts >= maxAttempts)
            {
                Exhausted++;
                continue;
            }
            var (topic, problem) = target.Find(letter);
            if (topic is not null) yield return (letter, topic);
            else Homeless.Add(problem!);
        }
    }

    /// <summary>How often each text came.</summary>
    internal sealed class Tally
    {
        private const int MaxTexts = 1_000;
        private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);

        /// <summary>All of them.</summary>
        internal long Total { get; private set; }

        /// <summary>The most frequent first.</summary>
        internal IEnumerable<KeyValuePair<string, long>> Largest =>
            _counts.OrderByDescending(static entry => entry.Value).ThenBy(static entry => entry.Key, StringComparer.Ordinal);

        /// <summary>Counts one.</summary>
        internal void Add(string text)
        {
            Total++;
            if (!_counts.ContainsKey(text) && _counts.Count >= MaxTexts) text = "(other reasons)";
            _counts[text] = _counts.GetValueOrDefault(text) + 1;
        }
    }
}
