using System.Text.Json;
using StreamScoring.Processors.Models;

namespace StreamScoring.Processors.Tokenization;

/// <summary>Reads <c>tokenizer.json</c>, the file of Hugging Face's fast tokenizers.</summary>
internal static class TokenizerJson
{
    private const int MostPieces = 1 << 20;

    /// <summary>Loads the tokenizer it describes.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="file">The file's name.</param>
    /// <param name="config">What <c>tokenizer_config.json</c> says; its special tokens are the ones that count.</param>
    /// <exception cref="ModelException">A model, normalizer or pre-tokenizer that is not known.</exception>
    /// <exception cref="InvalidDataException">The file says something that cannot be.</exception>
    public static Tokenizer Load(string folder, string file, TokenizerConfig config)
    {
        using var document = JsonReading.ReadObject(folder, file);
        var root = document.RootElement;
        var model = Part(root, "model");
        return TypeOf(model) switch
        {
            "WordPiece" => LoadWordPiece(folder, file, root, model, config.ToWordPiece()),
            "BPE" => LoadByteLevel(folder, file, root, model, config.ToByteLevelBpe()),
            var other => throw Unsupported(folder, file, "model", other, "WordPiece and byte-level BPE"),
        };
    }

    /// <summary>Reads pieces and their ids.</summary>
    /// <exception cref="InvalidDataException">Not an object of numbers.</exception>
    public static Dictionary<string, int> ReadVocabulary(JsonElement vocabulary, string file)
    {
        if (vocabulary.ValueKind != JsonValueKind.Object) throw new InvalidDataException($"{file} has no vocabulary.");
        var pieces = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in vocabulary.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out var id) || id is < 0 or >= MostPieces)
                throw new InvalidDataException($"{file} gives '{entry.Name}' no id from 0 to {MostPieces - 1}.");
            pieces[entry.Name] = id;
        }
        return pieces;
    }

    /// <summary>Reads a pair of pieces with a space between them.</summary>
    /// <exception cref="InvalidDataException">Not such a pair.</exception>
    public static (string Left, string Right) ReadMerge(string merge, string file)
    {
        var space = merge.IndexOf(' ', StringComparison.Ordinal);
        if (space <= 0 || space == merge.Length - 1) throw new InvalidDataException($"{file} has a merge '{merge}' that is no pair.");
        return (merge[..space], merge[(space + 1)..]);
    }

    private static WordPieceTokenizer LoadWordPiece(
        string folder, string file, JsonElement root, JsonElement model, WordPieceOptions options)
    {
        var problems = new List<string>();
        var n = Part(root, "normalizer");
        if (n.ValueKind == JsonValueKind.Object)
        {
            if (TypeOf(n) != "BertNormalizer") throw Unsupported(folder, file, "normalizer", TypeOf(n), "BertNormalizer");
            var normalizer = new JsonReading(n, problems);
            if (!normalizer.Flag("clean_text", true))
                normalizer.Add("clean_text", "is false, which no published model uses and is not supported");
            options = options with
            {
                LowerCase = normalizer.Flag("lowercase", true),
                StripAccents = normalizer.Member("strip_accents") is null ? null : normalizer.Flag("strip_accents", false),
                IsolateIdeographs = normalizer.Flag("handle_chinese_chars", true),
            };
        }
        var pre = Part(root, "pre_tokenizer");
        if (TypeOf(pre) != "BertPreTokenizer") throw Unsupported(folder, file, "pre_tokenizer", TypeOf(pre), "BertPreTokenizer");
        var json = new JsonReading(model, problems);
        options = options with
        {
            UnknownToken = json.Text("unk_token") ?? options.UnknownToken,
            ContinuationPrefix = json.Text("continuing_subword_prefix") ?? options.ContinuationPrefix,
            MaxWordLength = json.Number("max_input_chars_per_word", 1, 1000, 100),
        };
        if (problems.Count > 0) throw new InvalidDataException(string.Join(" ", problems.Select(problem => $"{file}: {problem}")));
        var vocabulary = ReadVocabulary(Part(model, "vocab"), file);
        // Ids that no piece has get an empty text, which nothing matches.
        var pieces = new string[vocabulary.Count == 0 ? 0 : vocabulary.Values.Max() + 1];
        Array.Fill(pieces, "");
        foreach (var (piece, id) in vocabulary) pieces[id] = piece;
        return new WordPieceTokenizer(pieces, options);
    }

    private static ByteLevelBpeTokenizer LoadByteLevel(
        string folder, string file, JsonElement root, JsonElement model, ByteLevelBpeOptions options)
    {
        if (Part(root, "normalizer") is { ValueKind: JsonValueKind.Object } normalizer)
            throw Unsupported(folder, file, "normalizer", TypeOf(normalizer), "none");
        var pre = Part(root, "pre_tokenizer");
        if (TypeOf(pre) != "ByteLevel") throw Unsupported(folder, file, "pre_tokenizer", TypeOf(pre), "ByteLevel");
        var problems = new List<string>();
        var json = new JsonReading(pre, problems);
        if (!json.Flag("use_regex", true)) json.Add("use_regex", "is false, which is not supported");
        options = options with
        {
            AddPrefixSpace = json.Flag("add_prefix_space", options.AddPrefixSpace),
            // BART's and RoBERTa's pairs have two separators between them, a template says what it wants itself.
            PairSeparators = TypeOf(Part(root, "post_processor")) == "TemplateProcessing" ? 1 : 2,
        };
        if (problems.Count > 0) throw new InvalidDataException(string.Join(" ", problems.Select(problem => $"{file}: {problem}")));
        var merges = new List<(string, string)>();
        if (Part(model, "merges") is { ValueKind: JsonValueKind.Array } list)
        {
            foreach (var merge in list.EnumerateArray()) merges.Add(ReadMerge(merge, file));
        }
        return new ByteLevelBpeTokenizer(ReadVocabulary(Part(model, "vocab"), file), merges, options);
    }

    /// <summary>A merge is "left right", in newer files ["left", "right"].</summary>
    private static (string Left, string Right) ReadMerge(JsonElement merge, string file)
    {
        if (merge.ValueKind == JsonValueKind.String) return ReadMerge(merge.GetString()!, file);
        if (merge.ValueKind == JsonValueKind.Array && merge.GetArrayLength() == 2
            && merge[0].ValueKind == JsonValueKind.String && merge[1].ValueKind == JsonValueKind.String)
        {
            return (merge[0].GetString()!, merge[1].GetString()!);
        }
        throw new InvalidDataException($"{file} has a merge {merge} that is no pair.");
    }

    private static JsonElement Part(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var part) ? part : default;

    private static string TypeOf(JsonElement element) =>
        Part(element, "type") is { ValueKind: JsonValueKind.String } type ? type.GetString()! : "missing";

    private static ModelException Unsupported(string folder, string file, string part, string found, string known) =>
        new(ModelError.Unsupported, folder, $"{file}: the {part} is of type '{found}'; known is {known}.");
}
