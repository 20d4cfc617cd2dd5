namespace StreamScoring.Topology.Replies;

/// <summary>What is known about topics that strangers name. Any thread.</summary>
internal interface IReplyTopics : IDisposable
{
    /// <summary>Begins to look a topic up, where nothing fresh is known; does not wait.</summary>
    void Prefetch(string topic);

    /// <summary>Whether answers may go there now. Waits for the first look, no longer than a few seconds.</summary>
    /// <returns>Null: they may. Else why not, one of <see cref="ReplyRefusals"/>.</returns>
    string? Refusal(string topic, int? partition, CancellationToken cancellationToken);
}
