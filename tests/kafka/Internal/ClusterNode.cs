namespace StreamScoring.Testing.Internal;

/// <summary>A node's place in its cluster.</summary>
/// <param name="ClusterId">The same for all nodes.</param>
/// <param name="Id">From 1.</param>
/// <param name="Port">Where its clients come in.</param>
/// <param name="Voters">Controller ports of all nodes, in the order of their ids.</param>
internal sealed record ClusterNode(string ClusterId, int Id, int Port, IReadOnlyList<int> Voters)
{
    internal int ControllerPort => Voters[Id - 1];

    /// <summary>Nodes of a new cluster, on free ports.</summary>
    internal static ClusterNode[] Plan(int count)
    {
        var id = NewClusterId();
        int[] voters = [.. Enumerable.Range(0, count).Select(static _ => LoopbackPorts.Take())];
        return [.. Enumerable.Range(1, count).Select(node => new ClusterNode(id, node, LoopbackPorts.Take(), voters))];
    }

    // Kafka's Uuid: 16 bytes in URL-safe base 64. One that begins with '-' reads as an option.
    private static string NewClusterId()
    {
        while (true)
        {
            var id = Convert.ToBase64String(Guid.NewGuid().ToByteArray()).TrimEnd('=').Replace('+', '-').Replace('/', '_');
            if (id[0] != '-') return id;
        }
    }
}
