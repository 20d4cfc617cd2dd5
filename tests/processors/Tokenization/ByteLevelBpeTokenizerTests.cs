using System.Text.Json;
using StreamScoring.Processors.Tokenization;

namespace StreamScoring.Processors.Tests.Tokenization;

public sealed class ByteLevelBpeTokenizerTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-tokenizer-");

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>
    /// byte_level_goldens.py made the file beside this one. STREAMSCORING_BYTE_LEVEL_GOLDENS may name a larger one of the
    /// same make.
    /// </summary>
    [Fact]
    public void Ids_and_offsets_equal_those_of_Hugging_Face()
    {
        var lines = File.ReadAllLines(Environment.GetEnvironmentVariable("STREAMSCORING_BYTE_LEVEL_GOLDENS") ?? Goldens);
        using var head = JsonDocument.Parse(lines[0]);
        var tokenizers = new[] { Load(head, "plain"), Load(head, "prefixed") };
        using var buffer = new TokenBuffer();
        var differences = new List<string>();
        foreach (var line in lines.Skip(1))
        {
            var row = JsonSerializer.Deserialize<Row>(line)!;
            tokenizers[row.prefix ? 1 : 0].Encode(row.text, buffer);
            var offsets = new int[2 * buffer.Count];
            for (var i = 0; i < buffer.Count; i++) (offsets[2 * i], offsets[2 * i + 1]) = (buffer.Starts[i], buffer.Ends[i]);
            if (row.ids.AsSpan().SequenceEqual(buffer.Ids) && row.u16.AsSpan().SequenceEqual(offsets)) continue;
            differences.Add($"{JsonSerializer.Serialize(row.text)} prefix {row.prefix}\n"
                + $"  expected {string.Join(' ', row.ids)} at {string.Join(' ', row.u16)}\n"
                + $"  actual   {string.Join(' ', buffer.Ids.ToArray())} at {string.Join(' ', offsets)}");
        }
        Assert.True(lines.Length > 200);
        Assert.True(differences.Count == 0, $"{differences.Count} of {lines.Length - 1}:\n{string.Join('\n', differences.Take(10))}");
    }

    [Fact]
    public void The_older_two_files_say_the_same()
    {
        using var head = JsonDocument.Parse(File.ReadLines(Goldens).First());
        var expected = Load(head, "plain");
        var model = head.RootElement.GetProperty("plain").GetProperty("model");
        File.Delete(Path.Combine(_folder.FullName, "tokenizer.json"));
        Write("vocab.json", model.GetProperty("vocab").GetRawText());
        var merges = model.GetProperty("merges").EnumerateArray().Select(m => m.ValueKind == JsonValueKind.String ? m.GetString() : $"{m[0].GetString()} {m[1].GetString()}");
        Write("merges.txt", "#version: 0.2\n" + string.Join('\n', merges) + "\n");
        var actual = TokenizerFiles.Load(_folder.FullName);
        using var one = new TokenBuffer();
        using var two = new TokenBuffer();
        const string text = "The market's prices didn't fall.\n\n “No” – 3,000";
        expected.Encode(text, one);
        actual.Encode(text, two);
        Assert.Equal(one.Ids.ToArray(), two.Ids.ToArray());
        Assert.Equal(2, actual.PairSeparators);
        Assert.Equal([0, 2, 1], new[] { actual.ClassifierId, actual.SeparatorId, actual.PaddingId });
    }

    [Fact]
    public void Words_leave_out_the_space_before_them_and_spaces_belong_to_the_word_before()
    {
        using var head = JsonDocument.Parse(File.ReadLines(Goldens).First());
        var tokenizer = Load(head, "plain");
        using var buffer = new TokenBuffer();
        const string text = "\n\nhe said,\n\n it's";
        tokenizer.Encode(text, buffer);
        var words = Enumerable.Range(0, buffer.WordCount).Select(i => text[buffer.WordStarts[i]..buffer.WordEnds[i]]);
        Assert.Equal(["", "he", "said", ",", "it", "'s"], words);
    }

    [Fact]
    public void A_limit_keeps_whole_words_and_endless_words_stay_bounded()
    {
        using var head = JsonDocument.Parse(File.ReadLines(Goldens).First());
        var tokenizer = Load(head, "plain");
        using var buffer = new TokenBuffer();
        tokenizer.Encode("said qqqqqqqqqq", buffer, 3);
        Assert.Equal(1, buffer.WordCount);
        Assert.True(buffer.Truncated);
        tokenizer.Encode(new string('q', 10_000_000), buffer, 16_384);
        Assert.True(buffer.Truncated);
        Assert.Equal(0, buffer.Count);
        tokenizer.Encode("\uD83D said \uDE00", buffer);
        Assert.All(buffer.Ends.ToArray(), end => Assert.InRange(end, 1, 8));
    }

    private static string Goldens => Path.Combine(AppContext.BaseDirectory, "Tokenization", "byte_level_goldens.jsonl");

    private Tokenizer Load(JsonDocument head, string name)
    {
        Write("tokenizer.json", head.RootElement.GetProperty(name).GetRawText());
        return TokenizerFiles.Load(_folder.FullName);
    }

    private void Write(string file, string text) => File.WriteAllText(Path.Combine(_folder.FullName, file), text);

    private sealed record Row(string text, bool prefix, int[] ids, int[] u16);
}
