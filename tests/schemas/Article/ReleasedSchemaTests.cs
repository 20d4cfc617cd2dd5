using StreamScoring.Schemas.Avro;
using StreamScoring.Schemas.Avro.Resolution;

namespace StreamScoring.Schemas.Tests;

/// <summary>What was released once stays readable, in both directions.</summary>
public sealed class ReleasedSchemaTests
{
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

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_fingerprint_is_known(string name) =>
        Assert.NotNull(ArticleSchemas.Known.Find(Find(name).Fingerprint));
}
