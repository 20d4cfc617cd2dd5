using System.Buffers;
using System.Text;
using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas.Tests;

public sealed class ArticleCodecTests
{
    [Theory]
    [InlineData(ArticleFormat.Avro)]
    [InlineData(ArticleFormat.Json)]
    public void An_article_comes_back_as_it_went(ArticleFormat format)
    {
        Articles.AssertEqual(Articles.Full(), ArticleCodec.Decode(ArticleCodec.Encode(Articles.Full(), format)));
        Articles.AssertEqual(Articles.Small(), ArticleCodec.Decode(ArticleCodec.Encode(Articles.Small(), format)));
    }

    [Theory]
    [InlineData(ArticleFormat.Avro)]
    [InlineData(ArticleFormat.Json)]
    public void A_buffer_writer_gets_the_same_bytes(ArticleFormat format)
    {
        var output = new ArrayBufferWriter<byte>();
        ArticleCodec.Encode(Articles.Full(), format, output);
        Assert.Equal(ArticleCodec.Encode(Articles.Full(), format), output.WrittenSpan.ToArray());
    }

    [Fact]
    public void Avro_is_single_object_encoding_with_the_schemas_fingerprint()
    {
        var bytes = ArticleCodec.Encode(Articles.Small(), ArticleFormat.Avro);
        Assert.Equal([0xC3, 0x01], bytes[..2]);
        Assert.Equal(ArticleSchemas.Current.Fingerprint, BitConverter.ToUInt64(bytes, 2));
    }

    [Fact]
    public void An_id_lists_and_maps_are_never_null_after_decoding()
    {
        var article = ArticleCodec.Decode("""{"title":"T"}"""u8);
        Assert.Equal("", article.Body);
        Assert.Equal(32, article.Id.Length);
        Assert.Empty(article.Attributes);
        Assert.Empty(article.Provenance);
        Assert.Null(article.Entities);
    }

    [Fact]
    public void Confluent_framing_without_a_registry_says_what_to_configure()
    {
        var error = Assert.Throws<ArticleFormatException>(() => ArticleCodec.Decode([0, 0, 0, 0, 7, 2, 65]));
        Assert.Equal(ArticleError.NoRegistry, error.Error);
        Assert.Contains("SchemaRegistry:Url", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    [Fact]
    public void An_unknown_fingerprint_is_named()
    {
        var error = Assert.Throws<AvroException>(() => ArticleCodec.Decode([0xC3, 1, 8, 7, 6, 5, 4, 3, 2, 1, 0]));
        Assert.Equal(AvroError.UnknownSchema, error.Error);
        Assert.Contains("0102030405060708", error.Message, StringComparison.Ordinal);
        Assert.Equal("avro-unknown-schema", error.Code);
    }

    [Theory]
    [InlineData("", ArticleError.Empty, "empty")]
    [InlineData(" \r\n", ArticleError.Empty, "empty")]
    [InlineData("hello", ArticleError.UnknownForm, "68656C6C")]
    [InlineData("<a/>", ArticleError.UnknownForm, "3C612F3E")]
    [InlineData("[{\"title\":\"T\"}]", ArticleError.NotAnObject, "an array")]
    [InlineData("\"T\"", ArticleError.NotAnObject, "a string")]
    public void Anything_else_is_told_by_its_first_bytes(string value, ArticleError expected, string mentions)
    {
        var error = Assert.Throws<ArticleFormatException>(() => ArticleCodec.Decode(Encoding.UTF8.GetBytes(value)));
        Assert.Equal(expected, error.Error);
        Assert.Contains(mentions, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Utf16_is_told_by_its_first_bytes()
    {
        var error = Assert.Throws<ArticleFormatException>(
            () => ArticleCodec.Decode([.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes("{}")]));
        Assert.Contains("FFFE7B00", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_cut_of_an_article_is_an_error_with_its_place()
    {
        var bytes = ArticleCodec.Encode(Articles.Full(), ArticleFormat.Avro);
        for (var length = 2; length < bytes.Length; length++)
        {
            var error = Assert.Throws<AvroException>(() => ArticleCodec.Decode(bytes.AsSpan(0, length)));
            Assert.Equal(AvroError.Truncated, error.Error);
            Assert.InRange(error.Position, 0, length);
        }
    }

    [Fact]
    public void An_error_names_the_field()
    {
        var bytes = ArticleCodec.Encode(Articles.Full(), ArticleFormat.Avro);
        var text = "Zürich Airport"u8;
        var at = bytes.AsSpan().LastIndexOf(text);
        bytes[at + 1] = 0xff;
        var error = Assert.Throws<AvroException>(() => ArticleCodec.Decode(bytes));
        Assert.Equal(AvroError.InvalidUtf8, error.Error);
        Assert.Equal("entities[0].text", error.FieldPath);
        Assert.Equal(at - 1, error.Position);
    }

    [Fact]
    public void Bytes_after_the_article_are_an_error()
    {
        var error = Assert.Throws<AvroException>(() => ArticleCodec.Decode([.. ArticleCodec.Encode(Articles.Small(), ArticleFormat.Avro), 0]));
        Assert.Equal(AvroError.TrailingBytes, error.Error);
    }

    [Fact]
    public void A_null_where_the_schema_has_none_names_the_field_and_writes_nothing()
    {
        var article = Articles.Full();
        article.Entities![1].Text = null!;
        var output = new ArrayBufferWriter<byte>();
        var error = Assert.Throws<AvroException>(() => ArticleCodec.Encode(article, ArticleFormat.Avro, output));
        Assert.Equal(AvroError.NullValue, error.Error);
        Assert.Equal("entities[1].text", error.FieldPath);
        Assert.Equal(0, output.WrittenCount);
    }

    [Theory]
    [InlineData(ArticleFormat.Avro)]
    [InlineData(ArticleFormat.Json)]
    public void A_lone_surrogate_becomes_the_replacement_character_and_nul_stays(ArticleFormat format)
    {
        var article = Articles.Small();
        article.Title = "a\ud800b\udc00c\0d🛫";
        Assert.Equal("a\ufffdb\ufffdc\0d🛫", ArticleCodec.Decode(ArticleCodec.Encode(article, format)).Title);
    }

    [Theory]
    [InlineData(ArticleFormat.Avro)]
    [InlineData(ArticleFormat.Json)]
    public void Ten_megabytes_of_body_are_no_problem(ArticleFormat format)
    {
        var article = Articles.Small();
        article.Body = string.Concat(Enumerable.Repeat("Sätze über 飛行機 🛫. ", 500_000));
        Assert.Equal(article.Body, ArticleCodec.Decode(ArticleCodec.Encode(article, format)).Body);
    }

    [Fact]
    public void Threads_may_share_it()
    {
        var bytes = ArticleCodec.Encode(Articles.Full(), ArticleFormat.Avro);
        Parallel.For(0, 1000, _ => Assert.Equal(bytes, ArticleCodec.Encode(ArticleCodec.Decode(bytes), ArticleFormat.Avro)));
    }
}
