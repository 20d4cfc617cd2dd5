using CsCheck;
using StreamScoring.Processors.Sentences;
using StreamScoring.Processors.Tests.Models;
using StreamScoring.Processors.Tokenization;
using StreamScoring.Processors.Windows;

namespace StreamScoring.Processors.Tests.Windows;

public sealed class TokenWindowsTests
{
    private static readonly WordPieceTokenizer Tokenizer = new(TemporaryModel.Vocabulary);

    [Fact]
    public void Windows_cover_every_token_fit_the_room_and_begin_between_words()
    {
        string[] words = ["rain", "unbelievable", "zzzzzz", "."];
        Gen.Select(Gen.Int[0, words.Length - 1].Array[0, 200], Gen.Int[8, 40], Gen.Int[0, 7]).Sample(
            (indices, room, stride) =>
            {
                using var tokens = new TokenBuffer();
                Tokenizer.Encode(string.Join(' ', indices.Select(i => words[i])), tokens);
                var windows = new List<TokenWindow>();
                TokenWindows.Plan(tokens, room, stride, windows);
                var end = 0;
                var start = -1;
                foreach (var window in windows)
                {
                    Assert.InRange(window.Length, 1, room);
                    Assert.True(window.Start <= end && window.Start > start && window.End > end);
                    Assert.True(end - window.Start <= stride + 6);
                    Assert.Equal(window.Start, tokens.WordFirstTokens[tokens.Words[window.Start]]);
                    start = window.Start;
                    end = window.End;
                }
                Assert.Equal(tokens.Count, end);
            },
            iter: 1_000);
    }

    [Fact]
    public void Windows_end_with_a_sentence_where_one_ends_in_their_second_half()
    {
        string[] words = ["rain", "unbelievable", "zzzzzz", "rain. Rain", "rain. Zzzzzz"];
        Gen.Select(Gen.Int[0, words.Length - 1].Array[0, 200], Gen.Int[8, 40], Gen.Int[0, 3]).Sample(
            (indices, room, stride) =>
            {
                var text = string.Join(' ', indices.Select(i => words[i]));
                using var tokens = new TokenBuffer();
                Tokenizer.Encode(text, tokens);
                var sentences = new List<SentenceSpan>();
                SentenceSplitter.Split(text, sentences);
                var begins = sentences.Select(sentence => tokens.Starts.IndexOf(sentence.Start)).ToHashSet();
                var windows = new List<TokenWindow>();
                TokenWindows.Plan(tokens, room, stride, windows, sentences.ToArray());
                for (var i = 0; i < windows.Count; i++)
                {
                    var (start, end) = windows[i];
                    Assert.InRange(windows[i].Length, 1, room);
                    var limit = Math.Min(start + room, tokens.Count);
                    if (limit == tokens.Count)
                    {
                        Assert.Equal(tokens.Count, end);
                        Assert.Equal(windows.Count - 1, i);
                        break;
                    }
                    var best = begins.Where(begin => begin > start + (room / 2) && begin <= limit).DefaultIfEmpty(-1).Max();
                    if (best >= 0) Assert.Equal((best, best), (end, windows[i + 1].Start));
                    else Assert.True(windows[i + 1].Start <= end && windows[i + 1].End > end);
                }
            },
            iter: 1_000);
    }

    [Fact]
    public void A_word_longer_than_a_window_is_cut()
    {
        using var tokens = new TokenBuffer();
        Tokenizer.Encode(new string('z', 50), tokens);
        var windows = new List<TokenWindow>();
        TokenWindows.Plan(tokens, 8, 3, windows);
        Assert.Equal(tokens.Count, windows.Sum(window => window.Length));
    }
}
