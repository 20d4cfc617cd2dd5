using System.Text.Json.Nodes;
using StreamScoring.Schemas.Avro;
using StreamScoring.Schemas.Registry;
using StreamScoring.Schemas.Tests.Registry;

namespace StreamScoring.Schemas.Tests.Interop;

/// <summary>Confluent's own client and ours, through one registry over HTTP.</summary>
public sealed class ConfluentInteropTests
{
    [Fact]
    public async Task Each_reads_what_the_other_writes()
    {
        await using var registry = await TestRegistry.StartAsync();
        using var confluent = Oracle.Node("confluent", "registry_client.js");
        using var client = new SchemaRegistryClient(new SchemaRegistryOptions { Urls = [registry.Url] });
        var writer = await client.PrepareWriterAsync("articles", ArticleSchemas.Current, TestContext.Current.CancellationToken);
        var serde = new ArticleSerde(new ArticleSerdeOptions { Writer = writer, Registry = client });

        var ours = serde.Encode(Articles.Full(), ArticleFormat.Avro);
        var value = confluent.Ask(Request("deserialize", registry, ("data", Convert.ToBase64String(ours))))["value"]!.AsObject();
        Assert.Equal("Zürich Airport reopens", value["title"]!.GetValue<string>());
        Assert.Equal(Articles.PublishedAt.ToUnixTimeMilliseconds(), value["published_at"]!.GetValue<long>());
        Assert.Equal("travel", value["attributes"]!["desk"]!.GetValue<string>());

        var theirs = confluent.Ask(Request("serialize", registry, ("value", value.DeepClone())));
        var bytes = Convert.FromBase64String(theirs["data"]!.GetValue<string>());
        Assert.Equal(ours, bytes);
        Articles.AssertEqual(Articles.Full(), serde.Decode(bytes));

        var inHeader = confluent.Ask(Request("serialize", registry, ("value", value.DeepClone()), ("inHeader", true)));
        Articles.AssertEqual(Articles.Full(), serde.Decode(
            Convert.FromBase64String(inHeader["data"]!.GetValue<string>()), Convert.FromBase64String(inHeader["header"]!.GetValue<string>()),
            TestContext.Current.CancellationToken));

        using var heading = new SchemaRegistryClient(new SchemaRegistryOptions { Urls = [registry.Url], SchemaIdInHeader = true });
        var header = (await heading.PrepareWriterAsync("articles", ArticleSchemas.Current, TestContext.Current.CancellationToken)).SchemaIdHeader!;
        Assert.Equal(inHeader["header"]!.GetValue<string>(), Convert.ToBase64String(header));
        var bare = Convert.ToBase64String(AvroCodec.EncodeDatum(Articles.Full()));
        var read = confluent.Ask(Request("deserialize", registry, ("data", bare), ("header", Convert.ToBase64String(header))))["value"]!;
        Assert.Equal("Zürich Airport reopens", read["title"]!.GetValue<string>());
    }

    private static JsonObject Request(string op, TestRegistry registry, params (string Name, JsonNode Value)[] more)
    {
        var request = new JsonObject { ["op"] = op, ["url"] = registry.Url.ToString().TrimEnd('/'), ["topic"] = "articles" };
        foreach (var (name, value) in more) request[name] = value;
        return request;
    }
}
