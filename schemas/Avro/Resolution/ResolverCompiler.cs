namespace StreamScoring.Schemas.Avro.Resolution;

/// <summary>Takes the decisions of schema resolution, once for each pair of types.</summary>
internal sealed class ResolverCompiler
{
    private readonly Dictionary<(AvroSchema Writer, AvroSchema Reader), ResolveStep> _records = [];
    private readonly List<AvroResolutionProblem> _problems = [];
    private int _withinBranch;

    public IReadOnlyList<AvroResolutionProblem> Problems => _problems;

    public ResolveStep Compile(AvroSchema writer, AvroSchema reader, string path)
    {
        if (writer is AvroUnionSchema from) return CompileBranches(from, reader, path);
        if (reader is AvroUnionSchema to)
        {
            var branch = BranchFor(writer, to);
            return branch < 0
                ? Fail(path, $"the reader's union has no branch for the writer's {writer.BranchName}")
                : new ToBranchStep(branch, Compile(writer, to.Branches[branch], path));
        }
        if (writer.CanonicalForm == reader.CanonicalForm) return new CopyStep(writer);
        if (!Matches(writer, reader)) return Fail(path, DescribeMismatch(writer, reader));
        return (writer, reader) switch
        {
            (AvroRecordSchema w, AvroRecordSchema r) => CompileRecord(w, r, path),
            (AvroEnumSchema w, AvroEnumSchema r) => CompileEnum(w, r, path),
            (AvroArraySchema w, AvroArraySchema r) => new ArrayStep(AvroSize.MinimumOf(w.Items))
            {
                Item = Compile(w.Items, r.Items, path + "[]"),
            },
            (AvroMapSchema w, AvroMapSchema r) => new MapStep(AvroSize.MinimumOfPair(w))
            {
                Value = Compile(w.Values, r.Values, path + "[]"),
            },
            // Of another namespace, or known by an alias: the bytes are the same.
            (AvroFixedSchema, _) => new CopyStep(writer),
            _ => new PromoteStep(writer.Type, reader.Type),
        };
    }

    private BranchStep CompileBranches(AvroUnionSchema writer, AvroSchema reader, string path)
    {
        var steps = new ResolveStep[writer.Branches.Count];
        if (writer.Branches.Count > 1) _withinBranch++;
        for (var i = 0; i < steps.Length; i++) steps[i] = Compile(writer.Branches[i], reader, path);
        if (writer.Branches.Count > 1) _withinBranch--;
        return new BranchStep(steps);
    }

    private ResolveStep CompileRecord(AvroRecordSchema writer, AvroRecordSchema reader, string path)
    {
        if (_records.TryGetValue((writer, reader), out var known)) return known;
        var sources = new int[reader.Fields.Count];
        var inOrder = true;
        var last = -1;
        for (var i = 0; i < sources.Length; i++)
        {
            sources[i] = SourceOf(reader.Fields[i], writer);
            if (sources[i] < 0) continue;
            inOrder &= sources[i] > last;
            last = sources[i];
        }

        if (!inOrder)
        {
            var reorder = new ReorderStep { WriterFields = [.. writer.Fields.Select(field => field.Schema)] };
            _records.Add((writer, reader), reorder);
            reorder.ReaderFields = [.. sources.Select((source, i) => (source, CompileField(writer, source, reader.Fields[i], path)))];
            return reorder;
        }

        var record = new RecordStep();
        _records.Add((writer, reader), record);
        var steps = new List<ResolveStep>();
        var next = 0;
        for (var i = 0; i < sources.Length; i++)
        {
            if (sources[i] >= 0)
            {
                for (; next < sources[i]; next++) steps.Add(new SkipStep(writer.Fields[next].Schema));
                next++;
            }
            steps.Add(CompileField(writer, sources[i], reader.Fields[i], path));
        }
        for (; next < writer.Fields.Count; next++) steps.Add(new SkipStep(writer.Fields[next].Schema));
        record.Steps = [.. steps];
        return record;
    }

    private ResolveStep CompileField(AvroRecordSchema writer, int source, AvroField field, string path)
    {
        var fieldPath = path.Length == 0 ? field.Name : path + "." + field.Name;
        if (source >= 0) return Compile(writer.Fields[source].Schema, field.Schema, fieldPath);
        return field.Default is { } value
            ? new DefaultStep(AvroDefaultWriter.Encode(field.Schema, value))
            : Fail(fieldPath, $"the writer's {writer.Name} has no such field and the reader's has no default");
    }

    /// <summary>The writer's field for a reader's, by name and then by alias; -1: none.</summary>
    private static int SourceOf(AvroField field, AvroRecordSchema writer)
    {
        var byAlias = -1;
        for (var i = 0; i < writer.Fields.Count; i++)
        {
            if (writer.Fields[i].Name == field.Name) return i;
            if (byAlias < 0 && field.Aliases.Contains(writer.Fields[i].Name)) byAlias = i;
        }
        return byAlias;
    }

    private EnumStep CompileEnum(AvroEnumSchema writer, AvroEnumSchema reader, string path)
    {
        var fallback = reader.Default is { } symbol ? reader.IndexOf(symbol) : -1;
        var indexes = new int[writer.Symbols.Count];
        for (var i = 0; i < indexes.Length; i++)
        {
            indexes[i] = reader.IndexOf(writer.Symbols[i]);
            if (indexes[i] < 0) indexes[i] = fallback;
            if (indexes[i] < 0)
            {
                _problems.Add(new AvroResolutionProblem(path,
                    $"the reader's {reader.Name} has no symbol \"{writer.Symbols[i]}\" and no default", Always: false));
            }
        }
        return new EnumStep(writer, indexes);
    }

    private FailStep Fail(string path, string reason)
    {
        _problems.Add(new AvroResolutionProblem(path, reason, Always: _withinBranch == 0));
        return new FailStep(path, reason);
    }

    /// <summary>The branch of the writer's very type, then of its name, then the first that it can be promoted to; or -1.</summary>
    private static int BranchFor(AvroSchema writer, AvroUnionSchema reader)
    {
        var named = -1;
        var promoted = -1;
        for (var i = 0; i < reader.Branches.Count; i++)
        {
            var branch = reader.Branches[i];
            if (branch.BranchName == writer.BranchName) return i;
            if (!Matches(writer, branch)) continue;
            if (branch.Type == writer.Type && named < 0) named = i;
            else if (promoted < 0) promoted = i;
        }
        return named >= 0 ? named : promoted;
    }

    /// <summary>Whether two types that are no unions go together, their parts aside.</summary>
    private static bool Matches(AvroSchema writer, AvroSchema reader) => (writer, reader) switch
    {
        (AvroFixedSchema w, AvroFixedSchema r) => w.SizeBytes == r.SizeBytes && HasName(r, w),
        (AvroNamedSchema w, AvroNamedSchema r) => w.Type == r.Type && HasName(r, w),
        _ => writer.Type == reader.Type || PromoteStep.Exists(writer.Type, reader.Type),
    };

    private static bool HasName(AvroNamedSchema reader, AvroNamedSchema writer) =>
        reader.Name == writer.Name || reader.Aliases.Contains(writer.FullName);

    private static string DescribeMismatch(AvroSchema writer, AvroSchema reader)
    {
        if (writer is AvroNamedSchema w && reader is AvroNamedSchema r && w.Type == r.Type)
        {
            return w.Name == r.Name
                ? $"{w.FullName} has another size than {r.FullName}"
                : $"the writer's {w.FullName} is not the reader's {r.FullName}: give that an alias";
        }
        return $"the writer's {writer.BranchName} cannot be read as the reader's {reader.BranchName}";
    }
}
