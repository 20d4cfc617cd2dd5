using System.Security.Cryptography;
using System.Text.Json;
using StreamScoring.App.Articles;
using StreamScoring.App.Commands;

namespace StreamScoring.App.Replay;

/// <summary>A folder that <see cref="CaptureWriter"/> wrote, every file of it compared with its hash.</summary>
internal sealed class CaptureFolder
{
    // A record of Kafka's largest sizes, in base64, with its headers.
    private const int MaxLineBytes = 192 << 20;

    private CaptureFolder(string path, CaptureManifest manifest, string sha256) => (Path, Manifest, Sha256) = (path, manifest, sha256);

    /// <summary>The folder.</summary>
    internal string Path { get; }

    /// <summary>Its manifest.</summary>
    internal CaptureManifest Manifest { get; }

    /// <summary>SHA-256 of the manifest, and so of everything in the folder.</summary>
    internal string Sha256 { get; }

    /// <summary>Records in it.</summary>
    internal long Records => Manifest.Partitions.Sum(static partition => partition.Records);

    /// <summary>Opens a folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="kind">What it has to be.</param>
    /// <param name="cancellationToken">Ends the hashing.</param>
    /// <exception cref="CommandException">It is none, was not finished, or was changed: says which file.</exception>
    internal static CaptureFolder Open(string path, string kind, CancellationToken cancellationToken)
    {
        var manifestPath = System.IO.Path.Combine(path, CaptureManifest.FileName);
        try
        {
            if (!Directory.Exists(path)) throw new CommandException($"{path}: there is no such folder.");
            if (!File.Exists(manifestPath))
            {
                throw new CommandException($"{path} has no {CaptureManifest.FileName}: it is no {kind}, or was cut short before it was finished. Make it again.");
            }
            var bytes = File.ReadAllBytes(manifestPath);
            var manifest = Parse(bytes, manifestPath);
            if (manifest.Kind != kind) throw new CommandException($"{path} is a {manifest.Kind}, and a {kind} is needed.");
            foreach (var partition in manifest.Partitions) Verify(path, partition, cancellationToken);
            return new CaptureFolder(path, manifest, Convert.ToHexStringLower(SHA256.HashData(bytes)));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"{path} cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>The lines of one partition's file, in order; empty where the folder has none of it.</summary>
    internal IEnumerable<byte[]> Lines(int partition)
    {
        var entry = Manifest.Partitions.FirstOrDefault(candidate => candidate.Partition == partition);
        if (entry is null) yield break;
        using var lines = new LineReader(File.OpenRead(System.IO.Path.Combine(Path, entry.File)), MaxLineBytes);
        bool more;
        do
        {
            // A file never waits.
            more = lines.FillAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
            while (lines.TryRead(out var line))
            {
                if (line.TooLong) throw new CommandException($"{entry.File}, line {line.Number}: it is longer than {MaxLineBytes >> 20} MiB.");
                yield return line.Bytes;
            }
        }
        while (more);
    }

    /// <summary>The captured records in the order of their times, each partition in the order of its offsets.</summary>
    /// <exception cref="CommandException">A line is no record.</exception>
    internal IEnumerable<CapturedRecord> ReadInOrderOfTime()
    {
        var partitions = new PriorityQueue<IEnumerator<CapturedRecord>, (long TimestampMs, int Partition)>();
        try
        {
            foreach (var partition in Manifest.Partitions)
            {
                var records = ReadRecords(partition).GetEnumerator();
                if (records.MoveNext()) partitions.Enqueue(records, (records.Current.TimestampMs, partition.Partition));
            }
            while (partitions.TryDequeue(out var records, out var place))
            {
                yield return records.Current;
                if (records.MoveNext()) partitions.Enqueue(records, (records.Current.TimestampMs, place.Partition));
                else records.Dispose();
            }
        }
        finally
        {
            while (partitions.TryDequeue(out var records, out _)) records.Dispose();
        }
    }

    private IEnumerable<CapturedRecord> ReadRecords(CapturedPartition partition)
    {
        var number = 0;
        foreach (var line in Lines(partition.Partition))
        {
            number++;
            CapturedRecord record;
            try
            {
                record = CapturedRecord.Read(partition.Partition, line);
            }
            catch (FormatException exception)
            {
                throw new CommandException($"{System.IO.Path.Combine(Path, partition.File)}, line {number}: {exception.Message}", exception);
            }
            yield return record;
        }
    }

    private static CaptureManifest Parse(byte[] bytes, string path)
    {
        try
        {
            var manifest = JsonSerializer.Deserialize(bytes, CaptureJson.Readable.CaptureManifest) ?? throw new CommandException($"{path} is empty.");
            if (manifest.Format != CaptureManifest.CurrentFormat)
            {
                throw new CommandException($"{path} is of format {manifest.Format}, this program reads format {CaptureManifest.CurrentFormat}: use the version that wrote it, or make it again.");
            }
            foreach (var partition in manifest.Partitions)
            {
                if (partition.File == System.IO.Path.GetFileName(partition.File) && partition.File.Length > 0) continue;
                throw new CommandException($"{path} names the file '{partition.File}', which is not one in its folder.");
            }
            return manifest;
        }
        catch (JsonException exception)
        {
            throw new CommandException($"{path} is damaged: {exception.Message}", exception);
        }
    }

    private static void Verify(string folder, CapturedPartition partition, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var path = System.IO.Path.Combine(folder, partition.File);
        if (!File.Exists(path)) throw new CommandException($"{path} is missing: the folder was changed after it was made.");
        using var file = File.OpenRead(path);
        if (file.Length < partition.Bytes)
        {
            throw new CommandException($"{path} has {file.Length:N0} bytes, the manifest says {partition.Bytes:N0}: it was cut short.");
        }
        var (sha256, lines) = Digest(file);
        if (sha256 != partition.Sha256)
        {
            throw new CommandException($"{path} has SHA-256 {sha256}, the manifest says {partition.Sha256}: it was changed after it was made. Fetch it again, or make it anew.");
        }
        if (lines != partition.Records)
        {
            throw new CommandException($"{path} has {lines:N0} records, the manifest says {partition.Records:N0}: the manifest was changed after it was made.");
        }
    }

    private static (string Sha256, long Lines) Digest(FileStream file)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[128 << 10];
        var lines = 0L;
        int read;
        while ((read = file.Read(buffer)) > 0)
        {
            var block = buffer.AsSpan(0, read);
            hash.AppendData(block);
            lines += block.Count((byte)'\n');
        }
        return (Convert.ToHexStringLower(hash.GetHashAndReset()), lines);
    }
}
