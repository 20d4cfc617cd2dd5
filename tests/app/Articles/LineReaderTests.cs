using System.Text;
using StreamScoring.App.Articles;

namespace StreamScoring.App.Tests.Articles;

public sealed class LineReaderTests
{
    [Theory]
    [InlineData("a\nb\n", "1:a 2:b")]
    [InlineData("a\r\nb", "1:a 2:b")]
    [InlineData("\n\na", "1: 2: 3:a")]
    [InlineData("", "")]
    [InlineData("\uFEFFa\n", "1:a")]
    public async Task Lines_come_with_their_numbers(string input, string expected)
    {
        Assert.Equal(expected, await ReadAsync(input, chunkBytes: 1));
        Assert.Equal(expected, await ReadAsync(input, chunkBytes: 4096));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1 << 16)]
    public async Task A_line_beyond_the_limit_is_skipped_and_its_neighbours_are_read(int chunkBytes)
    {
        var input = $"first\n{new string('x', 300_000)}\nlast";

        Assert.Equal("1:first 2:too-long 3:last", await ReadAsync(input, chunkBytes, maxLineBytes: 1000));
    }

    [Fact]
    public async Task Random_cuts_change_nothing()
    {
        var random = new Random(11);
        for (var round = 0; round < 200; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => "ab\n\r "[random.Next(5)]));
            var whole = await ReadAsync(text, chunkBytes: 1 << 16);

            Assert.Equal(whole, await ReadAsync(text, random.Next(1, 9)));
        }
    }

    private static async Task<string> ReadAsync(string input, int chunkBytes, int maxLineBytes = LineReader.DefaultMaxLineBytes)
    {
        using var lines = new LineReader(new ChunkedStream(Encoding.UTF8.GetBytes(input), chunkBytes), maxLineBytes);
        var read = new List<string>();
        bool more;
        do
        {
            more = await lines.FillAsync(TestContext.Current.CancellationToken);
            while (lines.TryRead(out var line)) read.Add($"{line.Number}:{(line.TooLong ? "too-long" : Encoding.UTF8.GetString(line.Bytes))}");
        }
        while (more);
        return string.Join(' ', read);
    }

    /// <summary>Gives a few bytes at a time, as a pipe may.</summary>
    private sealed class ChunkedStream(byte[] bytes, int chunkBytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, chunkBytes)], cancellationToken);
    }
}
