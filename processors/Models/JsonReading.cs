using System.Text.Json;

namespace StreamScoring.Processors.Models;

/// <summary>Reads members of a JSON object one by one and collects what is wrong with them, instead of stopping at the first.</summary>
internal sealed class JsonReading(JsonElement root, List<string> problems)
{
    private static readonly JsonDocumentOptions Lenient = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
    };

    /// <summary>Largest JSON file that is read, in bytes: the tokenizer.json of a large vocabulary takes some 20 MB.</summary>
    public const long LargestFileBytes = 64L << 20;

    /// <summary>Everything that is wrong, a sentence each.</summary>
    public List<string> Problems { get; } = problems;

    /// <summary>Reads a file whose root is an object.</summary>
    /// <exception cref="ModelException">It is not there, too large, or no JSON object.</exception>
    public static JsonDocument ReadObject(string folder, string file)
    {
        var path = Path.Combine(folder, file);
        try
        {
            if (new FileInfo(path).Length > LargestFileBytes)
                throw new ModelException(ModelError.BadManifest, folder, $"{file} has more than {LargestFileBytes >> 20} MB.");
            var document = JsonDocument.Parse(File.ReadAllBytes(path), Lenient);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            throw new ModelException(ModelError.BadManifest, folder, $"{file} is not a JSON object.");
        }
        catch (FileNotFoundException exception)
        {
            throw new ModelException(ModelError.Missing, folder, $"{file} is not there.", exception);
        }
        catch (JsonException exception)
        {
            throw new ModelException(ModelError.BadManifest, folder, $"{file} is not valid JSON: {exception.Message}", exception);
        }
    }

    /// <summary>A member, where it is there and not null.</summary>
    public JsonElement? Member(string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A string; "" and a problem where it is missing or empty.</summary>
    public string RequiredText(string name)
    {
        var text = Text(name);
        if (string.IsNullOrWhiteSpace(text) && !HasProblemWith(name)) Add(name, "is missing or empty");
        return text ?? "";
    }

    /// <summary>A string or null.</summary>
    public string? Text(string name)
    {
        if (Member(name) is not { } value) return null;
        if (value.ValueKind == JsonValueKind.String) return value.GetString();
        Add(name, "is not a string");
        return null;
    }

    /// <summary>A whole number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public int Number(string name, int least, int most, int fallback)
    {
        if (Member(name) is not { } value) return fallback;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= least && number <= most)
            return number;
        Add(name, $"is not a whole number from {least} to {most}");
        return fallback;
    }

    /// <summary>A finite number of at least <paramref name="least"/>, or above it where that is 0 and excluded.</summary>
    public float Number(string name, float least, bool excluded, float fallback)
    {
        if (Member(name) is not { } value) return fallback;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out var number) && float.IsFinite(number)
            && (excluded ? number > least : number >= least))
        {
            return number;
        }
        Add(name, excluded ? $"is not a number above {least}" : $"is not a number of at least {least}");
        return fallback;
    }

    /// <summary>A truth value.</summary>
    public bool Flag(string name, bool fallback)
    {
        if (Member(name) is not { } value) return fallback;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False) return value.GetBoolean();
        Add(name, "is neither true nor false");
        return fallback;
    }

    /// <summary>An object to read on; empty where there is none.</summary>
    public JsonReading? Object(string name)
    {
        if (Member(name) is not { } value) return null;
        if (value.ValueKind == JsonValueKind.Object) return new JsonReading(value, Problems);
        Add(name, "is not an object");
        return null;
    }

    /// <summary>Notes that a member is wrong.</summary>
    public void Add(string name, string what) => Problems.Add($"\"{name}\" {what}.");

    private bool HasProblemWith(string name) => Problems.Exists(p => p.StartsWith($"\"{name}\" ", StringComparison.Ordinal));
}
