extern alias generator;

using System.Collections.Immutable;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;
using StreamScoring.Schemas.Avro;
using AvroSourceGenerator = generator::StreamScoring.Schemas.Generator.AvroSourceGenerator;

namespace StreamScoring.Schemas.Tests.Generator;

/// <summary>Runs the generator on schemas as the compiler would, and compiles what it gives.</summary>
internal static class GeneratedAssembly
{
    private static readonly CSharpParseOptions Parse = new(LanguageVersion.Preview);

    private static readonly ImmutableArray<MetadataReference> References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path) is var name && (name.StartsWith("System.", StringComparison.Ordinal) || name == "netstandard.dll"))
            .Select(path => MetadataReference.CreateFromFile(path)),
        MetadataReference.CreateFromFile(typeof(AvroSchema).Assembly.Location),
    ];

    /// <summary>What the generator and the compiler say about files.</summary>
    public static (ImmutableArray<Diagnostic> Diagnostics, Compilation Compilation) Generate(params (string Path, string Text)[] files)
    {
        var compilation = CSharpCompilation.Create("Generated" + Guid.NewGuid().ToString("N"), [], References,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        var driver = CSharpGeneratorDriver.Create([new AvroSourceGenerator().AsSourceGenerator()],
            files.Select(file => (AdditionalText)new InMemoryText(file.Path, file.Text)), Parse);
        driver.RunGeneratorsAndUpdateCompilation(compilation, out var generated, out var diagnostics);
        return (diagnostics, generated);
    }

    /// <summary>The compiled assembly.</summary>
    public static Assembly Compile(params (string Path, string Text)[] files)
    {
        var (diagnostics, compilation) = Generate(files);
        Assert.Empty(diagnostics);
        using var image = new MemoryStream();
        var result = compilation.Emit(image);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Take(10)));
        return Assembly.Load(image.ToArray());
    }

    /// <summary>Decodes data as a generated record and encodes that record.</summary>
    public static Func<byte[], byte[]> RoundTrip(Type record) =>
        typeof(GeneratedAssembly).GetMethod(nameof(RoundTripOf), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(record).CreateDelegate<Func<byte[], byte[]>>();

    private static byte[] RoundTripOf<T>(byte[] datum)
        where T : class, IAvroRecord<T>, new() => AvroCodec.EncodeDatum(AvroCodec.DecodeDatum<T>(datum));

    private sealed class InMemoryText(string path, string text) : AdditionalText
    {
        public override string Path { get; } = path;

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text);
    }
}
