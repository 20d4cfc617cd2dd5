using System.Text.Json;
using StreamScoring.Processors.Models;

namespace StreamScoring.Processors.Tokenization;

/// <summary>Reads <c>tokenizer.json</c>, the file of Hugging Face's fast tokenizers.</summary>
internal static class TokenizerJson
{
    /// <summary>Loads the tokenizer it describes.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="file">The file's name.</param>
    /// <param name="config">What <c>tokenizer_config.json</c> says; its special tokens are the ones that count.</param>
    /// <exception cref="ModelException">A model, normalizer or pre-tokenizer that is not known.</exception>
    public static Tokenizer Load(string folder, string file, WordPieceOptions config)
    {
        using var document = JsonReading.ReadObject(folder, file);
        var root = document.RootElement;
        var model = root.TryGetProperty("model", out var m) && m.ValueKind == JsonValueKind.Object ? m : default;
        return TypeOf(model) switch
        {
            "WordPiece" => LoadWordPiece(folder, file, root, model, config),
            var other => throw Unsupported(folder, file, "model", other, "WordPiece"),
        };
    }

    private static WordPieceTokenizer LoadWordPiece(
        string folder, string file, JsonElement root, JsonElement model, WordPieceOptions config)
    {
        var problems = new List<string>();
        var options = config;
        if (root.TryGetProperty("normalizer", out var n) && n.ValueKind == JsonValueKind.Object)
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
        if (root.TryGetProperty("pre_tokenizer", out var p) && TypeOf(p) != "BertPreTokenizer")
            throw Unsupported(folder, file, "pre_tokenizer", TypeOf(p), "BertPreTokenizer");
        var json = new JsonReading(model, problems);
        options = options with
        {
            UnknownToken = json.Text("unk_token") ?? options.UnknownToken,
            ContinuationPrefix = json.Text("continuing_subword_prefix") ?? options.ContinuationPrefix,
            MaxWordLength = json.Number("max_input_chars_per_word", 1, 1000, 100),
        };
        var vocabulary = ReadVocabulary(json);
        if (problems.Count > 0)
            throw new ModelException(ModelError.BadManifest, folder, [.. problems.Select(problem => $"{file}: {problem}")]);
        return new WordPieceTokenizer(vocabulary, options);
    }

    /// <summary>Pieces by id. Ids that no piece has get an empty text, which nothing matches.</summary>
    private static string[] ReadVocabulary(JsonReading model)
    {
        const int mostPieces = 1 << 20;
        if (model.Member("vocab") is not { ValueKind: JsonValueKind.Object } vocabulary)
        {
            model.Add("vocab", "is missing");
            return [];
        }
        var pieces = new List<string>();
        foreach (var entry in vocabulary.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out var id) || id is < 0 or >= mostPieces)
            {
                model.Add("vocab", $"gives '{entry.Name}' no id from 0 to {mostPieces - 1}");
                return [];
            }
            while (pieces.Count <= id) pieces.Add("");
            pieces[id] = entry.Name;
        }
        return [.. pieces];
    }

    private static string TypeOf(JsonElement element) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty("type", out var type)
            && type.ValueKind == JsonValueKind.String
            ? type.GetString()!
            : "missing";

    private static ModelException Unsupported(string folder, string file, string part, string found, string known) =>
        new(ModelError.Unsupported, folder, $"{file}: the {part} is of type '{found}'; known is {known}.");
}
