using StreamScoring.App.DeadLetters;
using StreamScoring.Schemas;
using StreamScoring.Schemas.Avro;
using StreamScoring.Topology;

namespace StreamScoring.App.Tests.DeadLetters;

public sealed class LetterPayloadTests
{
    private static readonly Article Article = new() { Id = "a", Title = "Rain in Oslo", Body = "It rained." };

    private static string Describe(byte[]? value) => LetterPayload.Describe(value, new RecordHeaders(), ArticleSerde.Default, registry: null);

    [Fact]
    public void An_article_is_shown_as_JSON()
    {
        var text = Describe(AvroCodec.EncodeSingleObject(Article));
        Assert.Contains("Avro single-object encoding", text, StringComparison.Ordinal);
        Assert.Contains("\"title\": \"Rain in Oslo\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Avro_that_is_cut_short_is_shown_up_to_the_cut_with_the_bytes()
    {
        var bytes = AvroCodec.EncodeSingleObject(Article);
        var text = Describe(bytes[..^(bytes.Length - 10 - "a".Length - 1 - "Rain in Oslo".Length - 1 - 4)]);
        Assert.Contains("id: \"a\"\ntitle: \"Rain in Oslo\"\n--- no further: Avro, byte", text, StringComparison.Ordinal);
        Assert.Contains("00000000  c3 01 ", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_read_says_why_and_shows_what_there_is()
    {
        Assert.Contains("fingerprint 0807060504030201 (an unknown schema)", Describe([0xC3, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9]), StringComparison.Ordinal);
        Assert.Contains("schema id 7", Describe([0, 0, 0, 0, 7, 1]), StringComparison.Ordinal);
        Assert.Contains("{\"id\": ", Describe("{\"id\": "u8.ToArray()), StringComparison.Ordinal);
        Assert.Contains("00000000  ff fe ", Describe([0xff, 0xfe, 0x1b]), StringComparison.Ordinal);
        Assert.DoesNotContain('\e', Describe("\e[31mred"u8.ToArray()));
        Assert.Contains("tombstone", Describe(null), StringComparison.Ordinal);
    }
}
