namespace StreamScoring.Processors.TokenClassification;

/// <summary>What a label says of a word.</summary>
internal enum LabelRole : byte
{
    /// <summary>In no entity.</summary>
    Outside,

    /// <summary>The first word of an entity.</summary>
    Begin,

    /// <summary>A further word of an entity.</summary>
    Inside,
}

/// <summary>
/// The labels of a token classifier, understood: <c>O</c>, <c>B-PER</c>, <c>I-PER</c>, … (Ramshaw and Marcus 1995). The
/// <c>S-</c>, <c>U-</c>, <c>E-</c> and <c>L-</c> of richer schemes are read as the <c>B-</c> and <c>I-</c> that they refine;
/// a label without prefix counts as <c>I-</c>.
/// </summary>
internal sealed class LabelScheme
{
    private readonly LabelRole[] _roles;
    private readonly int[] _types;
    private readonly string[] _typeNames;

    public LabelScheme(IReadOnlyList<string> labels, bool strict)
    {
        _roles = new LabelRole[labels.Count];
        _types = new int[labels.Count];
        var names = new List<string>();
        for (var i = 0; i < labels.Count; i++)
        {
            (_roles[i], var name) = Parse(labels[i]);
            _types[i] = -1;
            if (_roles[i] == LabelRole.Outside) continue;
            _types[i] = names.IndexOf(name);
            if (_types[i] >= 0) continue;
            _types[i] = names.Count;
            names.Add(name);
        }
        _typeNames = [.. names];
        // A type without a B- label can only be opened by its I-.
        Strict = strict && Enumerable.Range(0, names.Count).All(type =>
            Enumerable.Range(0, labels.Count).Any(i => _types[i] == type && _roles[i] == LabelRole.Begin));
    }

    /// <summary>Number of labels.</summary>
    public int Count => _roles.Length;

    /// <summary>Whether an inside label may only follow a label of its type.</summary>
    public bool Strict { get; }

    /// <summary>What label <paramref name="label"/> says of a word.</summary>
    public LabelRole Role(int label) => _roles[label];

    /// <summary>Index of the label's entity type, -1 outside.</summary>
    public int Type(int label) => _types[label];

    /// <summary>Name of an entity type.</summary>
    public string TypeName(int type) => _typeNames[type];

    private static (LabelRole Role, string Type) Parse(string label)
    {
        if (label is "O" or "o") return (LabelRole.Outside, "");
        if (label.Length > 2 && label[1] is '-' or '_')
        {
            switch (label[0])
            {
                case 'B' or 'S' or 'U':
                    return (LabelRole.Begin, label[2..]);
                case 'I' or 'E' or 'L' or 'M':
                    return (LabelRole.Inside, label[2..]);
                default:
                    break;
            }
        }
        return (LabelRole.Inside, label);
    }
}
