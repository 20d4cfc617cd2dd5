using System.IO.Compression;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.App.Sinks.Files;
using StreamScoring.Testing.Sinks;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Tests.Sinks.Files;

public class FileSinkContractTests : SinkContractTests, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-files-");

    protected virtual bool Gzip => false;

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _folder.Delete(recursive: true);
    }

    protected override ISink Create(string source) => new FileSink(
        new FileSinkOptions { Folder = _folder.FullName, Gzip = Gzip, MaxFileBytes = 100_000 },
        new SinkContext("files", source, NullLogger.Instance, TimeProvider.System));

    protected override Task<IReadOnlyList<StoredRecord>> ReadAsync(string source)
    {
        var folder = Path.Combine(_folder.FullName, Uri.EscapeDataString(source));
        var records = new List<StoredRecord>();
        foreach (var file in Directory.Exists(folder) ? Directory.GetFiles(folder, "*.jsonl*", SearchOption.AllDirectories) : [])
        {
            foreach (var line in FileLines.Read(file))
            {
                using var json = JsonDocument.Parse(line);
                var kafka = json.RootElement.GetProperty("kafka");
                records.Add(new StoredRecord(
                    new SinkPartition(kafka.GetProperty("topic").GetString()!, kafka.GetProperty("partition").GetInt32()), kafka.GetProperty("offset").GetInt64(),
                    json.RootElement.TryGetProperty("id", out var id) ? id.GetString() : null));
            }
        }
        return Task.FromResult<IReadOnlyList<StoredRecord>>(records);
    }
}

public sealed class GzipFileSinkContractTests : FileSinkContractTests
{
    protected override bool Gzip => true;
}

internal static class FileLines
{
    /// <summary>The lines of a finished file; each of them must end.</summary>
    internal static IReadOnlyList<string> Read(string path)
    {
        using var file = File.OpenRead(path);
        using var reader = new StreamReader(path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file);
        var text = reader.ReadToEnd();
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        return text[..^1].Split('\n');
    }
}
