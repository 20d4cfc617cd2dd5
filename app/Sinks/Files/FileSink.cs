using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Sinks.Files;

/// <summary>
/// Stores articles as JSON lines, one folder for each partition, each (topic, partition, offset) once. A file grows under a
/// hidden name, and is seen under its own once it is finished, whole and on disk: by size, by time, when its partition goes
/// to another process, and at the end. Its name tells the offsets in it, and so where a restart resumes.
/// </summary>
/// <remarks>
/// Records of an unfinished file are held back and not stored: after a crash they come again from Kafka, which has to keep
/// them longer than <see cref="FileSinkOptions.MaxFileSeconds"/>. Two processes on one partition exclude each other by a file
/// lock, so a folder that several machines share must be on a file system whose locks reach all of them.
/// </remarks>
public sealed class FileSink : ISink
{
    /// <summary>Name of the kind.</summary>
    public const string Kind = "files";

    private readonly FileSinkOptions _options;
    private readonly SinkContext _context;
    private readonly Dictionary<SinkPartition, PartitionFiles> _partitions = [];
    private bool _failed;

    /// <summary>A sink that is not open yet.</summary>
    public FileSink(FileSinkOptions options, SinkContext context)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(context);
        (_options, _context) = (options, context);
    }

    /// <inheritdoc/>
    public ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        Guarded(() => DurableFolder.Create(_options.Folder));
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyDictionary<SinkPartition, long>> LoadPositionsAsync(
        IReadOnlyCollection<SinkPartition> partitions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        var positions = new Dictionary<SinkPartition, long>();
        Guarded(() =>
        {
            foreach (var partition in partitions)
            {
                if (Take(partition).Next is { } next) positions[partition] = next;
            }
        });
        return ValueTask.FromResult<IReadOnlyDictionary<SinkPartition, long>>(positions);
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(SinkBatch batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        cancellationToken.ThrowIfCancellationRequested();
        Guarded(() =>
        {
            foreach (var advance in batch.Advances)
            {
                if (Take(advance.Partition).Next != advance.From) throw new SinkConflictException(advance.Partition, advance.From);
            }
            foreach (var record in batch.Records) _partitions[record.Partition].Add(record);
            foreach (var advance in batch.Advances) _partitions[advance.Partition].Next = advance.To;
        });
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask TickAsync(CancellationToken cancellationToken)
    {
        Guarded(() =>
        {
            foreach (var files in _partitions.Values)
            {
                if (files.IsDue) files.Finish();
            }
        });
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask ReleaseAsync(IReadOnlyCollection<SinkPartition> partitions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        Guarded(() =>
        {
            foreach (var partition in partitions)
            {
                if (!_partitions.TryGetValue(partition, out var files)) continue;
                files.Finish();
                _partitions.Remove(partition);
                files.Dispose();
            }
        });
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        try
        {
            // After a failure nobody knows what an unfinished file holds: it is forgotten, and its records come again.
            if (!_failed) Guarded(() =>
            {
                foreach (var files in _partitions.Values) files.Finish();
            });
        }
        catch (SinkUnavailableException failure)
        {
            AppLog.SinkCloseFailed(_context.Logger, _context.Name, failure.Message);
        }
        foreach (var files in _partitions.Values) files.Dispose();
        _partitions.Clear();
        return ValueTask.CompletedTask;
    }

    private PartitionFiles Take(SinkPartition partition)
    {
        if (!_partitions.TryGetValue(partition, out var files))
        {
            _partitions[partition] = files = PartitionFiles.Open(_options, _context.Time, _context.Source, partition);
        }
        return files;
    }

    private void Guarded(Action work)
    {
        try
        {
            work();
        }
        catch (SinkUnavailableException)
        {
            _failed = true;
            throw;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _failed = true;
            throw new SinkUnavailableException($"Folder '{_options.Folder}': {Reason(exception)}.", exception);
        }
    }

    private static string Reason(Exception exception)
    {
        const int noSpace = 28, diskFull = unchecked((int)0x80070070);
        return exception switch
        {
            UnauthorizedAccessException => $"this user may not write there ({exception.Message.TrimEnd('.')})",
            _ when exception.HResult is noSpace or diskFull => "the disk is full",
            _ => exception.Message.TrimEnd('.'),
        };
    }
}
