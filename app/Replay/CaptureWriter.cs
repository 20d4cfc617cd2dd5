using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using StreamScoring.App.Commands;

namespace StreamScoring.App.Replay;

/// <summary>
/// Writes a folder: a file of JSON lines for each partition, and at the end <c>manifest.json</c> with their hashes. A
/// folder without it was not finished.
/// </summary>
internal sealed class CaptureWriter : IDisposable
{
    private readonly string _folder;
    private readonly string _prefix;
    private readonly Dictionary<int, PartitionFile> _files = [];

    private CaptureWriter(string folder, string prefix) => (_folder, _prefix) = (folder, prefix);

    /// <summary>Lines written.</summary>
    internal long Records { get; private set; }

    /// <summary>Begins a folder.</summary>
    /// <param name="folder">Must not exist, or be empty.</param>
    /// <param name="prefix">How the files' names begin: what is in them.</param>
    /// <exception cref="CommandException">Something is there, or nothing can be written.</exception>
    internal static CaptureWriter Create(string folder, string prefix)
    {
        try
        {
            if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
            {
                throw new CommandException($"{folder} is there already: give a folder that is new or empty.");
            }
            Directory.CreateDirectory(folder);
            return new CaptureWriter(folder, prefix);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"{folder} cannot be written: {exception.Message}", exception);
        }
    }

    /// <summary>Adds a line to a partition's file.</summary>
    /// <param name="partition">Partition.</param>
    /// <param name="offset">Its offset, larger than that of the line before.</param>
    /// <param name="write">Writes the line without its end.</param>
    internal void Add(int partition, long offset, Action<IBufferWriter<byte>> write)
    {
        if (!_files.TryGetValue(partition, out var file))
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{_prefix}-{partition:D4}.jsonl");
            _files.Add(partition, file = new PartitionFile(partition, name, File.Create(Path.Combine(_folder, name))));
        }
        file.Add(offset, write);
        Records++;
    }

    /// <summary>Closes the files and writes the manifest.</summary>
    /// <param name="describe">Makes the manifest of what is in the files.</param>
    internal void Finish(Func<IReadOnlyList<CapturedPartition>, CaptureManifest> describe)
    {
        var partitions = new List<CapturedPartition>();
        foreach (var file in _files.Values.OrderBy(static file => file.Partition)) partitions.Add(file.Finish());
        var path = Path.Combine(_folder, CaptureManifest.FileName);
        using (var stream = File.Create(path + ".tmp"))
        {
            JsonSerializer.Serialize(stream, describe(partitions), CaptureJson.Readable.CaptureManifest);
            stream.Write("\n"u8);
            stream.Flush(flushToDisk: true);
        }
        File.Move(path + ".tmp", path);
    }

    public void Dispose()
    {
        foreach (var file in _files.Values) file.Dispose();
    }

    private sealed class PartitionFile(int partition, string name, FileStream stream) : IDisposable
    {
        private const int FlushAtBytes = 64 << 10;
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly ArrayBufferWriter<byte> _buffer = new();
        private long _records;
        private long _firstOffset;
        private long _lastOffset;

        internal int Partition => partition;

        internal void Add(long offset, Action<IBufferWriter<byte>> write)
        {
            write(_buffer);
            _buffer.Write("\n"u8);
            if (_records++ == 0) _firstOffset = offset;
            _lastOffset = offset;
            if (_buffer.WrittenCount >= FlushAtBytes) Flush();
        }

        internal CapturedPartition Finish()
        {
            Flush();
            stream.Flush(flushToDisk: true);
            return new CapturedPartition(partition, name, Convert.ToHexStringLower(_hash.GetHashAndReset()), stream.Length, _records, _firstOffset, _lastOffset);
        }

        public void Dispose()
        {
            _hash.Dispose();
            stream.Dispose();
        }

        private void Flush()
        {
            _hash.AppendData(_buffer.WrittenSpan);
            stream.Write(_buffer.WrittenSpan);
            _buffer.ResetWrittenCount();
        }
    }
}
