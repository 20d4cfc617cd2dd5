using System.Text.Json.Nodes;
using StreamScoring.Schemas.Avro;
using StreamScoring.Schemas.Avro.Resolution;
using StreamScoring.Schemas.Tests.Generator;

namespace StreamScoring.Schemas.Tests.Interop;

/// <summary>Byte for byte what the Avro project's own implementations read and write.</summary>
public sealed class AvroInteropTests
{
    private const int Schemas = 100;
    private const int ValuesOfEach = 110;

    [Fact]
    public void Python_writes_what_we_write_and_reads_it() => CompareRoundTrips(Oracle.Python, python: true);

    [Fact]
    public void JavaScript_writes_what_we_write_and_reads_it() => CompareRoundTrips(() => Oracle.Node("avro-js", "avro_js.js"), python: false);

    [Fact]
    public void We_write_what_Python_wrote_and_read_it()
    {
        using var oracle = Oracle.Python();
        foreach (var (schema, roundTrip) in Generate(seed: 3, python: true))
        {
            var answer = oracle.Ask(new JsonObject { ["op"] = "generate", ["writer"] = schema, ["seed"] = 7, ["count"] = ValuesOfEach });
            foreach (var datum in Oracle.DataOf(answer)) Assert.Equal(Convert.ToHexString(datum!), Convert.ToHexString(roundTrip(datum!)));
        }
    }

    [Fact]
    public void Articles_are_read_by_Python_and_JavaScript()
    {
        byte[][] articles = [AvroCodec.EncodeDatum(Articles.Full()), AvroCodec.EncodeDatum(Articles.Small())];
        using var python = Oracle.Python();
        Assert.Equal(articles, python.Exchange("roundtrip", ArticleSchemas.Current.Json, null, articles));
        using var node = Oracle.Node("avro-js", "avro_js.js");
        Assert.Equal(articles, node.Exchange("roundtrip", ArticleSchemas.Current.Json, null, articles));
    }

    [Fact]
    public void Python_resolves_schemas_as_we_do() => CompareResolution(Oracle.Python, python: true);

    [Fact]
    public void JavaScript_resolves_schemas_as_we_do() => CompareResolution(() => Oracle.Node("avro-js", "avro_js.js"), python: false);

    private static void CompareRoundTrips(Func<Oracle> start, bool python)
    {
        using var oracle = start();
        var random = new Random(1);
        foreach (var (schema, roundTrip) in Generate(seed: 2, python))
        {
            var parsed = AvroSchema.Parse(schema);
            var data = Enumerable.Range(0, ValuesOfEach).Select(_ => new RandomDatum(random) { SafeIntegers = !python }.Next(parsed)).ToArray();
            var theirs = oracle.Exchange("roundtrip", schema, null, data);
            for (var i = 0; i < data.Length; i++)
            {
                var ours = Convert.ToHexString(roundTrip(data[i]));
                Assert.True(Convert.ToHexString(theirs[i]!) == ours, $"{schema}\nours   {ours}\ntheirs {Convert.ToHexString(theirs[i]!)}");
            }
        }
    }

    /// <summary>Schemas that were made up, each with the codec that the generator made of it.</summary>
    private static List<(string Schema, Func<byte[], byte[]> RoundTrip)> Generate(int seed, bool python)
    {
        var random = new Random(seed);
        var schemas = Enumerable.Range(0, Schemas).Select(i => new RandomSchema(random) { DistinctUnions = python }.Record("n" + i)).ToArray();
        var assembly = GeneratedAssembly.Compile([.. schemas.Select((schema, i) => ($"s{i}.avsc", schema))]);
        return [.. schemas.Select((schema, i) => (schema, GeneratedAssembly.RoundTrip(assembly.GetType($"N{i}.R0", throwOnError: true)!)))];
    }

    private static void CompareResolution(Func<Oracle> start, bool python)
    {
        using var oracle = start();
        var random = new Random(4);
        var (agreed, theyRefused) = (0, 0);
        for (var i = 0; i < Schemas; i++)
        {
            var writerText = new RandomSchema(random, logicalTypes: false) { DistinctUnions = true }.Record("n");
            var readerText = new SchemaEvolution(random, aliases: !python).Evolve(writerText);
            var writer = AvroSchema.Parse(writerText);
            var resolver = AvroResolver.Create(writer, AvroSchema.Parse(readerText));
            var data = Enumerable.Range(0, 20).Select(_ => new RandomDatum(random) { SafeIntegers = true }.Next(writer)).ToArray();
            var theirs = oracle.Exchange("resolve", writerText, readerText, data);
            for (var j = 0; j < data.Length; j++)
            {
                // They implement less of the specification; where they answer, we agree.
                if (theirs[j] is not { } datum)
                {
                    theyRefused++;
                    continue;
                }
                var ours = Resolve(resolver, data[j]);
                Assert.True(ours == Convert.ToHexString(datum),
                    $"writer {writerText}\nreader {readerText}\ndatum  {Convert.ToHexString(data[j])}\nours   {ours}\ntheirs {Convert.ToHexString(datum)}");
                agreed++;
            }
        }
        Assert.True(agreed > 500, $"{agreed} agreed, {theyRefused} they could not read");
        TestContext.Current.SendDiagnosticMessage($"{agreed} agreed, {theyRefused} they could not read");
    }

    private static string? Resolve(AvroResolver resolver, byte[] datum)
    {
        var output = new AvroWriter([]);
        try
        {
            resolver.Resolve(datum, ref output);
            return Convert.ToHexString(output.Written);
        }
        catch (AvroException)
        {
            return null;
        }
        finally
        {
            output.Dispose();
        }
    }
}
