using System.IO.Compression;
using System.Text.Json;
using StreamScoring.Processors.Tokenization;

namespace StreamScoring.Processors.Tests.Tokenization;

/// <summary>
/// The tokenizer against Hugging Face's own, over thousands of texts. The file (gzip, a JSON object a line with
/// <c>text</c>, <c>ids</c> and <c>u16</c>) holds news that may not be passed on: it is read from where the environment
/// variable STREAMSCORING_TOKENIZER_GOLDEN says, with its vocab.txt beside it.
/// </summary>
public sealed class TokenizerGoldenTests
{
    private const string Variable = "STREAMSCORING_TOKENIZER_GOLDEN";

    private static readonly string[] SpecialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

    [Fact]
    public void Ids_and_offsets_equal_those_of_Hugging_Face_on_every_text()
    {
        var path = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(path)) Assert.Skip($"{Variable} names no file with goldens");
        var vocabulary = File.ReadAllText(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "vocab.txt"))
            .TrimEnd('\n').Split('\n');
        var tokenizer = new WordPieceTokenizer(vocabulary, new WordPieceOptions { LiteralTokens = SpecialTokens });
        using var reader = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        using var buffer = new TokenBuffer();
        var texts = 0;
        while (reader.ReadLine() is { } line)
        {
            using var row = JsonDocument.Parse(line);
            var text = row.RootElement.GetProperty("text").GetString()!;
            tokenizer.Encode(text, buffer);
            var expected = Numbers(row, "ids");
            int[] actual = [tokenizer.ClassifierId, .. buffer.Ids, tokenizer.SeparatorId];
            Assert.True(expected.AsSpan().SequenceEqual(actual), Difference(text, "ids", expected, actual));
            var offsets = Numbers(row, "u16");
            var actualOffsets = new int[actual.Length * 2];
            for (var i = 0; i < buffer.Count; i++)
            {
                actualOffsets[2 * i + 2] = buffer.Starts[i];
                actualOffsets[2 * i + 3] = buffer.Ends[i];
            }
            Assert.True(offsets.AsSpan().SequenceEqual(actualOffsets), Difference(text, "offsets", offsets, actualOffsets));
            texts++;
        }
        Assert.True(texts >= 3_000, $"only {texts} texts in {path}");
    }

    private static int[] Numbers(JsonDocument row, string name) =>
        [.. row.RootElement.GetProperty(name).EnumerateArray().Select(number => number.GetInt32())];

    private static string Difference(string text, string what, int[] expected, int[] actual) =>
        $"{what} differ for {JsonSerializer.Serialize(text)}\nexpected {string.Join(' ', expected)}\nactual   {string.Join(' ', actual)}";
}
