using System.Text;
using System.Text.Json;
using StreamScoring.Processors.Models;

namespace StreamScoring.Processors.Tokenization;

/// <summary>
/// Finds a model's tokenizer in its folder: <c>tokenizer.json</c> where there is one, else <c>vocab.txt</c> with the
/// settings of <c>tokenizer_config.json</c>.
/// </summary>
internal static class TokenizerFiles
{
    private const string VocabularyFile = "vocab.txt";
    private const string ConfigFile = "tokenizer_config.json";
    private const string JsonFile = "tokenizer.json";

    /// <summary>Loads a tokenizer.</summary>
    /// <exception cref="ModelException">The files are missing, wrong, or of a kind that is not known.</exception>
    public static Tokenizer Load(string folder)
    {
        try
        {
            if (File.Exists(Path.Combine(folder, JsonFile))) return TokenizerJson.Load(folder, JsonFile, ReadConfig(folder));
            if (!File.Exists(Path.Combine(folder, VocabularyFile)))
                throw new ModelException(ModelError.Missing, folder, $"the tokenizer's files are not there: {VocabularyFile} or {JsonFile}.");
            return new WordPieceTokenizer(ReadVocabulary(folder), ReadConfig(folder));
        }
        catch (InvalidDataException exception)
        {
            throw new ModelException(ModelError.BadManifest, folder, exception.Message, exception);
        }
    }

    /// <summary>One piece a line; a line's number, from 0, is the piece's id.</summary>
    private static string[] ReadVocabulary(string folder)
    {
        var path = Path.Combine(folder, VocabularyFile);
        if (new FileInfo(path).Length > JsonReading.LargestFileBytes)
            throw new ModelException(ModelError.BadManifest, folder, $"{VocabularyFile} has more than {JsonReading.LargestFileBytes >> 20} MB.");
        // Not ReadAllLines: pieces may hold U+0085 and U+2028, and only line feeds separate them.
        var text = File.ReadAllText(path, Encoding.UTF8);
        if (text.EndsWith('\n')) text = text[..^1];
        var pieces = text.Split('\n');
        for (var i = 0; i < pieces.Length; i++) pieces[i] = pieces[i].TrimEnd('\r');
        return pieces;
    }

    private static WordPieceOptions ReadConfig(string folder)
    {
        var options = new WordPieceOptions();
        if (!File.Exists(Path.Combine(folder, ConfigFile))) return options;
        using var document = JsonReading.ReadObject(folder, ConfigFile);
        var problems = new List<string>();
        var json = new JsonReading(document.RootElement, problems);
        options = options with
        {
            LowerCase = json.Flag("do_lower_case", options.LowerCase),
            StripAccents = json.Member("strip_accents") is null ? null : json.Flag("strip_accents", false),
            IsolateIdeographs = json.Flag("tokenize_chinese_chars", options.IsolateIdeographs),
            ClassifierToken = TokenText(json, "cls_token", options.ClassifierToken),
            SeparatorToken = TokenText(json, "sep_token", options.SeparatorToken),
            PaddingToken = TokenText(json, "pad_token", options.PaddingToken),
            UnknownToken = TokenText(json, "unk_token", options.UnknownToken),
        };
        if (problems.Count > 0)
            throw new ModelException(ModelError.BadManifest, folder, [.. problems.Select(problem => $"{ConfigFile}: {problem}")]);
        return options;
    }

    /// <summary>A special token is a string, or in older files an object with its text as <c>content</c>.</summary>
    private static string TokenText(JsonReading json, string name, string fallback) =>
        json.Member(name) is { ValueKind: JsonValueKind.Object } token && token.TryGetProperty("content", out var content)
            && content.ValueKind == JsonValueKind.String
            ? content.GetString()!
            : json.Text(name) ?? fallback;
}
