using StreamScoring.Processors;

namespace StreamScoring.App.Commands;

/// <summary>Kinds of node that this program knows.</summary>
internal static class NodeKinds
{
    /// <summary>Makes processors by kind. A kind of your own is registered here.</summary>
    internal static ProcessorRegistry Registry { get; } = ProcessorRegistry.CreateDefault();

    /// <summary>Their names.</summary>
    internal static IReadOnlyCollection<string> All => Registry.Kinds;
}
