using StreamScoring.Schemas.Avro;
using StreamScoring.Schemas.Avro.Resolution;

namespace StreamScoring.Schemas.Tests;

/// <summary>What was released once stays readable, in both directions.</summary>
public sealed class ReleasedSchemaTests
{
    /// <summary><see cref="Articles.Full"/> in single-object encoding, as version 0.1.0 wrote it. Never changes.</summary>
    private const string WrittenWithTheFirst =
        "wwE/nc7iCszAnwZhLTEuWsO8cmljaCBBaXJwb3J0IHJlb3BlbnNyU3dpc3MgZmxpZ2h0cyByZXN1bWVkIG9uIE1vbmRheS4g6aOb"
        + "6KGM5qmfIPCfm6sgdG9vayBvZmYuAgh3aXJlAi5odHRwczovL2V4YW1wbGUub3JnL2EtMQIEZW4C9IiElpVnBAhkZXNrDHRyYXZl"
        + "bAAYYW4gZW1wdHkga2V5AAIQQnVzaW5lc3PsUXg/BBBCdXNpbmVzc+xReD8KV29ybGSPwvU8AAIEBkxPQx5aw7xyaWNoIEFpcnBv"
        + "cnQAABykcH0/CE1JU0MKU3dpc3MCAAoAAAA/AAJAU3dpc3MgZmxpZ2h0cyByZXN1bWVkIG9uIE1vbmRheS4CAgBAzczMPQACCnRv"
        + "cGljCnRvcGljCjEuMC4wgAFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"
        + "YWFhYWFhAgJixJiElpVnpBMCLnRydW5jYXRlZCBhdCA1MTIgdG9rZW5zAAA=";

    public static TheoryData<string> Names => [.. ArticleSchemas.Released.Select(released => released.Key)];

    private static AvroSchema Find(string name) => ArticleSchemas.Released.Single(released => released.Key == name).Value;

    [Fact]
    public void The_first_release_never_changes() =>
        Assert.Equal(0x9fc0cc0ae2ce9d3fUL, Find("article-1.avsc").Fingerprint);

    [Fact]
    public void Todays_schema_is_the_last_release_or_grows_from_it() =>
        Assert.Empty(AvroResolver.Create(ArticleSchemas.Released[^1].Value, ArticleSchemas.Current).Problems);

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_data_are_read_today(string name) =>
        Assert.Empty(AvroResolver.Create(Find(name), ArticleSchemas.Current).Problems);

    [Theory]
    [MemberData(nameof(Names))]
    public void Todays_data_are_read_by_whoever_has_it(string name) =>
        Assert.Empty(AvroResolver.Create(ArticleSchemas.Current, Find(name)).Problems);

    [Fact]
    public void An_article_written_with_the_first_release_is_read_today() =>
        Articles.AssertEqual(Articles.Full(), ArticleSerde.Default.Decode(Convert.FromBase64String(WrittenWithTheFirst)));

    [Fact]
    public void A_consumer_of_the_first_release_reads_what_is_written_today()
    {
        var consumer = AvroResolver.Create(ArticleSchemas.Current, Find("article-1.avsc"));
        var read = new AvroWriter(4096, AvroLimits.Default);
        try
        {
            consumer.Resolve(AvroCodec.EncodeDatum(Articles.Full()), ref read);
            Assert.Equal(Convert.FromBase64String(WrittenWithTheFirst).AsSpan(AvroCodec.SingleObjectHeaderBytes), read.Written);
        }
        finally
        {
            read.Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_fingerprint_is_known(string name) =>
        Assert.NotNull(ArticleSchemas.Known.Find(Find(name).Fingerprint));
}
