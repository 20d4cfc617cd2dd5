using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using StreamScoring.Schemas.Avro;
using StreamScoring.Schemas.Tests.Avro.Samples;

namespace StreamScoring.Schemas.Tests.Interop;

/// <summary>What kcat and librdkafka's world decode with: the Avro project's C library, compiled here.</summary>
public sealed class AvroCTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-avro-c-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void C_reads_articles_and_writes_them_as_we_do()
    {
        var program = Compile();
        foreach (var article in new[] { Articles.Full(), Articles.Small() })
        {
            var datum = AvroCodec.EncodeDatum(article);
            var (json, hex) = Ask(program, ArticleSchemas.Current.Json, datum);
            Assert.Equal(article.Id, json.GetProperty("id").GetString());
            Assert.Equal(article.Title, json.GetProperty("title").GetString());
            // A map has no order of its own; everything else has.
            if (article.Attributes.Count < 2) Assert.Equal(Convert.ToHexString(datum), hex);
            Assert.Equal(datum.Length * 2, hex.Length);
        }
    }

    [Fact]
    public void C_reads_every_type()
    {
        var sink = new KitchenSink();
        var datum = AvroCodec.EncodeDatum(sink);
        // A default of ours holds a NUL, which this library's JSON parser does not take.
        var (_, hex) = Ask(Compile(), KitchenSink.AvroSchema.Json.Replace("\\u0000", "\\u0001", StringComparison.Ordinal), datum);
        Assert.Equal(Convert.ToHexString(datum), hex);
    }

    private (JsonElement Json, string Hex) Ask(string program, string schema, byte[] datum)
    {
        var (schemaFile, datumFile) = (Path.Combine(_folder.FullName, "schema.avsc"), Path.Combine(_folder.FullName, "datum"));
        File.WriteAllText(schemaFile, schema);
        File.WriteAllBytes(datumFile, datum);
        var (exitCode, output) = Run(program, schemaFile, datumFile);
        Assert.True(exitCode == 0, output);
        var lines = output.Split('\n');
        return (JsonDocument.Parse(lines[0]).RootElement, lines[1]);
    }

    private string Compile()
    {
        var program = Path.Combine(_folder.FullName, "avro_c");
        try
        {
            var (exitCode, output) = Run("cc", Path.Combine(AppContext.BaseDirectory, "oracle", "avro_c.c"), "-o", program, "-lavro");
            if (exitCode == 0) return program;
            if (!output.Contains("avro.h", StringComparison.Ordinal)) Assert.Fail(output);
        }
        catch (Win32Exception)
        {
            Assert.Skip("No C compiler (Debian: gcc, libc6-dev).");
        }
        Assert.Skip("No Avro C library (Debian: libavro-dev).");
        return "";
    }

    private static (int ExitCode, string Output) Run(string file, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.GetAwaiter().GetResult());
    }
}
