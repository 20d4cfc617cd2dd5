using System.Text.Json;
using System.Text.Json.Serialization;

namespace StreamScoring.App.Articles;

/// <summary>How far a <c>score --out</c> has come, as the file beside its output says.</summary>
internal sealed record ScoreState
{
    /// <summary>The form of the file that this program reads and writes.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Form of the file.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>What must be the same for the lines to fit each other: output format, nodes and models, each under its name.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>Bytes of the input that are answered.</summary>
    public long InputBytes { get; init; }

    /// <summary>Lines of the input that are answered.</summary>
    public long InputLines { get; init; }

    /// <summary>SHA-256 of these bytes.</summary>
    public required string InputSha256 { get; init; }

    /// <summary>Bytes of the output that answer them: whole lines.</summary>
    public long OutputBytes { get; init; }

    /// <summary>Articles written.</summary>
    public long Scored { get; init; }

    /// <summary>Lines that could not be scored.</summary>
    public long Failed { get; init; }

    /// <summary>The whole input is answered.</summary>
    public bool Done { get; init; }
}

/// <summary>Reads and writes <see cref="ScoreState"/>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(ScoreState))]
internal sealed partial class ScoreStateJson : JsonSerializerContext;
