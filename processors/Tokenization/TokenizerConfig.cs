using StreamScoring.Processors.Models;

namespace StreamScoring.Processors.Tokenization;

/// <summary>What <c>tokenizer_config.json</c> says; null where it is silent.</summary>
internal sealed record TokenizerConfig
{
    /// <summary>Name of the file in a model's folder.</summary>
    public const string FileName = "tokenizer_config.json";

    private bool? LowerCase { get; init; }

    private bool? StripAccents { get; init; }

    private bool? IsolateIdeographs { get; init; }

    private bool? AddPrefixSpace { get; init; }

    private string? Classifier { get; init; }

    private string? Separator { get; init; }

    private string? Padding { get; init; }

    private string? Unknown { get; init; }

    /// <summary>Reads the file, where the folder has one.</summary>
    /// <exception cref="ModelException">It says something that cannot be.</exception>
    public static TokenizerConfig Read(string folder)
    {
        if (!File.Exists(Path.Combine(folder, FileName))) return new TokenizerConfig();
        using var document = JsonReading.ReadObject(folder, FileName);
        var problems = new List<string>();
        var json = new JsonReading(document.RootElement, problems);
        var config = new TokenizerConfig
        {
            LowerCase = Flag(json, "do_lower_case"),
            StripAccents = Flag(json, "strip_accents"),
            IsolateIdeographs = Flag(json, "tokenize_chinese_chars"),
            AddPrefixSpace = Flag(json, "add_prefix_space"),
            Classifier = TokenText(json, "cls_token"),
            Separator = TokenText(json, "sep_token"),
            Padding = TokenText(json, "pad_token"),
            Unknown = TokenText(json, "unk_token"),
        };
        if (problems.Count > 0)
            throw new ModelException(ModelError.BadManifest, folder, [.. problems.Select(problem => $"{FileName}: {problem}")]);
        return config;
    }

    /// <summary>The options of a WordPiece vocabulary.</summary>
    public WordPieceOptions ToWordPiece()
    {
        var defaults = new WordPieceOptions();
        return new WordPieceOptions
        {
            LowerCase = LowerCase ?? defaults.LowerCase,
            StripAccents = StripAccents,
            IsolateIdeographs = IsolateIdeographs ?? defaults.IsolateIdeographs,
            ClassifierToken = Classifier ?? defaults.ClassifierToken,
            SeparatorToken = Separator ?? defaults.SeparatorToken,
            PaddingToken = Padding ?? defaults.PaddingToken,
            UnknownToken = Unknown ?? defaults.UnknownToken,
        };
    }

    /// <summary>The options of a byte-level vocabulary.</summary>
    public ByteLevelBpeOptions ToByteLevelBpe()
    {
        var defaults = new ByteLevelBpeOptions();
        return new ByteLevelBpeOptions
        {
            AddPrefixSpace = AddPrefixSpace ?? defaults.AddPrefixSpace,
            ClassifierToken = Classifier ?? defaults.ClassifierToken,
            SeparatorToken = Separator ?? defaults.SeparatorToken,
            PaddingToken = Padding ?? defaults.PaddingToken,
            UnknownToken = Unknown ?? defaults.UnknownToken,
        };
    }

    private static bool? Flag(JsonReading json, string name) => json.Member(name) is null ? null : json.Flag(name, false);

    /// <summary>A special token is a string, or in older files an object with its text as <c>content</c>.</summary>
    private static string? TokenText(JsonReading json, string name) =>
        json.Member(name) is { ValueKind: System.Text.Json.JsonValueKind.Object } token
            && token.TryGetProperty("content", out var content) && content.ValueKind == System.Text.Json.JsonValueKind.String
            ? content.GetString()
            : json.Text(name);
}
