using System.Globalization;
using Microsoft.Extensions.Logging;
using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// Remembers over a crash which records were in work. Whoever takes their partition next on this machine meets them as
/// suspects: it runs them one at a time and alone, so that the next crash has one culprit; and a record that has killed
/// the process often enough is not run again.
/// </summary>
internal sealed class AttemptsJournal : IDisposable
{
    private const string Extension = ".attempts";
    private readonly Lock _lock = new();
    private readonly AttemptsFile _file;
    private readonly string _path;
    private readonly ILogger _logger;
    private volatile Suspect[] _suspects = [];

    private AttemptsJournal(AttemptsFile file, string path, int limit, ILogger logger)
    {
        (_file, _path, _logger) = (file, path, logger);
        Limit = limit;
    }

    /// <summary>Crashes after which a record is given up.</summary>
    internal int Limit { get; }

    /// <summary>False, as nearly always, where no record is under suspicion.</summary>
    internal bool HasSuspects => _suspects.Length > 0;

    /// <summary>The journal of an instance; null where it is turned off or its file cannot be had, which is logged.</summary>
    internal static AttemptsJournal? Open(
        KafkaStreamOptions options, string instance, IReadOnlyCollection<string> topics, ILogger logger)
    {
        if (options.MaxCrashesPerRecord == 0) return null;
        try
        {
            var folder = Directory.CreateDirectory(InstanceName.FolderOf(options)).FullName;
            // Offsets mean something only within one cluster.
            var path = Path.Combine(folder, InstanceName.Sanitize(instance) + "." + ClusterMark(options.BootstrapServers) + Extension);
            var journal = new AttemptsJournal(AttemptsFile.Open(path), path, options.MaxCrashesPerRecord, logger);
            var found = journal._file.Read();
            journal._file.Reset(topics);
            journal.Accuse(found);
            journal.AdoptFromTheDead();
            return journal;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            KafkaLog.NoAttemptsJournal(logger, exception.Message);
            return null;
        }
    }

    /// <summary>Takes over what processes of the group that died on this machine left behind. At an assignment too.</summary>
    internal void AdoptFromTheDead()
    {
        try
        {
            var mark = Path.GetFileName(_path).Split('.')[^2];
            foreach (var path in Directory.EnumerateFiles(Path.GetDirectoryName(_path)!, $"*.{mark}{Extension}"))
            {
                if (path != _path) Adopt(path);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            KafkaLog.NoAttemptsJournal(_logger, exception.Message);
        }
    }

    /// <summary>How often a record was in work when a process died.</summary>
    internal int CrashesOf(ConsumedRecord record)
    {
        var crashes = 0;
        foreach (var suspect in _suspects)
        {
            if (suspect.Range.Contains(record.Topic, record.Partition, record.Offset)) crashes = Math.Max(crashes, suspect.Crashes);
        }
        return crashes;
    }

    internal void Begin(int slot, ReadOnlySpan<OffsetRange> ranges) => _file.Begin(slot, ranges);

    internal void End(int slot) => _file.End(slot);

    /// <summary>The record was run and the process lives.</summary>
    internal void Acquit(ConsumedRecord record) => Clear(record.Topic, record.Partition, record.Offset, record.Offset);

    /// <summary>Everything of the partition up to an offset is committed: it never comes again.</summary>
    internal void Settle(string topic, int partition, long upTo) => Clear(topic, partition, 0, upTo);

    public void Dispose() => _file.Dispose();

    private void Clear(string topic, int partition, long first, long last)
    {
        lock (_lock)
        {
            var left = new List<Suspect>(_suspects.Length + 1);
            foreach (var suspect in _suspects)
            {
                var range = suspect.Range;
                if (range.Partition != partition || range.Topic != topic || range.Last < first || range.First > last)
                {
                    left.Add(suspect);
                    continue;
                }
                if (range.First < first) left.Add(suspect with { Range = range with { Last = first - 1 } });
                if (range.Last > last) left.Add(suspect with { Range = range with { First = last + 1 } });
            }
            // What does not fit after a split is let go: it is under suspicion, not convicted.
            if (left.Count > AttemptsFile.MaxSuspects) left.RemoveRange(AttemptsFile.MaxSuspects, left.Count - AttemptsFile.MaxSuspects);
            Keep(left);
        }
    }

    private void Adopt(string path)
    {
        try
        {
            using var other = AttemptsFile.Open(path);
            Accuse(other.Read());
            File.Delete(path);
        }
        catch (IOException)
        {
            // Its process lives.
        }
    }

    private void Accuse((List<Suspect> Suspects, List<OffsetRange> InWork) found)
    {
        lock (_lock)
        {
            var all = new List<Suspect>(_suspects);
            all.AddRange(found.Suspects);
            foreach (var range in found.InWork)
            {
                // A range of one record is one that ran alone: it carries what it was accused of before.
                var before = 0;
                foreach (var suspect in all)
                {
                    if (range.First == range.Last && suspect.Range.Contains(range.Topic, range.Partition, range.First))
                    {
                        before = Math.Max(before, suspect.Crashes);
                    }
                }
                // The crash before is explained: who was merely beside it is free.
                if (before > 0) all.RemoveAll(suspect => suspect.Crashes <= before);
                all.Add(new Suspect(range, before + 1));
                KafkaLog.DiedOver(_logger, range.Topic, range.Partition, range.First, range.Last, before + 1);
            }
            // The newest suspicions are kept: an old one may be of offsets that never come again.
            Keep(all.Count > AttemptsFile.MaxSuspects ? all.GetRange(all.Count - AttemptsFile.MaxSuspects, AttemptsFile.MaxSuspects) : all);
        }
    }

    private void Keep(List<Suspect> suspects)
    {
        _file.WriteSuspects(suspects);
        _suspects = [.. suspects];
    }

    private static string ClusterMark(string bootstrapServers)
    {
        // FNV-1a: a name, not a secret.
        var hash = 2166136261u;
        foreach (var character in bootstrapServers) hash = (hash ^ character) * 16777619u;
        return hash.ToString("x8", CultureInfo.InvariantCulture);
    }
}
