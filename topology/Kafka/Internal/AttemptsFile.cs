using System.IO.MemoryMappedFiles;
using System.Text;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>Records of one partition, from offset to offset.</summary>
internal readonly record struct OffsetRange(string Topic, int Partition, long First, long Last)
{
    internal bool Contains(string topic, int partition, long offset) =>
        offset >= First && offset <= Last && partition == Partition && topic == Topic;
}

/// <summary>Records that were in work when a process died.</summary>
/// <param name="Range">Which.</param>
/// <param name="Crashes">How often.</param>
internal readonly record struct Suspect(OffsetRange Range, int Crashes);

/// <summary>
/// The attempts journal on disk, a file of fixed size that is mapped into memory: what is written survives the process,
/// however it ends, without a call to the system. (It need not survive the machine: what crashes a machine is not held
/// against a record.) While a process holds the file, nobody else can open it.
/// </summary>
/// <remarks>
/// Header (magic, version, counts), then topics of 256 bytes (length, UTF-8), then suspects, then one slot for each batch
/// that may be in work: a count, and that many ranges. Little-endian. A range is topic (int32), partition (int32), first
/// and last offset (int64); a suspect a range, crashes (int32) and four bytes of nothing. Crashes 0: a free entry.
/// </remarks>
internal sealed class AttemptsFile : IDisposable
{
    internal const int MaxSuspects = 512;
    internal const int MaxRanges = 64;
    private const int MaxTopics = 256;
    private const int MaxSlots = 256;
    private const uint Magic = 0x4A415353;
    private const int Version = 1;
    private const int HeaderBytes = 64;
    private const int TopicBytes = 256;
    private const int RangeBytes = 24;
    private const int SuspectBytes = 32;
    private const int SlotBytes = 8 + (MaxRanges * RangeBytes);
    private const int SuspectsAt = HeaderBytes + (MaxTopics * TopicBytes);
    private const int SlotsAt = SuspectsAt + (MaxSuspects * SuspectBytes);

    private readonly FileStream _file;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly Dictionary<string, int> _topics = new(StringComparer.Ordinal);

    private AttemptsFile(FileStream file)
    {
        _file = file;
        _map = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
        _view = _map.CreateViewAccessor();
    }

    /// <summary>Opens or creates the file and makes it this process's own.</summary>
    /// <exception cref="IOException">Another process holds it, or the disk is full.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    internal static AttemptsFile Open(string path)
    {
        const long size = SlotsAt + (MaxSlots * (long)SlotBytes);
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
        try
        {
            // All of it written now: a page that the disk has no room for would end the process when it is touched.
            if (file.Length != size)
            {
                file.SetLength(0);
                file.Write(new byte[size]);
                file.Flush();
            }
            return new AttemptsFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>What the process that held the file before left behind: suspects of its own, and ranges it died over.</summary>
    internal (List<Suspect> Suspects, List<OffsetRange> InWork) Read()
    {
        var (suspects, inWork) = (new List<Suspect>(), new List<OffsetRange>());
        if (_view.ReadUInt32(0) != Magic || _view.ReadInt32(4) != Version) return (suspects, inWork);
        var topics = new string?[MaxTopics];
        for (var i = 0; i < MaxTopics; i++) topics[i] = ReadTopic(i);
        for (var i = 0; i < MaxSuspects; i++)
        {
            var at = SuspectsAt + (i * SuspectBytes);
            var crashes = _view.ReadInt32(at + RangeBytes);
            if (crashes > 0 && ReadRange(at, topics) is { } range) suspects.Add(new Suspect(range, crashes));
        }
        for (var slot = 0; slot < MaxSlots; slot++)
        {
            var at = SlotAt(slot);
            var count = Math.Clamp(_view.ReadInt32(at), 0, MaxRanges);
            for (var i = 0; i < count; i++)
            {
                if (ReadRange(at + 8 + (i * RangeBytes), topics) is { } range) inWork.Add(range);
            }
        }
        return (suspects, inWork);
    }

    /// <summary>Begins anew, with no batch in work and nobody under suspicion.</summary>
    internal void Reset(IReadOnlyCollection<string> topics)
    {
        for (var slot = 0; slot < MaxSlots; slot++) End(slot);
        for (var i = 0; i < MaxTopics; i++) _view.Write(HeaderBytes + (i * TopicBytes), (byte)0);
        foreach (var topic in topics) NumberOf(topic);
        WriteSuspects([]);
        _view.Write(4, Version);
        _view.Write(0, Magic);
    }

    /// <summary>Replaces the suspects.</summary>
    internal void WriteSuspects(IReadOnlyList<Suspect> suspects)
    {
        for (var i = 0; i < MaxSuspects; i++)
        {
            var at = SuspectsAt + (i * SuspectBytes);
            var isKept = i < suspects.Count && NumberOf(suspects[i].Range.Topic) >= 0;
            if (isKept) WriteRange(at, suspects[i].Range);
            _view.Write(at + RangeBytes, isKept ? suspects[i].Crashes : 0);
        }
    }

    /// <summary>A batch goes into work. Nothing is known until the last step, the count.</summary>
    internal void Begin(int slot, ReadOnlySpan<OffsetRange> ranges)
    {
        var at = SlotAt(slot);
        var count = 0;
        foreach (var range in ranges)
        {
            if (count < MaxRanges && WriteRange(at + 8 + (count * RangeBytes), range)) count++;
        }
        Thread.MemoryBarrier();
        _view.Write(at, count);
    }

    /// <summary>The batch has ended, and the process lives.</summary>
    internal void End(int slot) => _view.Write(SlotAt(slot), 0);

    public void Dispose()
    {
        _view.Dispose();
        _map.Dispose();
        _file.Dispose();
    }

    private static int SlotAt(int slot) => SlotsAt + (slot % MaxSlots * SlotBytes);

    /// <summary>A topic's number; a new one is added where there is room, else -1.</summary>
    private int NumberOf(string topic)
    {
        if (_topics.TryGetValue(topic, out var known)) return known;
        var name = Encoding.UTF8.GetBytes(topic);
        if (_topics.Count == MaxTopics || name.Length is 0 or >= TopicBytes) return -1;
        var at = HeaderBytes + (_topics.Count * TopicBytes);
        _view.WriteArray(at + 1, name, 0, name.Length);
        _view.Write(at, (byte)name.Length);
        _topics.Add(topic, _topics.Count);
        return _topics.Count - 1;
    }

    private string? ReadTopic(int index)
    {
        var at = HeaderBytes + (index * TopicBytes);
        var name = new byte[_view.ReadByte(at)];
        return name.Length == 0 || _view.ReadArray(at + 1, name, 0, name.Length) != name.Length ? null : Encoding.UTF8.GetString(name);
    }

    private OffsetRange? ReadRange(int at, string?[] topics)
    {
        var topic = _view.ReadInt32(at);
        if ((uint)topic >= MaxTopics || topics[topic] is not { } name) return null;
        var range = new OffsetRange(name, _view.ReadInt32(at + 4), _view.ReadInt64(at + 8), _view.ReadInt64(at + 16));
        return range.Partition >= 0 && range.First >= 0 && range.Last >= range.First ? range : null;
    }

    private bool WriteRange(int at, OffsetRange range)
    {
        if (!_topics.TryGetValue(range.Topic, out var topic)) return false;
        _view.Write(at, topic);
        _view.Write(at + 4, range.Partition);
        _view.Write(at + 8, range.First);
        _view.Write(at + 16, range.Last);
        return true;
    }
}
