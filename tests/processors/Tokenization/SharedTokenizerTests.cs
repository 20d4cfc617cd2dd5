using CsCheck;
using StreamScoring.Processors.Tests.Models;
using StreamScoring.Processors.Tokenization;

namespace StreamScoring.Processors.Tests.Tokenization;

public sealed class SharedTokenizerTests
{
    private readonly CountingTokenizer _inner = new(new WordPieceTokenizer(TemporaryModel.Vocabulary));

    private SharedTokenizer Shared(bool isShared = true) => new(_inner) { IsShared = isShared };

    private static string[] Encode(Tokenizer tokenizer, string text, int maxTokens = int.MaxValue)
    {
        using var buffer = new TokenBuffer();
        tokenizer.Encode(text, buffer, maxTokens);
        return
        [
            Show(buffer.Ids), Show(buffer.Starts), Show(buffer.Ends), Show(buffer.Words),
            Show(buffer.WordStarts), Show(buffer.WordEnds), Show(buffer.WordFirstTokens), $"{buffer.Truncated}",
        ];

        static string Show(ReadOnlySpan<int> numbers) => string.Join(' ', numbers.ToArray());
    }

    [Fact]
    public void Answers_are_those_of_the_tokenizer_itself_whatever_was_asked_before()
    {
        string[] words = ["rain", "unbelievable", "John", "r\u00E1in\u0301", "z", ".", "  ", "\u4E2D", "\uD83D", "nothing known"];
        var text = Gen.Int[0, words.Length - 1].Array[0, 12].Select(parts => string.Join(' ', parts.Select(part => words[part])));
        var question = Gen.Select(Gen.Int[0, 9], Gen.OneOf(Gen.Int[0, 20], Gen.Const(int.MaxValue)));
        Gen.Select(text.Array[10], question.Array[1, 60]).Sample((texts, questions) =>
        {
            var shared = Shared();
            foreach (var (index, maxTokens) in questions)
                Assert.Equal(Encode(_inner, texts[index], maxTokens), Encode(shared, texts[index], maxTokens));
        }, iter: 500);
    }

    [Fact]
    public void A_text_is_cut_once_for_all_models_that_share_the_tokenizer()
    {
        var shared = Shared();
        string[] batch = [.. Enumerable.Range(0, 16).Select(number => $"rain in London {number}")];
        for (var model = 0; model < 3; model++)
        {
            foreach (var text in batch) Encode(shared, text, maxTokens: 100 - model);
        }
        Assert.Equal(batch.Length, _inner.Calls);
    }

    [Fact]
    public void A_text_that_was_cut_short_is_cut_again_for_another_limit()
    {
        var shared = Shared();
        Assert.Equal("True", Encode(shared, "rain in London", 2)[^1]);
        Assert.Equal("False", Encode(shared, "rain in London", 3)[^1]);
        Encode(shared, "rain in London", 2);
        Encode(shared, "rain in London", 5);
        Assert.Equal(2, _inner.Calls);
    }

    [Fact]
    public void Nothing_is_remembered_for_a_single_model()
    {
        var alone = Shared(isShared: false);
        Encode(alone, "rain");
        Encode(alone, "rain");
        Assert.Equal(2, _inner.Calls);
    }

    [Fact]
    public void Memory_is_bounded_in_texts_and_in_characters()
    {
        var shared = Shared();
        Encode(shared, "rain");
        for (var number = 0; number < 128; number++) Encode(shared, $"goal {number}");
        Encode(shared, "rain");
        Assert.Equal(130, _inner.Calls);

        Encode(shared, new string('z', 1 << 18));
        Encode(shared, "rain");
        Assert.Equal(132, _inner.Calls);

        var tooLong = new string('z', (1 << 18) + 1);
        Encode(shared, tooLong);
        Encode(shared, tooLong);
        Encode(shared, "rain");
        Assert.Equal(134, _inner.Calls);
    }

    [Fact]
    public void Models_with_the_same_files_get_one_tokenizer()
    {
        using var topics = TemporaryModel.Topics();
        using var entities = TemporaryModel.Entities();
        using var other = TemporaryModel.Topics();
        other.Write("vocab.txt", string.Join('\n', TemporaryModel.Vocabulary.Append("another")) + "\n");
        using var cased = TemporaryModel.Topics();
        cased.Write("tokenizer_config.json", """{ "do_lower_case": false }""");

        var catalog = new TokenizerCatalog(sharesTokens: true);
        var first = Assert.IsType<SharedTokenizer>(catalog.Load(topics.Load()));
        Assert.Same(first, catalog.Load(topics.Load()));
        Assert.False(first.IsShared, "one model that is loaded twice shares with nobody");
        Assert.Same(first, catalog.Load(entities.Load()));
        Assert.True(first.IsShared);
        Assert.NotSame(first, catalog.Load(other.Load()));
        Assert.NotSame(first, catalog.Load(cased.Load()));
        Assert.IsNotType<SharedTokenizer>(new TokenizerCatalog(sharesTokens: false).Load(topics.Load()));
    }

    private sealed class CountingTokenizer(Tokenizer inner) : Tokenizer
    {
        public int Calls { get; private set; }

        public override int VocabularySize => inner.VocabularySize;

        public override int ClassifierId => inner.ClassifierId;

        public override int SeparatorId => inner.SeparatorId;

        public override int PaddingId => inner.PaddingId;

        public override void Encode(ReadOnlySpan<char> text, TokenBuffer buffer, int maxTokens = int.MaxValue)
        {
            Calls++;
            inner.Encode(text, buffer, maxTokens);
        }
    }
}
