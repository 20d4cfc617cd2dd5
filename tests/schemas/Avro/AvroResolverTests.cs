using System.Text.Json.Nodes;
using CsCheck;
using StreamScoring.Schemas.Avro;
using StreamScoring.Schemas.Avro.Resolution;

namespace StreamScoring.Schemas.Tests.Avro;

/// <summary>"Schema Resolution" of the specification, rule by rule.</summary>
public sealed class AvroResolverTests
{
    private const string Point = """{"type":"record","name":"P","fields":[{"name":"x","type":"int"},{"name":"y","type":"int"}]}""";

    private static byte[] Resolve(string writer, string reader, params byte[] datum) =>
        Resolve(AvroSchema.Parse(writer), AvroSchema.Parse(reader), datum);

    private static byte[] Resolve(AvroSchema writer, AvroSchema reader, byte[] datum)
    {
        var output = new AvroWriter([]);
        try
        {
            AvroResolver.Create(writer, reader).Resolve(datum, ref output);
            return output.Written.ToArray();
        }
        finally
        {
            output.Dispose();
        }
    }

    private static string Record(string fields, string name = "P") => $$"""{"type":"record","name":"{{name}}","fields":[{{fields}}]}""";

    [Theory]
    [InlineData("int", "long", "06", "06")]
    [InlineData("int", "float", "06", "00004040")]
    [InlineData("int", "double", "06", "0000000000000840")]
    [InlineData("long", "float", "06", "00004040")]
    [InlineData("long", "double", "06", "0000000000000840")]
    [InlineData("float", "double", "00004040", "0000000000000840")]
    [InlineData("string", "bytes", "0441C3", null)]
    [InlineData("string", "bytes", "044142", "044142")]
    [InlineData("bytes", "string", "044142", "044142")]
    [InlineData("bytes", "string", "04FFFF", null)]
    public void Numbers_and_texts_are_promoted(string writer, string reader, string datum, string? expected)
    {
        byte[] Run() => Resolve($"\"{writer}\"", $"\"{reader}\"", Convert.FromHexString(datum));
        if (expected is null) Assert.Equal(AvroError.InvalidUtf8, Assert.Throws<AvroException>(Run).Error);
        else Assert.Equal(expected, Convert.ToHexString(Run()));
    }

    [Theory]
    [InlineData("long", "int")]
    [InlineData("double", "float")]
    [InlineData("string", "int")]
    [InlineData("null", "string")]
    public void Nothing_is_narrowed(string writer, string reader)
    {
        var resolver = AvroResolver.Create(AvroSchema.Parse($"\"{writer}\""), AvroSchema.Parse($"\"{reader}\""));
        Assert.True(Assert.Single(resolver.Problems).Always);
        Assert.Equal(AvroError.Incompatible, Assert.Throws<AvroException>(() => Resolve($"\"{writer}\"", $"\"{reader}\"", 2)).Error);
    }

    [Fact]
    public void Fields_may_stand_in_another_order() =>
        Assert.Equal([4, 2], Resolve(Point, Record("""{"name":"y","type":"int"},{"name":"x","type":"int"}"""), 2, 4));

    [Fact]
    public void A_field_that_the_reader_lacks_is_read_over()
    {
        Assert.Equal([4], Resolve(Point, Record("""{"name":"y","type":"int"}"""), 2, 4));
        Assert.Equal([2], Resolve(Point, Record("""{"name":"x","type":"int"}"""), 2, 4));
    }

    [Fact]
    public void A_field_that_the_writer_lacks_gets_its_default()
    {
        var reader = Record("""
            {"name":"a","type":"string","default":"é"},{"name":"x","type":"int"},{"name":"y","type":"int"},
            {"name":"b","type":["null","int"],"default":null},{"name":"c","type":["null","int"],"default":1},
            {"name":"d","type":{"type":"array","items":"double"},"default":[0.5]},
            {"name":"e","type":{"type":"map","values":"boolean"},"default":{"k":true}},
            {"name":"f","type":{"type":"record","name":"Q","fields":[{"name":"g","type":"bytes","default":"\u00ff"},{"name":"h","type":"long"}]},"default":{"h":-1}},
            {"name":"i","type":{"type":"enum","name":"E","symbols":["A","B"]},"default":"B"}
            """);
        Assert.Equal(
            [4, 0xC3, 0xA9, 2, 4, 0, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0xE0, 0x3F, 0, 2, 2, (byte)'k', 1, 0, 2, 0xFF, 1, 2],
            Resolve(Point, reader, 2, 4));
    }

    [Fact]
    public void A_field_that_the_writer_lacks_without_default_is_named()
    {
        var reader = Record("""{"name":"x","type":"int"},{"name":"z","type":"int"}""");
        var error = Assert.Throws<AvroException>(() => Resolve(Point, reader, 2, 4));
        Assert.Equal((AvroError.Incompatible, "z"), (error.Error, error.FieldPath));
        var problem = Assert.Single(AvroResolver.Create(AvroSchema.Parse(Point), AvroSchema.Parse(reader)).Problems);
        Assert.Equal(("z", true), (problem.Path, problem.Always));
    }

    [Fact]
    public void A_default_that_holds_itself_counts_as_none()
    {
        var reader = Record("""{"name":"x","type":"int"},{"name":"next","type":["P","null"],"default":{"x":1}}""");
        Assert.Equal("next", Assert.Throws<AvroException>(() => Resolve(Point, reader, 2, 4)).FieldPath);
    }

    [Fact]
    public void Aliases_rename_fields_and_types()
    {
        const string reader = """
            {"type":"record","name":"Q","namespace":"n","aliases":[".P"],"fields":[{"name":"left","type":"int","aliases":["y"]},{"name":"x","type":"int"}]}
            """;
        Assert.Equal([4, 2], Resolve(Point, reader, 2, 4));
    }

    [Fact]
    public void A_record_of_another_name_is_told_how_to_help()
    {
        var error = Assert.Throws<AvroException>(() => Resolve(Point, Record("", "Q"), 2, 4));
        Assert.Contains("alias", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_namespace_alone_makes_no_difference() =>
        Assert.Equal([2, 4], Resolve(Point, Point.Replace("\"fields\"", "\"namespace\":\"n\",\"fields\"", StringComparison.Ordinal), 2, 4));

    [Fact]
    public void Enums_go_by_symbol_and_unknown_ones_to_the_default()
    {
        const string writer = """{"type":"enum","name":"E","symbols":["A","B","C"]}""";
        Assert.Equal([2], Resolve(writer, """{"type":"enum","name":"E","symbols":["C","A"]}""", 0));
        Assert.Equal([0], Resolve(writer, """{"type":"enum","name":"E","symbols":["C","A"],"default":"C"}""", 2));
        var error = Assert.Throws<AvroException>(() => Resolve(writer, """{"type":"enum","name":"E","symbols":["C","A"]}""", 2));
        Assert.Contains("\"B\"", error.Message, StringComparison.Ordinal);
        Assert.False(Assert.Single(AvroResolver.Create(AvroSchema.Parse(writer),
            AvroSchema.Parse("""{"type":"enum","name":"E","symbols":["C","A"]}""")).Problems).Always);
    }

    [Theory]
    [InlineData("\"int\"", """["string","int"]""", "06", "0206")]
    [InlineData("\"int\"", """["string","double"]""", "06", "020000000000000840")]
    [InlineData("\"long\"", """["float","long"]""", "06", "0206")]
    [InlineData("""["string","int"]""", "\"long\"", "0206", "06")]
    [InlineData("""["null","int"]""", """["int","null"]""", "00", "02")]
    [InlineData("""["null","int"]""", """["string","double","null"]""", "0206", "020000000000000840")]
    public void Unions_go_branch_by_branch(string writer, string reader, string datum, string expected) =>
        Assert.Equal(expected, Convert.ToHexString(Resolve(writer, reader, Convert.FromHexString(datum))));

    [Fact]
    public void A_branch_that_cannot_be_read_is_an_error_for_its_values_only()
    {
        Assert.Equal([6], Resolve("""["int","string"]""", "\"int\"", 0, 6));
        var error = Assert.Throws<AvroException>(() => Resolve("""["int","string"]""", "\"int\"", 2, 2, 65));
        Assert.Equal(AvroError.Incompatible, error.Error);
        Assert.False(Assert.Single(AvroResolver.Create(AvroSchema.Parse("""["int","string"]"""), AvroSchema.Parse("\"int\"")).Problems).Always);
    }

    [Fact]
    public void Defaults_cannot_blow_a_small_input_up()
    {
        var big = new string('x', 10_000);
        var writer = AvroSchema.Parse("""{"type":"array","items":{"type":"record","name":"P","fields":[{"name":"x","type":"int"}]}}""");
        var reader = AvroSchema.Parse("{\"type\":\"array\",\"items\":" + Record("""{"name":"x","type":"int"},{"name":"d","type":"string","default":"D"}""").Replace("D\"", big + "\"", StringComparison.Ordinal) + "}");
        var items = new byte[100_000];
        var head = new AvroWriter([]);
        head.WriteBlock(items.Length);
        byte[] datum = [.. head.Written, .. items, 0];
        head.Dispose();
        Assert.Equal(AvroError.LimitExceeded, Assert.Throws<AvroException>(() => Resolve(writer, reader, datum)).Error);
    }

    [Fact]
    public void An_article_of_another_language_and_time_is_read()
    {
        var writer = AvroSchema.Parse("""
            {"type":"record","name":"Article","namespace":"com.example","fields":[
              {"name":"body","type":"string"},{"name":"rank","type":"double"},
              {"name":"title","type":["null","string"]},{"name":"id","type":"string"},{"name":"language","type":"string"}]}
            """);
        var schemas = new AvroSchemaStore(writer);
        var serde = new ArticleSerde(new ArticleSerdeOptions { Schemas = schemas });
        byte[] message = [0xC3, 1, .. BitConverter.GetBytes(writer.Fingerprint), 2, 66, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 84, 2, 49, 4, 101, 110];
        var article = serde.Decode(message);
        Assert.Equal(("1", "T", "B", "en"), (article.Id, article.Title, article.Body, article.Language));
        Assert.Null(article.Topic);
        Assert.Empty(article.Attributes);

        var error = Assert.Throws<AvroException>(() => serde.Decode([.. message[..^8], 0, 2, 49, 4, 101, 110]));
        Assert.Equal((AvroError.Incompatible, "title"), (error.Error, error.FieldPath));
        error = Assert.Throws<AvroException>(() => serde.Decode(message.AsSpan(0, 15)));
        Assert.Equal((AvroError.Truncated, "rank", 12), (error.Error, error.FieldPath, error.Position));
    }

    [Fact]
    public void Reordering_there_and_back_changes_nothing()
    {
        Gen.Int.Sample(seed =>
        {
            var random = new Random(seed);
            var text = new RandomSchema(random).Record("r");
            var schema = AvroSchema.Parse(text);
            var reversed = JsonNode.Parse(text)!;
            Reverse(reversed);
            var other = AvroSchema.Parse(reversed.ToJsonString());
            var datum = new RandomDatum(random).Next(schema);
            return datum.AsSpan().SequenceEqual(Resolve(other, schema, Resolve(schema, other, datum)));
        }, iter: 1000);
    }

    private static void Reverse(JsonNode node)
    {
        switch (node)
        {
            case JsonObject complex:
                foreach (var (_, value) in complex)
                {
                    if (value is not null) Reverse(value);
                }
                if (complex["fields"] is JsonArray fields)
                {
                    var reversed = fields.Reverse().Select(field => field!.DeepClone()).ToArray();
                    complex["fields"] = new JsonArray(reversed);
                }
                break;
            case JsonArray array:
                foreach (var item in array) Reverse(item!);
                break;
        }
    }
}
