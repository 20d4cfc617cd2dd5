using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using StreamScoring.Schemas.Avro;
using StreamScoring.Schemas.Registry;

namespace StreamScoring.Schemas.Tests.Registry;

public sealed class SchemaRegistryClientTests : IAsyncLifetime
{
    private static readonly AvroSchema Schema = ArticleSchemas.Current;

    private TestRegistry _registry = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _registry = await TestRegistry.StartAsync();

    public ValueTask DisposeAsync() => _registry.DisposeAsync();

    private SchemaRegistryOptions Options(params Uri[] urls) => new()
    {
        Urls = urls.Length > 0 ? urls : [_registry.Url],
        Retries = 1,
        Patience = TimeSpan.FromMinutes(1),
        RetryDelay = TimeSpan.FromMilliseconds(1),
    };

    [Fact]
    public async Task What_one_writes_with_a_registered_schema_another_reads()
    {
        using var client = new SchemaRegistryClient(Options());
        var writer = await client.PrepareWriterAsync("articles", Schema, Cancel);
        var bytes = new ArticleSerde(new ArticleSerdeOptions { Writer = writer }).Encode(Articles.Full(), ArticleFormat.Avro);
        Assert.Equal([0, 0, 0, 0, 1], bytes[..5]);

        using var other = new SchemaRegistryClient(Options());
        var serde = new ArticleSerde(new ArticleSerdeOptions { Registry = other });
        Articles.AssertEqual(Articles.Full(), serde.Decode(bytes));
        var requests = _registry.Requests;
        Articles.AssertEqual(Articles.Full(), serde.Decode(bytes));
        Assert.Equal(requests, _registry.Requests);
    }

    [Fact]
    public async Task Ids_already_known_keep_flowing_while_the_registry_is_down()
    {
        using var client = new SchemaRegistryClient(Options());
        var writer = await client.PrepareWriterAsync("articles", Schema, Cancel);
        var serde = new ArticleSerde(new ArticleSerdeOptions { Writer = writer, Registry = client });
        var bytes = serde.Encode(Articles.Full(), ArticleFormat.Avro);
        serde.Decode(bytes);

        _registry.Failing = HttpStatusCode.ServiceUnavailable;
        Articles.AssertEqual(Articles.Full(), serde.Decode(bytes));
        bytes[4] = 9;
        var error = Assert.Throws<SchemaRegistryException>(() => serde.Decode(bytes));
        Assert.True(error.IsTransient);
        Assert.Contains("503", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_id_is_final_and_asked_for_once_in_a_while()
    {
        var time = new FakeTimeProvider();
        using var client = new SchemaRegistryClient(Options(), time);
        for (var i = 0; i < 3; i++)
        {
            var error = Assert.Throws<SchemaRegistryException>(() => client.GetSchema(7, Cancel));
            Assert.Equal((false, 40403), (error.IsTransient, error.ErrorCode));
        }
        Assert.Equal(1, _registry.Requests);
        for (var i = 0; i < 7; i++) _registry.Add("s", $$"""{"type":"fixed","name":"F","size":{{i}}}""");
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(AvroType.Fixed, client.GetSchema(7, Cancel).Type);
    }

    [Fact]
    public void When_one_url_does_not_answer_the_next_is_asked_and_then_first()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var nobody = new Uri($"http://127.0.0.1:{((IPEndPoint)closed.LocalEndpoint).Port}");
        closed.Stop();
        _registry.Add("a", "\"int\"");
        using var client = new SchemaRegistryClient(Options(nobody, _registry.Url) with { Retries = 0 });
        Assert.Equal(AvroType.Int, client.GetSchema(1, Cancel).Type);

        using var lost = new SchemaRegistryClient(Options(nobody));
        var error = Assert.Throws<SchemaRegistryException>(() => lost.GetSchema(1, Cancel));
        Assert.True(error.IsTransient);
        Assert.Contains(nobody.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failing_registry_is_asked_again()
    {
        _registry.Failing = HttpStatusCode.InternalServerError;
        using var client = new SchemaRegistryClient(Options() with { Retries = 3 });
        Assert.Throws<SchemaRegistryException>(() => client.GetSchema(1, Cancel));
        Assert.Equal(4, _registry.Requests);
    }

    [Fact]
    public void Credentials_are_sent_and_their_lack_is_told()
    {
        _registry.Add("a", "\"int\"");
        _registry.Authorization = "Basic " + Convert.ToBase64String("me:secret"u8);
        using (var client = new SchemaRegistryClient(Options() with { Username = "me", Password = "secret" })) client.GetSchema(1, Cancel);
        _registry.Authorization = "Bearer token";
        using (var client = new SchemaRegistryClient(Options() with { BearerToken = "token" })) client.GetSchema(1, Cancel);
        using var nobody = new SchemaRegistryClient(Options());
        // Whoever starts wants to know; data that are there can wait for better credentials.
        var error = Assert.Throws<SchemaRegistryException>(() => nobody.RegisterAsync("a", Schema, Cancel).GetAwaiter().GetResult());
        Assert.False(error.IsTransient);
        Assert.Contains("password", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<SchemaRegistryException>(() => nobody.GetSchema(1, Cancel));
        Assert.True(error.IsTransient);
        Assert.Contains("password", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html>Back soon</html>")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("\"ok\"")]
    [InlineData("{\"schema\":null}")]
    [InlineData("")]
    public void An_answer_that_is_no_registrys_is_no_answer(string babble)
    {
        var time = new FakeTimeProvider();
        _registry.Add("a", "\"int\"");
        _registry.Babbling = babble;
        using var client = new SchemaRegistryClient(Options() with { Retries = 0 }, time);
        Assert.True(Assert.Throws<SchemaRegistryException>(() => client.GetSchema(1, Cancel)).IsTransient);
        _registry.Babbling = null;
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(AvroType.Int, client.GetSchema(1, Cancel).Type);
    }

    [Fact]
    public void Not_found_is_final_only_where_a_registry_says_so()
    {
        _registry.Failing = HttpStatusCode.NotFound;
        using var client = new SchemaRegistryClient(Options() with { Retries = 0 });
        var error = Assert.Throws<SchemaRegistryException>(() => client.GetSchema(1, Cancel));
        Assert.True(error.IsTransient);
        Assert.Contains("is this its base URL?", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_look_up_ends_and_its_request_with_it()
    {
        var asked = _registry.Hang();
        using var client = new SchemaRegistryClient(Options());
        using var cancel = new CancellationTokenSource();
        var looking = Task.Run(() => client.GetSchema(1, cancel.Token), Cancel);
        await asked.WaitAsync(Cancel);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => looking);
        await _registry.HungUp.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
    }

    [Fact]
    public async Task A_slow_registry_is_waited_for_in_the_background_and_asked_once()
    {
        _registry.Add("a", "\"int\"");
        var asked = _registry.Hang();
        using var client = new SchemaRegistryClient(Options() with { Patience = TimeSpan.FromMilliseconds(1) });
        for (var i = 0; i < 5; i++)
        {
            var error = Assert.Throws<SchemaRegistryException>(() => client.GetSchema(1, Cancel));
            Assert.True(error.IsTransient);
            Assert.Contains("has not answered", error.Message, StringComparison.Ordinal);
        }
        await asked.WaitAsync(Cancel);
        var waiting = client.GetSchemaAsync(1, Cancel);
        Assert.Equal(0, _registry.Requests);
        _registry.Answer();
        Assert.Equal(AvroType.Int, (await waiting).Type);
        Assert.Equal(AvroType.Int, client.GetSchema(1, Cancel).Type);
        Assert.Equal(1, _registry.Requests);
    }

    [Fact]
    public async Task A_certificate_authority_of_ones_own_is_trusted_alone()
    {
        using var certificate = TestRegistry.NewCertificate();
        await using var secured = await TestRegistry.StartAsync(certificate);
        secured.Add("a", "\"int\"");

        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, certificate.ExportCertificatePem(), Cancel);
            using var client = new SchemaRegistryClient(Options(secured.Url) with { CaCertificatePath = file });
            Assert.Equal(AvroType.Int, client.GetSchema(1, Cancel).Type);
            using var stranger = new SchemaRegistryClient(Options(secured.Url));
            Assert.True(Assert.Throws<SchemaRegistryException>(() => stranger.GetSchema(1, Cancel)).IsTransient);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void References_are_followed()
    {
        _registry.Add("place", """{"type":"record","name":"Place","namespace":"n","fields":[{"name":"x","type":"int"}]}""");
        var id = _registry.Add("news", """{"type":"record","name":"News","namespace":"n","fields":[{"name":"place","type":"Place"}]}""",
            new JsonObject { ["name"] = "n.Place", ["subject"] = "place", ["version"] = 1 });
        using var client = new SchemaRegistryClient(Options());
        Assert.Contains("\"x\"", client.GetSchema(id, Cancel).CanonicalForm, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schema_that_breaks_its_subject_is_reported_field_by_field()
    {
        _registry.Add("articles-value", """{"type":"record","name":"Article","namespace":"streamscoring","fields":[{"name":"id","type":"int"}]}""");
        using var client = new SchemaRegistryClient(Options());
        var error = await Assert.ThrowsAsync<SchemaRegistryException>(() => client.PrepareWriterAsync("articles", Schema, Cancel));
        Assert.False(error.IsTransient);
        Assert.Contains("id: the writer's int cannot be read as the reader's string", error.Message, StringComparison.Ordinal);
        Assert.Contains("title: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_auto_register_a_schema_must_be_there()
    {
        using var client = new SchemaRegistryClient(Options() with { AutoRegister = false });
        await Assert.ThrowsAsync<SchemaRegistryException>(() => client.PrepareWriterAsync("articles", Schema, Cancel));
        var id = _registry.Add("articles-value", Schema.Json);
        Assert.Equal(id, (await client.PrepareWriterAsync("articles", Schema, Cancel)).Id);
    }

    [Fact]
    public async Task The_latest_version_is_written_where_that_is_asked_for()
    {
        var latest = AvroSchema.Parse("""
            {"type":"record","name":"Article","namespace":"streamscoring","fields":[
              {"name":"title","type":"string"},{"name":"id","type":"string"},{"name":"paper","type":"string","default":"none"}]}
            """);
        _registry.Add("articles-value", latest.Json);
        using var client = new SchemaRegistryClient(Options() with { UseLatestVersion = true });
        var serde = new ArticleSerde(new ArticleSerdeOptions { Writer = await client.PrepareWriterAsync("articles", Schema, Cancel) });
        Assert.Equal([0, 0, 0, 0, 1, 2, (byte)'T', 6, (byte)'a', (byte)'-', (byte)'2', 8, .. "none"u8], serde.Encode(Articles.Small(), ArticleFormat.Avro));
    }

    [Theory]
    [InlineData(true, 17)]
    [InlineData(false, 5)]
    public async Task The_header_holds_the_GUID_or_the_id_where_the_registry_gives_none(bool givesGuids, int headerBytes)
    {
        _registry.GivesGuids = givesGuids;
        using var client = new SchemaRegistryClient(Options() with { SchemaIdInHeader = true });
        var serde = new ArticleSerde(new ArticleSerdeOptions { Writer = await client.PrepareWriterAsync("articles", Schema, Cancel), Registry = client });

        var bytes = serde.Encode(Articles.Full(), ArticleFormat.Avro);
        var header = serde.SchemaIdHeader(ArticleFormat.Avro)!;

        Assert.Equal(AvroCodec.EncodeDatum(Articles.Full()), bytes);
        Assert.Equal(headerBytes, header.Length);
        Articles.AssertEqual(Articles.Full(), serde.Decode(bytes, header, Cancel));
        Assert.Null(serde.SchemaIdHeader(ArticleFormat.Json));
    }

    [Theory]
    [InlineData(SubjectNameStrategy.Topic, "articles-value")]
    [InlineData(SubjectNameStrategy.Record, "streamscoring.Article")]
    [InlineData(SubjectNameStrategy.TopicRecord, "articles-streamscoring.Article")]
    public async Task Subjects_are_named_as_asked(SubjectNameStrategy strategy, string subject)
    {
        using var client = new SchemaRegistryClient(Options() with { SubjectNames = strategy });
        var writer = await client.PrepareWriterAsync("articles", Schema, Cancel);
        Assert.Equal(writer.Id, (await client.FindLatestAsync(subject, Cancel))!.Id);
    }

    [Fact]
    public void Wrong_settings_are_reported_all_at_once()
    {
        var error = Assert.Throws<ArgumentException>(() => new SchemaRegistryClient(new SchemaRegistryOptions
        {
            Urls = [new Uri("ftp://x")], Username = "a", BearerToken = "b", Timeout = TimeSpan.Zero, Retries = -1, CaCertificatePath = "/no/such/file",
        }));
        foreach (var name in new[] { "Urls", "BearerToken", "Timeout", "Retries", "CaCertificatePath" })
        {
            Assert.Contains(name, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_schema_id_may_come_in_a_header()
    {
        var id = _registry.Add("articles-value", Schema.Json);
        using var client = new SchemaRegistryClient(Options());
        var serde = new ArticleSerde(new ArticleSerdeOptions { Registry = client });
        var datum = AvroCodec.EncodeDatum(Articles.Full());
        var guid = new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(Schema.Json)).AsSpan(0, 16));
        Articles.AssertEqual(Articles.Full(), serde.Decode(datum, [1, .. guid.ToByteArray(bigEndian: true)], Cancel));
        Articles.AssertEqual(Articles.Full(), serde.Decode(datum, [0, 0, 0, 0, (byte)id], Cancel));
        Articles.AssertEqual(Articles.Full(), serde.Decode(ArticleJson.Write(Articles.Full()), [], Cancel));
        Assert.Equal(AvroError.Malformed, Assert.Throws<AvroException>(() => serde.Decode(datum, [2, 1], Cancel)).Error);
    }
}
