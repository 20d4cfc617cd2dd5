namespace StreamScoring.Client;

/// <summary>Bounds calls in flight, in number and in bytes; who finds no room waits in turn.</summary>
internal sealed class ByteBudget(int maxCalls, long maxBytes)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<(long Bytes, TaskCompletionSource Turn)> _waiting = new();
    private int _calls;
    private long _bytes;

    /// <summary>Takes a call's share. One larger than everything waits until it is alone.</summary>
    internal async ValueTask EnterAsync(long sizeBytes, CancellationToken cancellationToken)
    {
        LinkedListNode<(long, TaskCompletionSource Turn)> node;
        lock (_lock)
        {
            if (_waiting.Count == 0 && HasRoom(sizeBytes))
            {
                Take(sizeBytes);
                return;
            }
            node = _waiting.AddLast((sizeBytes, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
        }
        try
        {
            await node.Value.Turn.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            lock (_lock)
            {
                if (node.List is not null) _waiting.Remove(node);
                else Give(sizeBytes);
                Admit();
            }
            throw;
        }
    }

    internal void Leave(long sizeBytes)
    {
        lock (_lock)
        {
            Give(sizeBytes);
            Admit();
        }
    }

    private bool HasRoom(long sizeBytes) => _calls == 0 || (_calls < maxCalls && _bytes + sizeBytes <= maxBytes);

    private void Take(long sizeBytes)
    {
        _calls++;
        _bytes += sizeBytes;
    }

    private void Give(long sizeBytes)
    {
        _calls--;
        _bytes -= sizeBytes;
    }

    private void Admit()
    {
        while (_waiting.First is { } first && HasRoom(first.Value.Bytes))
        {
            _waiting.RemoveFirst();
            Take(first.Value.Bytes);
            first.Value.Turn.SetResult();
        }
    }
}
