using Microsoft.Extensions.Logging;

namespace StreamScoring.Topology.Sinks;

/// <summary>
/// The kinds of sinks, by name. A kind of one's own is a class that implements <see cref="ISink"/> and is registered here
/// under a name, which an entry of <c>Sinks</c> then gives as its <c>Kind</c>.
/// </summary>
public sealed class SinkRegistry
{
    private readonly Dictionary<string, Func<ISinkSettings, SinkPlan>> _kinds = new(StringComparer.Ordinal);

    /// <summary>Names of all kinds, sorted.</summary>
    public IReadOnlyList<string> Kinds => [.. _kinds.Keys.Order(StringComparer.Ordinal)];

    /// <summary>True where <paramref name="kind"/> is registered.</summary>
    public bool Knows(string kind) => _kinds.ContainsKey(kind);

    /// <summary>Registers a kind.</summary>
    /// <param name="kind">Its name.</param>
    /// <param name="plan">
    /// Reads an entry's settings; called at the start, once for each entry, and must not connect to anything. A mistake is
    /// reported by <see cref="ISinkSettings.Problem"/> and never thrown, so that all are told at once.
    /// </param>
    /// <exception cref="ArgumentException">The name is empty or taken.</exception>
    public SinkRegistry Register(string kind, Func<ISinkSettings, SinkPlan> plan)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(kind);
        ArgumentNullException.ThrowIfNull(plan);
        if (!_kinds.TryAdd(kind, plan)) throw new ArgumentException($"The kind of sink '{kind}' is registered already.", nameof(kind));
        return this;
    }

    /// <summary>Reads the settings of one entry.</summary>
    /// <exception cref="ArgumentException">The kind is not known; the message names those that are.</exception>
    public SinkPlan Plan(string kind, ISinkSettings settings) =>
        _kinds.TryGetValue(kind, out var plan)
            ? plan(settings)
            : throw new ArgumentException($"there is no kind of sink '{kind}'. Known: {string.Join(", ", Kinds)}", nameof(kind));
}

/// <summary>One entry of <c>Sinks</c>, as its kind reads it. Settings that no kind asks for are warned about.</summary>
public interface ISinkSettings
{
    /// <summary>A text, or <paramref name="fallback"/> where it is not set.</summary>
    string Text(string key, string fallback);

    /// <summary>A whole number within bounds, or <paramref name="fallback"/>; anything else is reported.</summary>
    /// <param name="key">Name of the setting.</param>
    /// <param name="fallback">Where it is not set.</param>
    /// <param name="least">Smallest value.</param>
    /// <param name="most">Largest value.</param>
    /// <param name="unit">What is counted, for the message.</param>
    long Number(string key, long fallback, long least, long most, string unit);

    /// <summary>True or false.</summary>
    bool Flag(string key, bool fallback);

    /// <summary>Reports a mistake. The message must not hold a secret.</summary>
    void Problem(string key, string complaint);
}

/// <summary>A sink that was read from the settings and can be made.</summary>
/// <param name="Target">What people see as its target, e.g. a file name; holds no secret.</param>
/// <param name="Create">Makes the sink; called again after each failure.</param>
public sealed record SinkPlan(string Target, Func<SinkContext, ISink> Create);

/// <summary>What a sink learns when it is made.</summary>
/// <param name="Name">Name of the entry: positions are kept under it.</param>
/// <param name="Source">
/// Which Kafka the records come from, e.g. its cluster id. Offsets mean something only within it: positions are kept under
/// it too.
/// </param>
/// <param name="Logger">Where messages go.</param>
/// <param name="Time">The clock.</param>
public sealed record SinkContext(string Name, string Source, ILogger Logger, TimeProvider Time);
