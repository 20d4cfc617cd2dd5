using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas.Generator;

/// <summary>A union of several types as a struct: which branch it is and a slot for each kind of value, nothing boxed.</summary>
internal sealed class UnionEmitter
{
    private readonly TypeMap _types;

    public UnionEmitter(TypeMap types) => _types = types;

    /// <summary>What the members of a branch are called.</summary>
    public static string BranchName(AvroUnionSchema union, int index) =>
        CSharpNames.Pascal(union.Branches[index] is AvroNamedSchema named ? named.Name : union.Branches[index].Type.ToString())
        + Suffix(union, index);

    public void Emit(CodeText text, UnionName union)
    {
        var (schema, name) = (union.Schema, union.Name);
        text.Summary("One of: " + string.Join(", ", System.Linq.Enumerable.Select(schema.Branches, branch => branch.BranchName)) + ".");
        text.Open($"public readonly struct {name}");
        EmitKinds(text, schema);
        text.Line("private readonly object? _reference;");
        for (var i = 0; i < schema.Branches.Count; i++)
        {
            if (HasSlot(schema.Branches[i])) text.Line($"private readonly {_types.TypeOf(schema.Branches[i])} _value{i};");
        }
        text.Line();
        text.Open($"private {name}(BranchKind kind)").Line("Kind = kind;").Close();
        for (var i = 0; i < schema.Branches.Count; i++) EmitConstructor(text, name, schema, i);
        text.Line();
        text.Summary("Which branch it is.");
        text.Line("public BranchKind Kind { get; }");
        for (var i = 0; i < schema.Branches.Count; i++) EmitBranch(text, name, schema, i);
        text.Close();
    }

    private static void EmitKinds(CodeText text, AvroUnionSchema schema)
    {
        text.Summary("The branches, in the order of the schema.");
        text.Open("public enum BranchKind");
        for (var i = 0; i < schema.Branches.Count; i++)
        {
            text.Summary($"Branch {schema.Branches[i].BranchName}.");
            text.Line($"{BranchName(schema, i)} = {i},");
        }
        text.Close();
        text.Line();
    }

    private void EmitConstructor(CodeText text, string name, AvroUnionSchema schema, int i)
    {
        var branch = schema.Branches[i];
        if (branch.Type == AvroType.Null) return;
        // Two branches may share a C# type: the extra parameter keeps their constructors apart.
        text.Line();
        text.Open($"private {name}({_types.TypeOf(branch)} value, Slot{i} _) : this((BranchKind){i})");
        text.Line(HasSlot(branch) ? $"_value{i} = value;" : "_reference = value;");
        text.Close();
        text.Line();
        text.Line($"private readonly struct Slot{i};");
    }

    private void EmitBranch(CodeText text, string name, AvroUnionSchema schema, int i)
    {
        var branch = schema.Branches[i];
        var branchName = BranchName(schema, i);
        text.Line();
        if (branch.Type == AvroType.Null)
        {
            text.Summary("Null.");
            text.Line($"public static {name} Of{branchName}() => new((BranchKind){i});");
            return;
        }
        var type = _types.TypeOf(branch);
        text.Summary($"A value of branch {branch.BranchName}.");
        text.Line($"public static {name} Of{branchName}({type} value) => new(value, default(Slot{i}));");
        text.Line();
        text.Summary($"The value where <see cref=\"Kind\"/> is {branchName}; otherwise an exception.".Replace("<see cref=\"Kind\"/>", "Kind"));
        text.Open($"public {type} As{branchName}");
        text.Open("get");
        text.Line($"if ((int)Kind != {i}) throw new global::System.InvalidOperationException(\"The union holds \" + Kind + \".\");");
        if (HasSlot(branch)) text.Line($"return _value{i};");
        else text.Line($"return ({type}?)_reference ?? {InitialOf(branch, type)};");
        text.Close();
        text.Close();
    }

    /// <summary>What <c>default</c> of the struct holds where its first branch is a class.</summary>
    private static string InitialOf(AvroSchema branch, string type)
    {
        var initial = TypeMap.InitialOf(branch) ?? "default!";
        return initial == "new()" ? $"new {type}()" : initial;
    }

    private static bool HasSlot(AvroSchema branch) => branch.Type != AvroType.Null && !TypeMap.IsReference(branch);

    /// <summary>Two named branches may differ in their namespaces alone.</summary>
    private static string Suffix(AvroUnionSchema union, int index)
    {
        if (union.Branches[index] is not AvroNamedSchema named) return "";
        for (var i = 0; i < union.Branches.Count; i++)
        {
            var other = union.Branches[i];
            var otherName = other is AvroNamedSchema { Name: var name } ? name : other.Type.ToString();
            if (i != index && CSharpNames.Pascal(otherName) == CSharpNames.Pascal(named.Name)) return "Branch" + index;
        }
        return "";
    }
}
