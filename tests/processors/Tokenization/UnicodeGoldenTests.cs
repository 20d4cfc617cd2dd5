using System.Text.Json;
using StreamScoring.Processors.Tokenization;

namespace StreamScoring.Processors.Tests.Tokenization;

/// <summary>
/// Hard Unicode against Hugging Face's tokenizers, character by character: unicode_goldens.py made the file beside this
/// one. STREAMSCORING_UNICODE_GOLDENS may name a larger file of the same make.
/// </summary>
public sealed class UnicodeGoldenTests
{
    [Fact]
    public void Every_character_becomes_what_Hugging_Face_makes_of_it_and_knows_its_place()
    {
        var path = Environment.GetEnvironmentVariable("STREAMSCORING_UNICODE_GOLDENS")
            ?? Path.Combine(AppContext.BaseDirectory, "Tokenization", "unicode_goldens.jsonl");
        var lines = File.ReadAllLines(path);
        var vocabulary = JsonSerializer.Deserialize<Dictionary<string, string[]>>(lines[0])!["vocabulary"];
        var tokenizers = new[]
        {
            new WordPieceTokenizer(vocabulary, new WordPieceOptions { LowerCase = false }),
            new WordPieceTokenizer(vocabulary),
        };
        using var buffer = new TokenBuffer();
        var differences = new List<string>();
        foreach (var line in lines.Skip(1))
        {
            var row = JsonSerializer.Deserialize<Row>(line)!;
            tokenizers[row.lower ? 1 : 0].Encode(row.text, buffer);
            var offsets = new int[2 * buffer.Count];
            for (var i = 0; i < buffer.Count; i++) (offsets[2 * i], offsets[2 * i + 1]) = (buffer.Starts[i], buffer.Ends[i]);
            if (row.ids.AsSpan().SequenceEqual(buffer.Ids) && row.u16.AsSpan().SequenceEqual(offsets)) continue;
            differences.Add($"{JsonSerializer.Serialize(row.text)} lower {row.lower}\n"
                + $"  expected {string.Join(' ', row.ids)} at {string.Join(' ', row.u16)}\n"
                + $"  actual   {string.Join(' ', buffer.Ids.ToArray())} at {string.Join(' ', offsets)}");
        }
        Assert.True(lines.Length > 200);
        Assert.True(differences.Count == 0, $"{differences.Count} of {lines.Length - 1}:\n{string.Join('\n', differences.Take(10))}");
    }

    private sealed record Row(string text, bool lower, int[] ids, int[] u16);
}
