using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;

namespace StreamScoring.Schemas.Tests;

public sealed class ArticleJsonTests
{
    private static Article Read(string json) => ArticleJson.Read(Encoding.UTF8.GetBytes(json));

    private static string Write(Article article, FieldNaming naming = FieldNaming.SnakeCase) =>
        Encoding.UTF8.GetString(ArticleJson.Write(article, naming));

    [Fact]
    public void Is_one_line_in_the_schemas_order_without_float_noise() => Assert.Equal(
        """
        {"id":"a-1","title":"Zürich Airport reopens","body":"Swiss flights resumed on Monday. 飛行機 🛫 took off.",
        "source":"wire","url":"https://example.org/a-1","language":"en","published_at":"2026-03-01T12:30:00.250Z",
        "attributes":{"desk":"travel","":"an empty key"},
        "topic":{"label":"Business","score":0.97,"scores":{"Business":0.97,"World":0.03}},
        "entities":[{"type":"LOC","text":"Zürich Airport","field":"title","start":0,"end":14,"score":0.99},
        {"type":"MISC","text":"Swiss","field":"body","start":0,"end":5,"score":0.5}],
        "summary":{"text":"Swiss flights resumed on Monday.","sentences":[{"field":"body","start":0,"end":32,"score":0.1}]},
        "provenance":[{"node":"topic","model":"topic","version":"1.0.0","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "variant":"b","scored_at":"2026-03-01T12:30:01.250Z","duration_us":1234,"warnings":["truncated at 512 tokens"]}]}
        """.ReplaceLineEndings(""), Write(Articles.Full()));

    [Fact]
    public void What_is_not_there_is_null() => Assert.Equal(
        """
        {"id":"a-2","title":"T","body":"B","source":null,"url":null,"language":null,"published_at":null,
        "attributes":{},"topic":null,"entities":null,"summary":null,"provenance":[]}
        """.ReplaceLineEndings(""), Write(Articles.Small()));

    [Fact]
    public void Camel_case_is_a_setting_and_reads_back()
    {
        var json = Write(Articles.Full(), FieldNaming.CamelCase);
        Assert.Contains("\"publishedAt\":", json, StringComparison.Ordinal);
        Assert.Contains("\"durationUs\":1234", json, StringComparison.Ordinal);
        Assert.DoesNotContain("_", json.Replace("wire", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Articles.AssertEqual(Articles.Full(), Read(json));
    }

    [Fact]
    public void Any_text_comes_back()
    {
        var serde = new ArticleSerde(new ArticleSerdeOptions());
        Gen.String.Where(text => !string.IsNullOrWhiteSpace(text)).Sample(text =>
        {
            var article = new Article { Id = "x", Title = text, Body = text + "\"\\/\b\f\n\r\t\u2028\u007f" };
            var expected = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(article.Body));
            var bytes = ArticleJson.Write(article);
            using var asOthersReadIt = JsonDocument.Parse(bytes);
            return ArticleJson.Read(bytes).Body == expected && asOthersReadIt.RootElement.GetProperty("body").GetString() == expected;
        }, iter: 2000);
    }

    [Fact]
    public void Any_article_comes_back()
    {
        Gen.Int.Sample(seed =>
        {
            var article = StreamScoring.Schemas.Avro.AvroCodec.DecodeDatum<Article>(new RandomDatum(new Random(seed)).Next(ArticleSchemas.Current));
            article.Title += "T";
            if (string.IsNullOrWhiteSpace(article.Id)) article.Id = "id";
            return Write(article) == Write(ArticleJson.Read(ArticleJson.Write(article)));
        }, iter: 2000);
    }

    [Fact]
    public void Any_score_comes_back_in_its_shortest_form()
    {
        Gen.Single.Sample(score =>
        {
            var article = Articles.Small();
            article.Topic = new TopicScore { Score = score };
            return Read(Write(article)).Topic!.Score.Equals(score);
        }, iter: 2000);
        var topic = Articles.Full();
        topic.Topic!.Score = float.NaN;
        Assert.True(float.IsNaN(Read(Write(topic)).Topic!.Score));
    }

    [Fact]
    public void Text_stands_for_a_missing_body()
    {
        Assert.Equal("B", Read("""{"title":"T","text":"B"}""").Body);
        Assert.Equal("B", Read("""{"text":"other","title":"T","body":"B"}""").Body);
        Assert.Equal("B", Read("""{"body":null,"title":"T","text":"B"}""").Body);
    }

    [Fact]
    public void A_missing_id_follows_from_the_content()
    {
        var derived = Read("""{"title":"T","body":"B","x":1}""").Id;
        Assert.Matches("^[0-9a-f]{32}$", derived);
        Assert.Equal(derived, Read("""{"text":"B", "id":null, "title":"\u0054"}""").Id);
        Assert.Equal(derived, Read("""{"text":"B", "id":" ", "title":"T"}""").Id);
        Assert.NotEqual(derived, Read("""{"title":"TB"}""").Id);
        Assert.NotEqual(derived, Read("""{"title":"","body":"TB"}""").Id);
        // SHA-256 of 01 00.. 'T' 01 00.. 'B': another implementation finds the same.
        byte[] hashed = [1, 0, 0, 0, 0, 0, 0, 0, (byte)'T', 1, 0, 0, 0, 0, 0, 0, 0, (byte)'B'];
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(hashed).AsSpan(0, 16)), derived);
    }

    [Theory]
    [InlineData("7", "7")]
    [InlineData("-1.50", "-1.50")]
    [InlineData("12345678901234567890", "12345678901234567890")]
    public void A_number_may_be_the_id(string number, string expected) =>
        Assert.Equal(expected, Read($$"""{"id":{{number}},"title":"T"}""").Id);

    [Theory]
    [InlineData("\"2026-03-01T12:30:00.250Z\"")]
    [InlineData("\"2026-03-01T14:30:00.250+02:00\"")]
    [InlineData("\"2026-03-01 12:30:00.250\"")]
    [InlineData("1772368200250")]
    public void A_date_may_have_several_forms(string date)
    {
        Assert.Equal(Articles.PublishedAt, Read($$"""{"title":"T","published_at":{{date}}}""").PublishedAt);
        Assert.Equal(Articles.PublishedAt, Read($$"""{"date":{{date}},"title":"T"}""").PublishedAt);
    }

    [Theory]
    [InlineData("\"yesterday\"")]
    [InlineData("{\"day\":[1]}")]
    [InlineData("true")]
    public void A_date_of_unknown_form_is_one_more_unknown_field(string date) =>
        Assert.Null(Read($$"""{"date":{{date}},"title":"T"}""").PublishedAt);

    [Fact]
    public void Unknown_fields_are_read_over_whatever_they_hold()
    {
        var article = Read("""{"a":{"b":[1,{"c":null}]},"title":"T","d":[[[]]],"body":"B","e":1e400,"f":"\ud800"}""");
        Assert.Equal(("T", "B"), (article.Title, article.Body));
    }

    [Fact]
    public void Of_a_field_that_is_there_twice_the_last_counts() =>
        Assert.Equal("2", Read("""{"title":"1","title":"2"}""").Title);

    [Fact]
    public void Attributes_take_scalars_as_text()
    {
        var attributes = Read("""{"title":"T","attributes":{"a":"x","b":1.50,"c":true,"d":null}}""").Attributes;
        Assert.Equal([new("a", "x"), new("b", "1.50"), new("c", "true")], attributes);
    }

    [Fact]
    public void A_byte_order_mark_and_white_space_do_no_harm() =>
        Assert.Equal("T", ArticleCodec.Decode(Encoding.UTF8.GetBytes("\uFEFF \n{\"title\":\"T\"}\r\n")).Title);

    [Theory]
    [InlineData("\\ud800", "\ufffd")]
    [InlineData("\\udc00\\ud83d", "\ufffd\ufffd")]
    [InlineData("a\\ud83d\\udeebb", "a🛫b")]
    [InlineData("\\u0000", "\0")]
    public void Escapes_are_understood_and_lone_surrogates_replaced(string escaped, string expected) =>
        Assert.Equal("x" + expected, Read("{\"title\":\"x" + escaped + "\"}").Title);

    [Theory]
    [InlineData("""{}""", ArticleError.MissingField, "title")]
    [InlineData("""{"title":"","body":" \n"}""", ArticleError.MissingField, "title")]
    [InlineData("""{"title":null}""", ArticleError.MissingField, "title")]
    [InlineData("""{"title":5}""", ArticleError.WrongType, "title")]
    [InlineData("""{"title":"T","body":["B"]}""", ArticleError.WrongType, "body")]
    [InlineData("""{"title":"T","id":{}}""", ArticleError.WrongType, "id")]
    [InlineData("""{"title":"T","published_at":"soon"}""", ArticleError.WrongType, "published_at")]
    [InlineData("""{"title":"T","attributes":{"a":[]}}""", ArticleError.WrongType, "attributes.a")]
    [InlineData("""{"title":"T","topic":"Business"}""", ArticleError.WrongType, "topic")]
    [InlineData("""{"title":"T","topic":{"label":"B","score":"0.5"}}""", ArticleError.WrongType, "topic.score")]
    [InlineData("""{"title":"T","topic":{"label":"B","score":1}}""", ArticleError.MissingField, "topic.scores")]
    [InlineData("""{"title":"T","entities":[{"type":"PER","text":"x","field":"lead","start":0,"end":1,"score":1}]}""", ArticleError.WrongType, "entities.field")]
    [InlineData("""{"title":"T","entities":[{"start":1.5}]}""", ArticleError.WrongType, "entities.start")]
    [InlineData("""{"title":"T","entities":{}}""", ArticleError.WrongType, "entities")]
    public void A_wrong_field_is_named(string json, ArticleError expected, string field)
    {
        var error = Assert.Throws<ArticleFormatException>(() => Read(json));
        Assert.Equal((expected, field), (error.Error, error.Field));
        Assert.Contains(field, error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("""{"title":"T" """, "line 1")]
    [InlineData("{\"title\":\"T\",\n\"body\":}", "line 2, byte 8")]
    [InlineData("""{"title":"T"}{"title":"U"}""", "line 1, byte 14")]
    [InlineData("""{"title":"T",}""", "line 1")]
    [InlineData("""{"title":"\x"}""", "line 1")]
    [InlineData("{\"title\":\"a\nb\"}", "line 1")]
    public void Broken_json_is_told_with_its_place(string json, string place)
    {
        var error = Assert.Throws<ArticleFormatException>(() => Read(json));
        Assert.Equal(ArticleError.InvalidJson, error.Error);
        Assert.Contains(place, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Latin_1_is_told_with_its_place()
    {
        var error = Assert.Throws<ArticleFormatException>(() => ArticleJson.Read(Encoding.Latin1.GetBytes("{\"title\":\"Zürich\"}")));
        Assert.Equal(ArticleError.InvalidUtf8, error.Error);
        Assert.Contains("byte 11", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(70)]
    [InlineData(1_000_000)]
    public void Depth_is_limited(int depth)
    {
        var json = "{\"title\":\"T\",\"x\":" + new string('[', depth) + new string(']', depth) + "}";
        Assert.Equal(ArticleError.TooDeep, Assert.Throws<ArticleFormatException>(() => Read(json)).Error);
    }

    [Fact]
    public void Numbers_are_the_same_in_every_culture()
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("") { NumberFormat = { NumberDecimalSeparator = ",", NegativeSign = "~" } };
            Assert.Contains("\"score\":0.97", Write(Articles.Full()), StringComparison.Ordinal);
            Articles.AssertEqual(Articles.Full(), Read(Write(Articles.Full())));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
