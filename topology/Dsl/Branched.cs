namespace StreamScoring.Topology.Dsl;

/// <summary>A stream that is being split; each record goes to the first branch whose predicate holds.</summary>
public interface IBranchedKStream<TKey, TValue>
{
    /// <summary>Adds a branch.</summary>
    /// <param name="predicate">Which records go there.</param>
    /// <param name="branched">Its name and what happens on it; null for a numbered branch, the first is 1.</param>
    IBranchedKStream<TKey, TValue> Branch(Func<TKey, TValue, bool> predicate, Branched<TKey, TValue>? branched = null);

    /// <summary>Adds a branch for all other records.</summary>
    /// <returns>The branches by name: the split's name with the branch's name or number, default 0, appended.</returns>
    IReadOnlyDictionary<string, IKStream<TKey, TValue>> DefaultBranch(Branched<TKey, TValue>? branched = null);

    /// <summary>Drops all other records.</summary>
    /// <returns>The branches by name.</returns>
    IReadOnlyDictionary<string, IKStream<TKey, TValue>> NoDefaultBranch();
}

/// <summary>A branch's name and what happens on it.</summary>
public sealed record Branched<TKey, TValue>
{
    /// <summary>Appended to the name of the split; null: the branch's number.</summary>
    public string? Name { get; init; }

    /// <summary>Builds on the branch; what it gives back stands in the map of branches.</summary>
    public Func<IKStream<TKey, TValue>, IKStream<TKey, TValue>>? Function { get; init; }

    /// <summary>Builds on the branch to its end; the branch does not stand in the map.</summary>
    public Action<IKStream<TKey, TValue>>? Consumer { get; init; }
}

/// <summary>Makes <see cref="Branched{TKey,TValue}"/>.</summary>
public static class Branched
{
    /// <summary>A branch with a name.</summary>
    public static Branched<TKey, TValue> As<TKey, TValue>(string name) => new() { Name = name };
}
