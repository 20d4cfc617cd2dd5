using System.Text.Json;
using System.Text.RegularExpressions;

namespace StreamScoring.Processors.Models;

/// <summary>Reads <c>model.json</c>.</summary>
internal static partial class ModelManifestReader
{
    /// <summary>Name of the file in a model's folder.</summary>
    public const string FileName = "model.json";

    private const int MostLabels = 10_000;

    /// <summary>Reads and checks the manifest of a folder.</summary>
    /// <exception cref="ModelException">It is missing, or says something that cannot be; all mistakes are in it.</exception>
    public static ModelManifest Read(string folder)
    {
        using var document = JsonReading.ReadObject(folder, FileName);
        var problems = new List<string>();
        var json = new JsonReading(document.RootElement, problems);
        var task = json.RequiredText("task");
        if (task.Length > 0 && !ModelTask.All.Contains(task))
            json.Add("task", $"is '{task}', known are {string.Join(", ", ModelTask.All)}");
        var maxTokens = json.Number("max_tokens", 8, ModelManifest.LargestMaxTokens, 256);
        var manifest = new ModelManifest
        {
            Name = json.RequiredText("name"),
            Version = json.RequiredText("version"),
            Task = task,
            Labels = ReadLabels(json, task),
            MaxTokens = maxTokens,
            Stride = json.Number("stride", 0, (maxTokens - 1) / 2, Math.Min(64, maxTokens / 4)),
            MaxWindows = json.Number("max_windows", 1, ModelManifest.LargestMaxWindows, ModelManifest.LargestMaxWindows),
            EarlyExit = json.Member("early_exit") is null ? null : json.Number("early_exit", 0, excluded: true, 1),
            TokenTypes = ReadTokenTypes(json),
            StrictLabels = json.Flag("strict_labels", true),
            Temperature = json.Number("temperature", 0, excluded: true, 1),
            Files = ReadFiles(json),
            License = json.Text("license"),
            Description = json.Text("description"),
            Data = ReadData(json),
            Quality = json.Member("quality")?.Clone(),
            Selection = ReadSelection(json),
            SelfTest = ReadSelfTest(json),
        };
        if (problems.Count > 0)
            throw new ModelException(ModelError.BadManifest, folder, [.. problems.Select(problem => "model.json: " + problem)]);
        return manifest;
    }

    private static List<string> ReadLabels(JsonReading json, string task)
    {
        var labels = new List<string>();
        if (json.Member("labels") is { } array)
        {
            if (array.ValueKind != JsonValueKind.Array || array.GetArrayLength() > MostLabels
                || array.EnumerateArray().Any(label => label.ValueKind != JsonValueKind.String || label.GetString() is ""))
            {
                json.Add("labels", $"is not an array of at most {MostLabels} strings");
                return labels;
            }
            labels.AddRange(array.EnumerateArray().Select(label => label.GetString()!));
        }
        if (labels.Distinct(StringComparer.Ordinal).Count() != labels.Count) json.Add("labels", "has a label twice");
        if (labels.Count < 2 && task is ModelTask.TextClassification or ModelTask.TokenClassification)
            json.Add("labels", "needs at least two labels");
        return labels;
    }

    private static TokenTypeUse ReadTokenTypes(JsonReading json)
    {
        switch (json.Text("token_types"))
        {
            case null or "none":
                return TokenTypeUse.None;
            case "casing":
                return TokenTypeUse.Casing;
            case "continuation":
                return TokenTypeUse.Continuation;
            case var other:
                json.Add("token_types", $"is '{other}', known are none, casing, continuation");
                return TokenTypeUse.None;
        }
    }

    private static Dictionary<string, string> ReadFiles(JsonReading json)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        if (json.Member("files") is not { } value) return files;
        if (value.ValueKind != JsonValueKind.Object)
        {
            json.Add("files", "is not an object");
            return files;
        }
        foreach (var file in value.EnumerateObject())
        {
            var hash = file.Value.ValueKind == JsonValueKind.String ? file.Value.GetString()! : "";
            // A name with a path in it could reach out of the model's folder.
            if (file.Name.Length == 0 || file.Name is "." or ".." || file.Name.AsSpan().ContainsAny('/', '\\', '\0'))
                json.Add("files", $"names '{file.Name}', which is not a plain file name");
            else if (!Sha256().IsMatch(hash))
                json.Add("files", $"gives '{file.Name}' no SHA-256 of 64 lower-case hexadecimal digits");
            else
                files[file.Name] = hash;
        }
        return files;
    }

    private static List<ModelData> ReadData(JsonReading json)
    {
        var data = new List<ModelData>();
        if (json.Member("data") is not { } array) return data;
        if (array.ValueKind != JsonValueKind.Array)
        {
            json.Add("data", "is not an array");
            return data;
        }
        foreach (var item in array.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object)
            {
                json.Add("data", "has an item that is not an object with name and license");
                return data;
            }
            var source = new JsonReading(item, json.Problems);
            data.Add(new ModelData(source.RequiredText("name"), source.Text("license")));
        }
        return data;
    }

    private static SentenceSelection ReadSelection(JsonReading json)
    {
        if (json.Object("selection") is not { } selection) return new SentenceSelection();
        return new SentenceSelection
        {
            Sentences = selection.Number("sentences", 1, 4, 3),
            RedundancyPenalty = selection.Number("redundancy_penalty", 0f, excluded: false, 0),
            PositionBias = selection.Number("position_bias", float.MinValue, excluded: false, 0),
            DanglingPenalty = selection.Number("dangling_penalty", 0f, excluded: false, 0),
        };
    }

    private static ModelSelfTest? ReadSelfTest(JsonReading json)
    {
        if (json.Object("self_test") is not { } test) return null;
        if (test.Member("expected") is { ValueKind: JsonValueKind.Object or JsonValueKind.Array } expected)
            return new ModelSelfTest(test.Text("title") ?? "", test.Text("body") ?? "", expected.Clone());
        json.Add("self_test", "has no \"expected\" answer");
        return null;
    }

    [GeneratedRegex("^[0-9a-f]{64}$")]
    private static partial Regex Sha256();
}
