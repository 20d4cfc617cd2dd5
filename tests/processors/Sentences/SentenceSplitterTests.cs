using CsCheck;
using StreamScoring.Processors.Sentences;

namespace StreamScoring.Processors.Tests.Sentences;

public sealed class SentenceSplitterTests
{
    private static List<SentenceSpan> Split(string text)
    {
        var sentences = new List<SentenceSpan>();
        SentenceSplitter.Split(text, sentences);
        return sentences;
    }

    /// <summary>A bar in <paramref name="marked"/> stands where one sentence ends and the next begins.</summary>
    private static void Check(string marked)
    {
        var text = marked.Replace("|", "", StringComparison.Ordinal);
        var expected = marked.Split('|').Select(part => part.Trim()).Where(part => part.Length > 0);
        Assert.Equal(expected, Split(text).Select(s => text[s.Start..s.End]));
    }

    [Theory]
    [InlineData("It rained. |Nobody came! |Why? |No one knows…| The end")]
    [InlineData("The U.S. Senate met. |He lives in the U.S.| The law is old. |She left the U.K. in May.")]
    [InlineData("Mr. Smith met Dr. J. R. Jones and Gen. Lee. |They spoke.")]
    [InlineData("He lives at No. 10 Downing Street. |The answer was no. |Ten of them left.")]
    [InlineData("It rose 3.5 percent to 1.2 million. |It fell later.")]
    [InlineData("Shares of Acme Inc. rose. |Acme Corp.| The rival said nothing.")]
    [InlineData("They met at 5 p.m. on Monday. |It ended at 6 p.m.| The crowd left.")]
    [InlineData("It opens Jan. 5 and closes Dec. 24. |Come early.")]
    [InlineData("See fig. 3 and pp. 4 of vol. 2. |Done.")]
    public void Abbreviations_initials_and_numbers_do_not_end_a_sentence(string marked) => Check(marked);

    [Theory]
    [InlineData("\"I won.\" |He left.")]
    [InlineData("“It is over,” he said. |“We go home.” |They went.")]
    [InlineData("\"Really?\" he asked. |\"Yes!\" she said.")]
    [InlineData("(He was late.) |The show went on.")]
    [InlineData("He said: 'Go home.' |They went.")]
    [InlineData("It ended . \" |The next day came.")]
    public void Quotes_and_brackets_stay_with_their_sentence(string marked) => Check(marked);

    [Theory]
    [InlineData("It was over, he said.|The next day came.")]
    [InlineData("“It was over,” he said.|“Let us go.”")]
    [InlineData("See example.com for more. |Mail a.b@example.co.uk now. |Node.Js and Example.Com stay whole.")]
    [InlineData("Visit www.example.com/News.Today for more. |Thanks.")]
    public void A_missing_space_after_a_full_stop_is_seen_and_addresses_are_not_taken_for_one(string marked) => Check(marked);

    [Theory]
    [InlineData("Storm hits coast|\n\nThe storm came at night. |It left at dawn.")]
    [InlineData("Storm hits coast|\nThe storm came at night and left at dawn, as storms do on this coast in the winter.")]
    [InlineData("The storm came\nat night.| It left.")]
    [InlineData("Needed are:|\n- bread and butter|\n- milk|\n- eggs\n")]
    [InlineData("1. Bread comes first.| Then butter.|\n2. Milk comes next.")]
    [InlineData("Needed are |• bread |• milk |• eggs")]
    [InlineData("First paragraph|\r\n\r\nSecond paragraph|\u2029Third")]
    public void Lines_end_a_sentence_unless_they_were_wrapped(string marked) => Check(marked);

    [Fact]
    public void A_wrapped_line_goes_on_even_before_a_capital_letter() =>
        Check("The committee of the whole house met in the old town hall with\nPresident Jones in the chair, and it agreed to the plan that\nMinister Smith had proposed. |Then they left.");

    [Theory]
    [InlineData("He waited... and waited. |Nothing came.")]
    [InlineData("iPhone sales rose. |iPhone prices fell.")]
    [InlineData("今日は雨。|明日は晴れ。")]
    [InlineData("Yahoo! shares rose. |Wow! |It works.")]
    public void Other_marks(string marked) => Check(marked);

    [Fact]
    public void A_text_without_any_stop_is_cut_at_spaces()
    {
        var text = string.Concat(Enumerable.Repeat("word ", 5_000));
        var sentences = Split(text);
        Assert.All(sentences, s => Assert.InRange(s.Length, 1, SentenceSplitter.MaxLength));
        Assert.All(sentences, s => Assert.EndsWith("word", text[s.Start..s.End], StringComparison.Ordinal));
    }

    [Fact]
    public void Every_character_that_is_no_space_lies_in_exactly_one_sentence()
    {
        const string alphabet = "aB .\"\n!?U1()•…。\0\uD83D\uDE00,-";
        Gen.Int[0, alphabet.Length - 1].Select(i => alphabet[i]).Array[0, 400].Sample(
            characters =>
            {
                var text = new string(characters);
                var covered = new int[text.Length];
                var end = 0;
                foreach (var sentence in Split(text))
                {
                    Assert.True(sentence.Start >= end && sentence.End > sentence.Start);
                    Assert.False(char.IsWhiteSpace(text[sentence.Start]) || char.IsWhiteSpace(text[sentence.End - 1]));
                    for (var i = sentence.Start; i < sentence.End; i++) covered[i]++;
                    end = sentence.End;
                }
                for (var i = 0; i < text.Length; i++)
                    Assert.True(char.IsWhiteSpace(text[i]) ? covered[i] <= 1 : covered[i] == 1, $"character {i}");
            },
            iter: 5_000);
    }

    [Theory]
    [InlineData('.')]
    [InlineData(' ')]
    [InlineData('\n')]
    [InlineData('A')]
    [InlineData('"')]
    [InlineData('•')]
    public void Ten_million_equal_characters_take_a_moment(char letter)
    {
        var text = new string(letter, 10_000_000);
        var sentences = Split(text);
        Assert.Equal(char.IsWhiteSpace(letter), sentences.Count == 0);
    }
}
