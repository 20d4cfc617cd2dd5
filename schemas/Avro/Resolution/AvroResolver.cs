namespace StreamScoring.Schemas.Avro.Resolution;

/// <summary>
/// Turns data of a writer's schema into data of a reader's, by "Schema Resolution" of the Avro 1.12 specification:
/// promotions, defaults, aliases, fields in another order, missing or unknown, unions. All decisions are taken once, when
/// it is made; what is left is a list of steps. Safe for any number of threads.
/// </summary>
/// <remarks>
/// Of a reader's union the branch of the writer's very type is taken first, then the first that can be promoted to, as
/// the Java implementation does: a long goes to the long of <c>["float", "long"]</c>.
/// </remarks>
public sealed class AvroResolver
{
    private readonly ResolveStep _root;
    private readonly AvroSchema _writer;

    private AvroResolver(AvroSchema writer, AvroSchema reader)
    {
        _writer = writer;
        IsIdentity = writer.CanonicalForm == reader.CanonicalForm;
        var compiler = new ResolverCompiler();
        _root = compiler.Compile(writer, reader, "");
        Problems = compiler.Problems;
    }

    /// <summary>Whether both schemas encode alike, so that nothing need be turned.</summary>
    public bool IsIdentity { get; }

    /// <summary>What of the writer's data cannot be read, or cannot always; empty where everything can.</summary>
    public IReadOnlyList<AvroResolutionProblem> Problems { get; }

    /// <summary>Works out the way from one schema to the other. Never fails: see <see cref="Problems"/>.</summary>
    public static AvroResolver Create(AvroSchema writer, AvroSchema reader)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(reader);
        return new AvroResolver(writer, reader);
    }

    /// <summary>Turns one value.</summary>
    /// <param name="datum">Data of the writer's schema, nothing before or after.</param>
    /// <param name="output">Receives data of the reader's schema.</param>
    /// <param name="limits">Null: <see cref="AvroLimits.Default"/>.</param>
    /// <exception cref="AvroException">The data are not of the writer's schema, or hold what cannot be read.</exception>
    public void Resolve(ReadOnlySpan<byte> datum, scoped ref AvroWriter output, AvroLimits? limits = null) =>
        Resolve(datum, headerBytes: 0, ref output, limits ?? AvroLimits.Default);

    internal void Resolve(ReadOnlySpan<byte> message, int headerBytes, scoped ref AvroWriter output, AvroLimits limits)
    {
        var reader = new AvroReader(message, limits);
        reader.Seek(headerBytes);
        try
        {
            _root.Run(ref reader, ref output);
            reader.ExpectEnd();
        }
        catch (AvroException e) when (e.FieldPath is null)
        {
            throw AvroCodec.Located(e, _writer, message, headerBytes, limits);
        }
    }
}

/// <summary>Something that stands between a writer's schema and a reader's.</summary>
/// <param name="Path">Field of the reader's schema, e.g. <c>entities[].score</c>; empty: the schema as a whole.</param>
/// <param name="Reason">What does not fit, and what would help, as a sentence without its full stop.</param>
/// <param name="Always">True: no value can be read. False: only those that use what does not fit (a branch, a symbol).</param>
public sealed record AvroResolutionProblem(string Path, string Reason, bool Always)
{
    /// <inheritdoc/>
    public override string ToString() => Path.Length == 0 ? Reason : $"{Path}: {Reason}";
}
