using Microsoft.CodeAnalysis;
using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas.Tests.Generator;

/// <summary>What users see who bring their own .avsc.</summary>
public sealed class AvroSourceGeneratorTests
{
    [Theory]
    [InlineData("AVRO001", 1, 28, """{ "type": "record", "name" "R" }""")]
    [InlineData("AVRO001", 1, 1, "")]
    [InlineData("AVRO002", 1, 1, """{ "type": "record", "name": "R" }""")]
    [InlineData("AVRO003", 2, 26, "{ \"type\": \"record\", \"name\": \"R\", \"fields\": [\n  { \"name\": \"a\", \"type\": \"strnig\" } ] }")]
    [InlineData("AVRO004", 1, 29, """{ "type": "record", "name": "1R", "fields": [] }""")]
    [InlineData("AVRO005", 3, 13, "{ \"type\": \"record\", \"name\": \"R\", \"fields\": [\n  { \"name\": \"a\", \"type\": \"int\" },\n  { \"name\": \"a\", \"type\": \"int\" } ] }")]
    [InlineData("AVRO006", 2, 34, "{ \"type\": \"record\", \"name\": \"R\", \"fields\": [\n  { \"name\": \"a\", \"type\": [\"int\", \"int\"] } ] }")]
    [InlineData("AVRO007", 2, 44, "{ \"type\": \"record\", \"name\": \"R\", \"fields\": [\n  { \"name\": \"a\", \"type\": \"int\", \"default\": \"7\" } ] }")]
    [InlineData("AVRO007", 1, 93, """{ "type": "record", "name": "R", "fields": [{"name": "r", "type": ["R", "null"], "default": {}}] }""")]
    [InlineData("AVRO008", 1, 29, """{ "type": "record", "name": "R", "fields": [ { "name": "self", "type": "R" } ] }""")]
    [InlineData("AVRO020", 1, 86, """{ "type": "record", "name": "R", "fields": [{"name": "a_b", "type": "int"}, {"name": "aB", "type": "int"}] }""")]
    [InlineData("AVRO022", 1, 1, """{ "type": "array", "items": "int" }""")]
    public void A_mistake_is_reported_at_its_place(string id, int line, int column, string schema)
    {
        var (diagnostics, _) = GeneratedAssembly.Generate(("schemas/r.avsc", schema));
        var diagnostic = Assert.Single(diagnostics);
        Assert.Equal(id, diagnostic.Id);
        Assert.Equal(DiagnosticSeverity.Error, diagnostic.Severity);
        var place = diagnostic.Location.GetLineSpan();
        Assert.Equal("schemas/r.avsc", place.Path);
        Assert.Equal((line, column), (place.StartLinePosition.Line + 1, place.StartLinePosition.Character + 1));
    }

    [Fact]
    public void All_mistakes_are_reported_at_once()
    {
        var (diagnostics, _) = GeneratedAssembly.Generate(("r.avsc",
            """{ "type": "record", "name": "R", "fields": [ { "name": "a", "type": "x" }, { "type": "int" }, { "name": "b", "type": "y" } ] }"""));
        Assert.Equal(["AVRO003", "AVRO002", "AVRO003"], diagnostics.Select(d => d.Id));
    }

    [Fact]
    public void Two_files_may_define_one_type_alike_but_not_differently()
    {
        const string first = """{ "type": "record", "name": "A", "fields": [ { "name": "e", "type": { "type": "enum", "name": "E", "symbols": ["X"] } } ] }""";
        var second = first.Replace("\"A\"", "\"B\"", StringComparison.Ordinal);
        var (diagnostics, compilation) = GeneratedAssembly.Generate(("a.avsc", first), ("b.avsc", second));
        Assert.Empty(diagnostics);
        Assert.Empty(compilation.GetDiagnostics(TestContext.Current.CancellationToken).Where(d => d.Severity == DiagnosticSeverity.Error));

        (diagnostics, _) = GeneratedAssembly.Generate(("a.avsc", first), ("b.avsc", second.Replace("\"X\"", "\"Y\"", StringComparison.Ordinal)));
        var diagnostic = Assert.Single(diagnostics);
        Assert.Equal("AVRO021", diagnostic.Id);
        Assert.Equal("b.avsc", diagnostic.Location.GetLineSpan().Path);
    }

    [Fact]
    public void Names_that_CSharp_reserves_and_files_of_one_name_compile()
    {
        const string keywords = """
            { "type": "record", "name": "class", "namespace": "namespace.event", "fields": [
              { "name": "class", "type": "int" }, { "name": "int", "type": "string" }, { "name": "get_hash_code", "type": "int" },
              { "name": "avro_schema", "type": "int" }, { "name": "_", "type": "int" }, { "name": "reader", "type": "int" },
              { "name": "kind", "type": ["int", "string", { "type": "enum", "name": "object", "symbols": ["void", "null", "__1"] }] } ] }
            """;
        const string plain = """{ "type": "record", "name": "Plain", "fields": [] }""";
        var assembly = GeneratedAssembly.Compile(("a/x.avsc", keywords), ("b/x.avsc", plain));
        var type = assembly.GetType("Namespace.Event.Class", throwOnError: true)!;
        Assert.Equal([2, 0, 4, 6, 8, 10, 4, 2], GeneratedAssembly.RoundTrip(type)([2, 0, 4, 6, 8, 10, 4, 2]));
    }

    [Fact]
    public void A_field_starts_with_the_schemas_default()
    {
        var sink = new Avro.Samples.KitchenSink();
        Assert.True(sink.Flag);
        Assert.Equal(-7, sink.Small);
        Assert.Equal(9007199254740993, sink.Big);
        Assert.Equal(0.5f, sink.Single);
        Assert.Equal(0.001, sink.Precise);
        Assert.Equal([0, 255], sink.Raw);
        Assert.Equal("line\n\"quoted\"", sink.Text);
        Assert.Equal([1, 2, 3, 4], sink.Hash);
        Assert.Equal(Avro.Samples.Colour.DarkBlue, sink.Colour);
        Assert.Equal([1, 2, 3], sink.Numbers);
        Assert.Empty(sink.Labels["a"]);
        Assert.Equal((3, 1), (sink.LastNull!.X, sink.LastNull.Y));
        Assert.Equal(Avro.Samples.KitchenSinkChoice.BranchKind.Null, sink.Choice.Kind);
    }

    [Fact]
    public void A_new_record_can_be_written_and_read_back()
    {
        var bytes = AvroCodec.EncodeDatum(new Avro.Samples.KitchenSink());
        Assert.Equal(bytes, AvroCodec.EncodeDatum(AvroCodec.DecodeDatum<Avro.Samples.KitchenSink>(bytes)));
    }

    [Fact]
    public void A_union_holds_one_branch_and_says_which()
    {
        var choice = Avro.Samples.KitchenSinkChoice.OfString("text");
        Assert.Equal("text", choice.AsString);
        Assert.Throws<InvalidOperationException>(() => choice.AsInt);
        var sink = new Avro.Samples.KitchenSink { Choice = Avro.Samples.KitchenSinkChoice.OfPoint(new() { X = 5 }) };
        var back = AvroCodec.DecodeDatum<Avro.Samples.KitchenSink>(AvroCodec.EncodeDatum(sink));
        Assert.Equal((5, 1), (back.Choice.AsPoint.X, back.Choice.AsPoint.Y));
    }
}
