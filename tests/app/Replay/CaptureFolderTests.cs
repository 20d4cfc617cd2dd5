using System.Text;
using StreamScoring.App.Commands;
using StreamScoring.App.Kafka;
using StreamScoring.App.Replay;
using StreamScoring.Topology;
using Confluent.Kafka;

namespace StreamScoring.App.Tests.Replay;

public sealed class CaptureFolderTests : IDisposable
{
    private readonly DirectoryInfo _parent = Directory.CreateTempSubdirectory("streamscoring-capture-");

    private string Folder => Path.Combine(_parent.FullName, "capture");

    private string First => Path.Combine(Folder, "records-0000.jsonl");

    public void Dispose() => _parent.Delete(recursive: true);

    [Fact]
    public void Records_come_back_bit_for_bit_in_the_order_of_time()
    {
        CapturedRecord[] records =
        [
            new(0, 5, 100, "k"u8.ToArray(), [0xC3, 0x01, 0xFF], new RecordHeaders().Add("h", "ä").Add("h", (byte[]?)null).Add("b", [0xFF])),
            new(0, 9, 300, null, null, new RecordHeaders()),
            new(1, 0, 200, [], "\uFEFF{\"a\": \"\u2028\\\"\"}\n"u8.ToArray(), new RecordHeaders()),
        ];
        Write(records);

        var read = Open().ReadInOrderOfTime().ToList();

        Assert.Equal([(0, 5L), (1, 0L), (0, 9L)], read.Select(record => (record.Partition, record.Offset)));
        foreach (var (record, original) in read.OrderBy(record => (record.Partition, record.Offset)).Zip(records))
        {
            Assert.Equal(original.Key, record.Key);
            Assert.Equal(original.Value, record.Value);
            Assert.Equal(original.TimestampMs, record.TimestampMs);
            Assert.Equal(original.Headers.Select(Text), record.Headers.Select(Text));
        }
    }

    [Theory]
    [InlineData("cut", "it was cut short")]
    [InlineData("edited", "it was changed after it was made")]
    [InlineData("missing", "is missing")]
    [InlineData("unfinished", "it is no capture, or was cut short")]
    [InlineData("manifest", "is damaged")]
    [InlineData("counts", "the manifest was changed after it was made")]
    [InlineData("outside", "which is not one in its folder")]
    [InlineData("newer", "is of format 99")]
    [InlineData("run", "is a capture, and a run is needed")]
    public void A_folder_that_is_not_what_was_written_is_refused_with_the_reason(string harm, string reason)
    {
        Write([new(0, 5, 100, "k"u8.ToArray(), "{\"id\":\"1\"}"u8.ToArray(), new RecordHeaders())]);
        var manifest = Path.Combine(Folder, "manifest.json");
        switch (harm)
        {
            case "cut": using (var file = File.OpenWrite(First)) file.SetLength(file.Length - 3); break;
            case "edited": File.WriteAllText(First, File.ReadAllText(First).Replace("\"1\"", "\"2\"", StringComparison.Ordinal).Replace("\\\"1\\\"", "\\\"2\\\"", StringComparison.Ordinal)); break;
            case "missing": File.Delete(First); break;
            case "unfinished": File.Delete(manifest); break;
            case "manifest": File.WriteAllText(manifest, File.ReadAllText(manifest)[..80]); break;
            case "counts": File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"records\": 1", "\"records\": 2", StringComparison.Ordinal)); break;
            case "outside": File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("records-0000.jsonl", "../records-0000.jsonl", StringComparison.Ordinal)); break;
            case "newer": File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"format\": 1", "\"format\": 99", StringComparison.Ordinal)); break;
        }

        var error = Assert.Throws<CommandException>(() => CaptureFolder.Open(
            Folder, harm == "run" ? CaptureManifest.RunKind : CaptureManifest.CaptureKind, TestContext.Current.CancellationToken));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Contains(Folder, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_with_something_in_it_is_not_written_to()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Combine(Folder, "mine"), "");
        Assert.Contains("is there already", Assert.Throws<CommandException>(() => CaptureWriter.Create(Folder, "records")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0:100-199", "0:100-199")]
    [InlineData("1:-5,0:7", "0:7-7 1:10-5")]
    [InlineData("0:990-", "0:990-999")]
    [InlineData("0:1-5,0:5-6", null)]
    [InlineData("0:9-5", null)]
    [InlineData("0:", null)]
    [InlineData("x", null)]
    [InlineData("0:1-2-3", null)]
    public void Offsets_are_ranges_of_partitions(string text, string? expected)
    {
        Assert.Equal(expected is not null, OffsetSelection.TryParse(text, out var selection));
        if (expected is null) return;
        List<PartitionRange> whole = [new(new TopicPartition("t", 0), 0, 1_000), new(new TopicPartition("t", 1), 10, 1_000)];
        Assert.Equal(expected, string.Join(' ', selection.Within(whole).Select(range => $"{range.Partition.Partition.Value}:{range.From}-{range.Until - 1}")));
    }

    private CaptureFolder Open() => CaptureFolder.Open(Folder, CaptureManifest.CaptureKind, TestContext.Current.CancellationToken);

    private void Write(IEnumerable<CapturedRecord> records)
    {
        using var writer = CaptureWriter.Create(Folder, "records");
        foreach (var record in records) writer.Add(record.Partition, record.Offset, record.Write);
        writer.Finish(files => new CaptureManifest
        {
            Kind = CaptureManifest.CaptureKind,
            CreatedAt = DateTimeOffset.UnixEpoch,
            Topic = "articles",
            PartitionCount = 2,
            Complete = true,
            Partitions = files,
            Nodes = [],
        });
    }

    private static string Text(RecordHeader header) => $"{header.Key}={(header.Value is null ? "null" : Convert.ToHexString(header.Value))}";
}
