using StreamScoring.Processors.Onnx;

namespace StreamScoring.Processors.Tests.Onnx;

public sealed class RowGroupsTests
{
    [Fact]
    public void Whatever_the_lengths_less_than_a_tenth_is_padding_and_no_run_is_too_large()
    {
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            var lengths = Enumerable.Range(0, random.Next(1, 300)).Select(_ => (long)random.Next(1, 512)).Order().ToArray();
            var (from, padding, tokens) = (0, 0L, 0L);
            while (from < lengths.Length)
            {
                var size = RowGroups.SizeOfNext([.. lengths.Skip(from).Select(length => length << 32)], maxRows: 32, maxTokens: 4096);
                var group = lengths.Skip(from).Take(size).ToArray();
                Assert.InRange(size, 1, 32);
                Assert.True(size == 1 || group[^1] * size <= 4096, $"{size} rows of {group[^1]} tokens");
                padding += (group[^1] * size) - group.Sum();
                tokens += group[^1] * size;
                from += size;
            }
            Assert.True(padding * 10 <= tokens, $"{padding} of {tokens} tokens are padding");
        }
    }

    [Fact]
    public void Rows_of_one_length_fill_a_run() =>
        Assert.Equal(16, RowGroups.SizeOfNext(Enumerable.Repeat(100L << 32, 40).ToArray(), maxRows: 16, maxTokens: 16_384));

    [Fact]
    public void A_row_beyond_the_token_budget_runs_alone() =>
        Assert.Equal(1, RowGroups.SizeOfNext([500L << 32, 500L << 32], maxRows: 16, maxTokens: 256));
}
