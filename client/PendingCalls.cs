using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using StreamScoring.Schemas;

namespace StreamScoring.Client;

/// <summary>
/// Calls that wait for an answer, by correlation id: 8 random bytes of this client, then 8 bytes that count its calls. The
/// first answer takes its call out; a repeated one, as at-least-once may send, finds none.
/// </summary>
internal sealed class PendingCalls
{
    private const int IdBytes = 16;

    private readonly long _client = BinaryPrimitives.ReadInt64BigEndian(RandomNumberGenerator.GetBytes(sizeof(long)));
    private readonly ConcurrentDictionary<long, TaskCompletionSource<Article>> _calls = new();
    private long _last;

    internal int Count => _calls.Count;

    /// <summary>A new call; its continuations run on the thread pool, not on whoever answers.</summary>
    internal (long Number, Task<Article> Answer) Add()
    {
        var number = Interlocked.Increment(ref _last);
        var completion = new TaskCompletionSource<Article>(TaskCreationOptions.RunContinuationsAsynchronously);
        _calls[number] = completion;
        return (number, completion.Task);
    }

    internal byte[] CorrelationIdOf(long number)
    {
        var id = new byte[IdBytes];
        BinaryPrimitives.WriteInt64BigEndian(id, _client);
        BinaryPrimitives.WriteInt64BigEndian(id.AsSpan(sizeof(long)), number);
        return id;
    }

    /// <summary>Whether an answer is to a call of this client, and to which.</summary>
    internal bool IsOurs(ReadOnlySpan<byte> correlationId, out long number)
    {
        number = 0;
        if (correlationId.Length != IdBytes || BinaryPrimitives.ReadInt64BigEndian(correlationId) != _client) return false;
        number = BinaryPrimitives.ReadInt64BigEndian(correlationId[sizeof(long)..]);
        return true;
    }

    /// <summary>Takes a call out; null where it is gone: answered, timed out or cancelled.</summary>
    internal TaskCompletionSource<Article>? Take(long number) => _calls.TryRemove(number, out var call) ? call : null;

    internal void FailAll(Func<ScoringException> reason)
    {
        foreach (var number in _calls.Keys) Take(number)?.TrySetException(reason());
    }
}
