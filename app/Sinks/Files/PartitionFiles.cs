using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using StreamScoring.Schemas;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Sinks.Files;

/// <summary>The files of one partition: a lock, a position, those that are finished, and at most one that is not.</summary>
internal sealed class PartitionFiles : IDisposable
{
    private const int PositionDigits = 20;

    private readonly FileSinkOptions _options;
    private readonly TimeProvider _time;
    private readonly string _folder;
    private readonly FileStream _lock;
    private readonly byte[] _lineStart;
    private readonly ArrayBufferWriter<byte> _line = new(4 << 10);
    private FileStream? _file;
    private Stream? _output;
    private long _first;
    private long _startedAt;

    private PartitionFiles(FileSinkOptions options, TimeProvider time, SinkPartition partition, string folder, FileStream positions)
    {
        (_options, _time, _folder, _lock) = (options, time, folder, positions);
        _lineStart = Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{{\"kafka\":{{\"topic\":\"{JsonEncodedText.Encode(partition.Topic)}\",\"partition\":{partition.Partition},\"offset\":"));
    }

    /// <summary>The next offset to write, those of the unfinished file included; null before the first.</summary>
    internal long? Next { get; set; }

    /// <summary>Takes a partition, removes what an earlier process left unfinished, and finds the position.</summary>
    /// <exception cref="SinkUnavailableException">Another process has it, or its files contradict each other.</exception>
    internal static PartitionFiles Open(FileSinkOptions options, TimeProvider time, string source, SinkPartition partition)
    {
        var folder = FileNames.FolderOf(options.Folder, source, partition);
        DurableFolder.Create(folder);
        var files = new PartitionFiles(options, time, partition, folder, Lock(folder, partition));
        try
        {
            foreach (var path in Directory.EnumerateFiles(folder, ".*"))
            {
                if (FileNames.IsUnfinished(Path.GetFileName(path))) File.Delete(path);
            }
            files.Next = files.FindPosition();
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>Adds a record to the unfinished file, and finishes it where it is full.</summary>
    internal void Add(SinkRecord record)
    {
        _output ??= Begin(record.Offset);
        Format(record);
        _output.Write(_line.WrittenSpan);
        Next = record.Offset + 1;
        // With gzip it is what has left the compressor that counts.
        if (_file!.Position >= _options.MaxFileBytes) Finish();
    }

    /// <summary>True where the unfinished file is old enough.</summary>
    internal bool IsDue => _output is not null && _time.GetElapsedTime(_startedAt).TotalSeconds >= _options.MaxFileSeconds;

    /// <summary>
    /// Finishes the file: its bytes are on disk before it gets its name, and the name is before the position. A crash at any
    /// point leaves either nothing, or a whole file whose name tells the position.
    /// </summary>
    internal void Finish()
    {
        if (Next is not { } next) return;
        if (_file is { } file)
        {
            _output!.Flush();
            if (_output != file) _output.Dispose();
            file.Flush(flushToDisk: true);
            file.Dispose();
            var name = FileNames.Finished(_first, next - 1, _options.Gzip);
            var target = Path.Combine(_folder, name);
            if (File.Exists(target)) throw new SinkUnavailableException($"'{target}' is there already, and not by this sink: move it away.");
            File.Move(file.Name, target, overwrite: false);
            (_file, _output) = (null, null);
            DurableFolder.Sync(_folder);
        }
        _lock.Position = 0;
        _lock.Write(Encoding.ASCII.GetBytes(next.ToString("D20", CultureInfo.InvariantCulture)));
        _lock.Flush(flushToDisk: true);
    }

    /// <summary>Forgets what is not finished, and gives up the lock.</summary>
    public void Dispose()
    {
        try
        {
            if (_file is { } file)
            {
                if (_output != file) Quietly(_output!.Dispose);
                Quietly(file.Dispose);
                Quietly(() => File.Delete(file.Name));
            }
        }
        finally
        {
            (_file, _output) = (null, null);
            Quietly(_lock.Dispose);
        }
    }

    // What cannot be flushed or deleted, on a full disk, is removed by the next start.
    private static void Quietly(Action work)
    {
        try
        {
            work();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
        }
    }

    private static FileStream Lock(string folder, SinkPartition partition)
    {
        try
        {
            return new FileStream(Path.Combine(folder, FileNames.Position), new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0,
            });
        }
        catch (IOException exception) when (IsLocked(exception))
        {
            throw new SinkUnavailableException($"another process is writing {partition} to '{folder}', or has not given it up yet.", exception);
        }
    }

    private static bool IsLocked(IOException exception)
    {
        const int wouldBlock = 11, wouldBlockOnMac = 35, sharingViolation = unchecked((int)0x80070020);
        return exception.HResult is wouldBlock or wouldBlockOnMac or sharingViolation;
    }

    private long? FindPosition()
    {
        var position = ReadPosition();
        var finished = Directory.EnumerateFiles(_folder).Select(path => Path.GetFileName(path))
            .Select(name => (Name: name, Range: FileNames.Parse(name))).Where(file => file.Range is not null)
            .Select(file => (file.Name, file.Range!.Value.First, file.Range.Value.Last)).OrderBy(file => file.First).ToArray();
        for (var i = 0; i < finished.Length; i++)
        {
            var (name, first, last) = finished[i];
            if (last < first || (i > 0 && first <= finished[i - 1].Last))
            {
                throw new SinkUnavailableException(
                    $"'{Path.Combine(_folder, name)}' overlaps {(i > 0 ? $"'{finished[i - 1].Name}'" : "itself")}: no sink wrote both. Move one of them away.");
            }
            if (position is null || last >= position) position = last + 1;
        }
        return position;
    }

    private long? ReadPosition()
    {
        Span<byte> text = stackalloc byte[PositionDigits + 1];
        var length = _lock.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
        if (length == 0) return null;
        if (length == PositionDigits && long.TryParse(text[..length], NumberStyles.None, CultureInfo.InvariantCulture, out var position)) return position;
        throw new SinkUnavailableException(
            $"'{_lock.Name}' holds no position of {PositionDigits} digits: somebody has changed it. Empty it where the folder has all files, else write the next offset into it.");
    }

    private Stream Begin(long first)
    {
        _first = first;
        _startedAt = _time.GetTimestamp();
        _file = new FileStream(Path.Combine(_folder, FileNames.Unfinished(first)), new FileStreamOptions
        {
            Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 64 << 10,
        });
        return _options.Gzip ? new GZipStream(_file, CompressionLevel.Fastest, leaveOpen: true) : _file;
    }

    /// <summary>One line: where the record stood, and beside that the article's fields or the reason why it is none.</summary>
    private void Format(SinkRecord record)
    {
        _line.ResetWrittenCount();
        _line.Write(_lineStart);
        Write(record.Offset);
        _line.Write(",\"timestamp_ms\":"u8);
        Write(record.TimestampMs);
        _line.Write("},"u8);
        if (record.Article is { } article)
        {
            // Its object goes on where ours was begun.
            var json = ArticleJson.Write(article);
            _line.Write(json.AsSpan(1));
        }
        else
        {
            _line.Write("\"error\":"u8);
            _line.Write(JsonSerializer.SerializeToUtf8Bytes(record.Error ?? "no article", FileJson.Default.String));
            _line.Write(",\"value_base64\":"u8);
            _line.Write(JsonSerializer.SerializeToUtf8Bytes(record.Value, FileJson.Default.ByteArray));
            _line.Write("}"u8);
        }
        _line.Write("\n"u8);
    }

    private void Write(long number)
    {
        const int digits = 20;
        number.TryFormat(_line.GetSpan(digits), out var written, default, CultureInfo.InvariantCulture);
        _line.Advance(written);
    }
}
