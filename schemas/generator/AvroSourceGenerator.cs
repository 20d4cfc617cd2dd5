using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace StreamScoring.Schemas.Generator;

/// <summary>
/// From each .avsc among a project's AdditionalFiles: a class for each record, an enum for each enum, a struct for each
/// union of several types, and their Avro codecs. The item's metadata <c>CSharpNamespace</c> says which C# namespace
/// stands for the Avro namespace of the file's outermost type.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class AvroSourceGenerator : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var files = context.AdditionalTextsProvider
            .Where(static file => file.Path.EndsWith(".avsc", StringComparison.OrdinalIgnoreCase))
            .Combine(context.AnalyzerConfigOptionsProvider)
            .Select(static (pair, cancel) => Read(pair.Left, pair.Right.GetOptions(pair.Left), cancel))
            .Collect();
        context.RegisterSourceOutput(files, Emit);
    }

    private static SchemaFile Read(AdditionalText file, AnalyzerConfigOptions options, CancellationToken cancel)
    {
        options.TryGetValue("build_metadata.AdditionalFiles.CSharpNamespace", out var ns);
        return new SchemaFile(file.Path, file.GetText(cancel)?.ToString() ?? "", ns ?? "");
    }

    private static void Emit(SourceProductionContext context, ImmutableArray<SchemaFile> files)
    {
        var emitted = new EmittedTypes();
        var hints = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var file in files.OrderBy(file => file.Path, StringComparer.Ordinal))
        {
            context.CancellationToken.ThrowIfCancellationRequested();
            var source = SchemaFileEmitter.Emit(file, emitted, context.ReportDiagnostic);
            if (source is null) continue;
            var name = Path.GetFileNameWithoutExtension(file.Path);
            var hint = name;
            for (var i = 2; !hints.Add(hint); i++) hint = name + "-" + i;
            context.AddSource(hint + ".avsc.g.cs", SourceText.From(source, Encoding.UTF8));
        }
    }
}

/// <summary>An .avsc as the compiler has it: what the generator's output depends on, and nothing else.</summary>
internal sealed record SchemaFile(string Path, string Text, string CSharpNamespace);
