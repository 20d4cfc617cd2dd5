using System.Globalization;
using System.Text.Json;

namespace StreamScoring.Processors.Models;

/// <summary>
/// Reads what a Hugging Face export says of itself: <c>config.json</c>, and the maximum length in
/// <c>tokenizer_config.json</c>.
/// </summary>
internal static class HuggingFaceConfig
{
    /// <summary>Name of the file in a model's folder.</summary>
    public const string FileName = "config.json";

    /// <summary>Model types whose rows are laid out as BERT's or RoBERTa's.</summary>
    private static readonly string[] RobertaLike = ["roberta", "xlm-roberta", "camembert"];

    /// <summary>Reads a manifest out of the export's files.</summary>
    /// <param name="folder">The export's folder.</param>
    /// <param name="sha256">SHA-256 of its graph: its first twelve digits are the version.</param>
    /// <exception cref="ModelException">A file is missing or says something that cannot be.</exception>
    public static ModelManifest Read(string folder, string sha256)
    {
        using var document = JsonReading.ReadObject(folder, FileName);
        var problems = new List<string>();
        var json = new JsonReading(document.RootElement, problems);
        var architecture = ReadArchitecture(json);
        var task = architecture.EndsWith("ForSequenceClassification", StringComparison.Ordinal) ? ModelTask.TextClassification
            : architecture.EndsWith("ForTokenClassification", StringComparison.Ordinal) ? ModelTask.TokenClassification
            : "";
        if (task.Length == 0)
        {
            json.Add("architectures", $"is '{architecture}', which is neither a …ForSequenceClassification nor a "
                + "…ForTokenClassification; with a model.json any BERT-like graph can be described");
        }
        if (json.Text("problem_type") is "multi_label_classification" or "regression" && task == ModelTask.TextClassification)
            json.Add("problem_type", $"is {json.Text("problem_type")}; only models that choose one label can be used");
        var maxTokens = ReadMaxTokens(folder, json);
        var manifest = new ModelManifest
        {
            Name = json.Text("_name_or_path") is { Length: > 0 } name && !Path.IsPathRooted(name) ? name : NameOf(folder),
            Version = sha256[..12],
            Task = task,
            Labels = ReadLabels(json),
            MaxTokens = maxTokens,
            Stride = Math.Min(64, maxTokens / 4),
            // Their labels follow several schemes, and nothing says which.
            StrictLabels = false,
        };
        if (problems.Count > 0)
            throw new ModelException(ModelError.BadManifest, folder, [.. problems.Select(problem => "config.json: " + problem)]);
        return manifest;
    }

    private static string NameOf(string folder) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));

    private static string ReadArchitecture(JsonReading json)
    {
        if (json.Member("architectures") is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0
            && list[0].ValueKind == JsonValueKind.String)
        {
            return list[0].GetString()!;
        }
        return "missing";
    }

    private static List<string> ReadLabels(JsonReading json)
    {
        if (json.Member("id2label") is not { ValueKind: JsonValueKind.Object } map)
        {
            json.Add("id2label", "is missing: without it the labels have no names");
            return [];
        }
        var labels = new SortedDictionary<int, string>();
        foreach (var entry in map.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                || entry.Value.ValueKind != JsonValueKind.String)
            {
                json.Add("id2label", $"has an entry '{entry.Name}' that is not a number with a name");
                return [];
            }
            labels[id] = entry.Value.GetString()!;
        }
        if (labels.Count >= 2 && labels.Keys.Last() == labels.Count - 1) return [.. labels.Values];
        json.Add("id2label", "does not number at least two labels from 0 without gaps");
        return [];
    }

    private static int ReadMaxTokens(string folder, JsonReading json)
    {
        var positions = json.Number("max_position_embeddings", 8, 1 << 20, 512);
        // RoBERTa counts positions from the padding id on: the first two are never used.
        if (RobertaLike.Contains(json.Text("model_type"))) positions -= 2;
        var path = Path.Combine(folder, "tokenizer_config.json");
        if (File.Exists(path))
        {
            using var document = JsonReading.ReadObject(folder, "tokenizer_config.json");
            // Where there is no limit transformers writes 1e30.
            if (document.RootElement.TryGetProperty("model_max_length", out var limit)
                && limit.ValueKind == JsonValueKind.Number && limit.GetDouble() is >= 8 and < 1e6 and var length)
            {
                positions = Math.Min(positions, (int)length);
            }
        }
        return Math.Clamp(positions, 8, 512);
    }
}
