using StreamScoring.Topology.Replies;

namespace StreamScoring.Topology.Tests.Replies;

/// <summary>Topics of one partition that are there, but for those that are said not to be.</summary>
internal sealed class FakeReplyTopics : IReplyTopics
{
    public Dictionary<string, string> Refusals { get; } = [];

    public List<string> Asked { get; } = [];

    public void Prefetch(string topic)
    {
    }

    public string? Refusal(string topic, int? partition, CancellationToken cancellationToken)
    {
        Asked.Add(topic);
        return Refusals.GetValueOrDefault(topic) ?? (partition > 0 ? ReplyRefusals.NoSuchPartition : null);
    }

    public void Dispose()
    {
    }
}
