using System.Collections.Concurrent;
using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas.Registry;

/// <summary>
/// What is known of a registry's schemas, by their paths. A known schema answers at once and for good; an unknown one is
/// looked up in the background, once for all who ask; a refusal stands for a while.
/// </summary>
/// <param name="fetch">Asks the registry.</param>
/// <param name="options">How long to wait and to remember.</param>
/// <param name="time">The clock.</param>
internal sealed class SchemaLookups(
    Func<string, CancellationToken, Task<AvroSchema>> fetch, SchemaRegistryOptions options, TimeProvider time) : IDisposable
{
    private const int MaxRefusals = 10_000;

    /// <summary>More at a time would only be a burden to a registry that is slow already.</summary>
    private const int MaxLookups = 16;

    /// <summary>After a look-up that found no registry, who asks gets its error instead of a wait of their own.</summary>
    private static readonly TimeSpan UnavailableLifetime = TimeSpan.FromSeconds(1);

    /// <summary>How often credentials that were refused are tried again: others may hold the account to be attacked.</summary>
    private static readonly TimeSpan UnauthorizedLifetime = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, AvroSchema> _schemas = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Failure> _refusals = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Lookup> _lookups = new(StringComparer.Ordinal);
    private Failure? _unavailable;
    private bool _isDisposed;

    /// <summary>The schema at a path; stands still for it no longer than the options' patience.</summary>
    /// <exception cref="SchemaRegistryException">It is refused, or (transient) not there yet.</exception>
    public AvroSchema Get(string path, CancellationToken cancellationToken)
    {
        if (_schemas.TryGetValue(path, out var known)) return known;
        var (lookup, patience) = Join(path);
        var isCompleted = false;
        try
        {
            // Whoever decodes has no way to wait but to stand still.
            isCompleted = lookup.Task.Wait((int)patience.TotalMilliseconds, cancellationToken);
        }
        catch (AggregateException)
        {
            isCompleted = true;
        }
        finally
        {
            Leave(path, lookup, isAbandoned: cancellationToken.IsCancellationRequested);
        }
        return isCompleted
            ? ResultOf(lookup)
            : throw Unavailable($"The schema registry has not answered for {path} yet; the look-up goes on in the background.");
    }

    /// <summary>The schema at a path; waits as long as the look-up takes.</summary>
    /// <exception cref="SchemaRegistryException">It is refused, or the registry cannot be reached.</exception>
    public async Task<AvroSchema> GetAsync(string path, CancellationToken cancellationToken)
    {
        if (_schemas.TryGetValue(path, out var known)) return known;
        var (lookup, _) = Join(path);
        try
        {
            await ((Task)lookup.Task.WaitAsync(cancellationToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
        finally
        {
            Leave(path, lookup, isAbandoned: cancellationToken.IsCancellationRequested);
        }
        return ResultOf(lookup);
    }

    /// <summary>Ends every look-up.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            foreach (var lookup in _lookups.Values) _ = lookup.Stop.CancelAsync();
        }
    }

    private (Lookup Lookup, TimeSpan Patience) Join(string path)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            ThrowIfRefused(path);
            var patience = PatienceLeft();
            if (!_lookups.TryGetValue(path, out var lookup))
            {
                if (_lookups.Count >= MaxLookups)
                {
                    throw Unavailable($"The schema registry has not answered {MaxLookups} look-ups yet; {path} waits for one of them to end.");
                }
                lookup = new Lookup(time.GetTimestamp());
                _lookups.Add(path, lookup);
                lookup.Task = Task.Run(() => RunAsync(path, lookup));
            }
            lookup.Waiters++;
            return (lookup, patience);
        }
    }

    /// <summary>A registry that has been silent for long is not waited for by each caller anew.</summary>
    private TimeSpan PatienceLeft()
    {
        var silence = TimeSpan.Zero;
        foreach (var lookup in _lookups.Values)
        {
            var elapsed = time.GetElapsedTime(lookup.StartedAt);
            if (elapsed > silence) silence = elapsed;
        }
        return silence < options.Patience ? options.Patience - silence : TimeSpan.Zero;
    }

    private void ThrowIfRefused(string path)
    {
        if (_refusals.TryGetValue(path, out var refusal))
        {
            if (IsFresh(refusal)) throw refusal.Error.Again();
            _refusals.TryRemove(path, out _);
        }
        if (_unavailable is { } unavailable && IsFresh(unavailable)) throw unavailable.Error.Again();
    }

    // Not by the wall clock: one that is set back would make a refusal of seconds last for hours.
    private bool IsFresh(Failure failure) => time.GetElapsedTime(failure.At) < failure.Lifetime;

    private void Leave(string path, Lookup lookup, bool isAbandoned)
    {
        lock (_lock)
        {
            lookup.Waiters--;
            if (isAbandoned && lookup.Waiters == 0 && Remove(path, lookup)) _ = lookup.Stop.CancelAsync();
        }
    }

    private async Task<AvroSchema> RunAsync(string path, Lookup lookup)
    {
        try
        {
            return _schemas[path] = await fetch(path, lookup.Stop.Token);
        }
        catch (SchemaRegistryException exception)
        {
            // Known before the look-up is gone: nobody starts another in between.
            if (exception is { IsTransient: true, IsUnauthorized: false }) _unavailable = new Failure(time.GetTimestamp(), UnavailableLifetime, exception);
            else Refuse(path, exception);
            throw;
        }
        finally
        {
            lock (_lock)
            {
                Remove(path, lookup);
                lookup.Dispose();
            }
        }
    }

    private void Refuse(string path, SchemaRegistryException exception)
    {
        if (_refusals.Count >= MaxRefusals) _refusals.Clear();
        var lifetime = exception.IsUnauthorized ? UnauthorizedLifetime : options.UnknownIdLifetime;
        _refusals[path] = new Failure(time.GetTimestamp(), lifetime, exception);
    }

    private bool Remove(string path, Lookup lookup) =>
        _lookups.TryGetValue(path, out var current) && current == lookup && _lookups.Remove(path);

    private static AvroSchema ResultOf(Lookup lookup)
    {
        try
        {
            return lookup.Task.GetAwaiter().GetResult();
        }
        catch (SchemaRegistryException exception)
        {
            throw exception.Again();
        }
        catch (OperationCanceledException)
        {
            throw Unavailable("The look-up was cut short.");
        }
    }

    private static SchemaRegistryException Unavailable(string message) => new("registry-unavailable", message, isTransient: true);

    /// <summary>An error that stands until then.</summary>
    private sealed record Failure(long At, TimeSpan Lifetime, SchemaRegistryException Error);

    private sealed class Lookup(long startedAt) : IDisposable
    {
        public readonly long StartedAt = startedAt;
        public readonly CancellationTokenSource Stop = new();
        public Task<AvroSchema> Task = null!;
        public int Waiters;

        public void Dispose() => Stop.Dispose();
    }
}
