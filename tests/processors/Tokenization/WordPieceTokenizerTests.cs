using CsCheck;
using StreamScoring.Processors.Tests.Models;
using StreamScoring.Processors.Tokenization;

namespace StreamScoring.Processors.Tests.Tokenization;

public sealed class WordPieceTokenizerTests
{
    private static readonly WordPieceTokenizer Tokenizer = new(TemporaryModel.Vocabulary);

    private static string Show(WordPieceTokenizer tokenizer, string text, int maxTokens = int.MaxValue)
    {
        using var buffer = new TokenBuffer();
        tokenizer.Encode(text, buffer, maxTokens);
        var parts = new List<string>();
        for (var i = 0; i < buffer.Count; i++)
            parts.Add($"{TemporaryModel.Vocabulary[buffer.Ids[i]]}@{buffer.Starts[i]}-{buffer.Ends[i]}/{buffer.Words[i]}");
        return string.Join(' ', parts);
    }

    [Theory]
    [InlineData("John met Ann.", "john@0-4/0 met@5-8/1 ann@9-12/2 .@12-13/3")]
    [InlineData("unbelievable", "un@0-2/0 ##believ@2-8/0 ##able@8-12/0")]
    [InlineData("unbelievabley", "[UNK]@0-13/0")]
    [InlineData("  rain\u00A0\train ", "rain@2-6/0 rain@8-12/1")]
    [InlineData("", "")]
    [InlineData(" \u3000\n", "")]
    public void Words_are_cut_into_the_longest_pieces_with_their_place(string text, string expected) =>
        Assert.Equal(expected, Show(Tokenizer, text));

    [Theory]
    [InlineData("r\u00E1in", "rain@0-4/0")]
    [InlineData("ra\u0301in", "rain@0-5/0")]
    [InlineData("ra\u200Bin", "rain@0-5/0")]
    [InlineData("ra\0in", "rain@0-5/0")]
    [InlineData("RA\u0130N", "rain@0-4/0")]
    [InlineData("\uD83D\uDE00 rain", "[UNK]@0-2/0 rain@3-7/1")]
    [InlineData("no\u4E2Dno", "no@0-2/0 [UNK]@2-3/1 no@3-5/2")]
    public void Accents_and_invisible_characters_leave_no_trace_but_offsets_stay_true(string text, string expected) =>
        Assert.Equal(expected, Show(Tokenizer, text));

    [Fact]
    public void Lone_surrogates_leave_no_trace()
    {
        Assert.Equal("rain@0-5/0", Show(Tokenizer, "ra\uD83Din"));
        Assert.Equal("rain@0-5/0", Show(Tokenizer, "ra\uDE00in"));
        Assert.Equal("rain@0-4/0", Show(Tokenizer, "rain\uD83D"));
    }

    [Fact]
    public void An_accent_after_the_last_letter_belongs_to_the_word_not_to_the_token()
    {
        using var buffer = new TokenBuffer();
        Tokenizer.Encode("rain\u0301\u0301 no", buffer);
        Assert.Equal(4, buffer.Ends[0]);
        Assert.Equal(6, buffer.WordEnds[0]);
    }

    [Fact]
    public void A_word_of_more_than_a_hundred_letters_is_unknown_as_a_whole()
    {
        Assert.Equal(99, Show(Tokenizer, new string('z', 99)).Count(c => c == '@'));
        Assert.Equal($"[UNK]@0-101/0", Show(Tokenizer, new string('z', 101)));
        Assert.Equal($"[UNK]@0-2000000/0", Show(Tokenizer, new string('z', 2_000_000)));
    }

    [Fact]
    public void A_limit_keeps_whole_words_only()
    {
        using var buffer = new TokenBuffer();
        Tokenizer.Encode("rain unbelievable rain", buffer, 3);
        Assert.Equal(1, buffer.Count);
        Assert.True(buffer.Truncated);
        Tokenizer.Encode("rain unbelievable", buffer, 4);
        Assert.Equal(4, buffer.Count);
        Assert.False(buffer.Truncated);
        Tokenizer.Encode("rain", buffer, 0);
        Assert.Equal(0, buffer.Count);
        Assert.True(buffer.Truncated);
    }

    [Fact]
    public void What_strangers_write_does_not_become_a_special_token_unless_asked_for()
    {
        Assert.DoesNotContain("[SEP]", Show(Tokenizer, "no [SEP] no"), StringComparison.Ordinal);
        var literal = new WordPieceTokenizer(TemporaryModel.Vocabulary, new WordPieceOptions { LiteralTokens = ["[SEP]", "[CLS]"] });
        Assert.Equal("no@0-2/0 [SEP]@3-8/1 [CLS]@8-13/2 no@13-15/3", Show(literal, "no [SEP][CLS]no"));
    }

    [Fact]
    public void A_cased_vocabulary_keeps_case_and_accents()
    {
        string[] vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "Z\u00FCrich", "z", "##urich"];
        var tokenizer = new WordPieceTokenizer(vocabulary, new WordPieceOptions { LowerCase = false });
        using var buffer = new TokenBuffer();
        tokenizer.Encode("Z\u00FCrich zurich", buffer);
        Assert.Equal([4, 5, 6], buffer.Ids.ToArray());
    }

    [Fact]
    public void A_missing_special_token_is_named()
    {
        var exception = Assert.Throws<InvalidDataException>(() => new WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]"]));
        Assert.Contains("[SEP]", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Offsets_ascend_and_lie_inside_the_text_whatever_the_text()
    {
        Gen.Char.Array[0, 60].Sample(
            letters =>
            {
                using var buffer = new TokenBuffer();
                Tokenizer.Encode(letters, buffer);
                var end = 0;
                for (var i = 0; i < buffer.Count; i++)
                {
                    Assert.InRange(buffer.Starts[i], end, letters.Length - 1);
                    Assert.InRange(buffer.Ends[i], buffer.Starts[i] + 1, letters.Length);
                    end = buffer.Ends[i];
                    var word = buffer.Words[i];
                    Assert.InRange(buffer.Starts[i], buffer.WordStarts[word], buffer.WordEnds[word]);
                    Assert.InRange(buffer.Ends[i], buffer.WordStarts[word], buffer.WordEnds[word]);
                    Assert.False(char.IsLowSurrogate(letters[buffer.Starts[i]]) && buffer.Starts[i] > 0
                        && char.IsHighSurrogate(letters[buffer.Starts[i] - 1]));
                }
                Assert.Equal(buffer.Count == 0 ? 0 : buffer.Words[^1] + 1, buffer.WordCount);
            },
            iter: 2_000);
    }

    [Fact]
    public void Encoding_allocates_nothing_for_a_token()
    {
        var text = string.Concat(Enumerable.Repeat("John met Ann in London, unbelievable rain. ", 200));
        using var buffer = new TokenBuffer();
        Tokenizer.Encode(text, buffer);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Tokenizer.Encode(text, buffer);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
