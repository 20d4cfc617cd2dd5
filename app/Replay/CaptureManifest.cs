using System.Text.Json;
using System.Text.Json.Serialization;

namespace StreamScoring.App.Replay;

/// <summary>What <c>manifest.json</c> of a capture or a run says.</summary>
internal sealed record CaptureManifest
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "manifest.json";

    /// <summary>The form of folder that this program writes and reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Kind of a folder with captured records.</summary>
    public const string CaptureKind = "capture";

    /// <summary>Kind of a folder with what a run made of them.</summary>
    public const string RunKind = "run";

    /// <summary>Form of the folder.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>"capture" or "run".</summary>
    public required string Kind { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Topic that was captured.</summary>
    public required string Topic { get; init; }

    /// <summary>Partitions of the topic.</summary>
    public required int PartitionCount { get; init; }

    /// <summary>False where it was interrupted: what is there is right, and not all.</summary>
    public required bool Complete { get; init; }

    /// <summary>What is there of each partition; those with nothing are left out.</summary>
    public required IReadOnlyList<CapturedPartition> Partitions { get; init; }

    /// <summary>The nodes: of a capture those configured when it was made, of a run those that ran.</summary>
    public required IReadOnlyList<CapturedNode> Nodes { get; init; }

    /// <summary>Schemas that records were written with.</summary>
    public IReadOnlyList<CapturedSchema> Schemas { get; init; } = [];

    /// <summary>SHA-256 of the capture's manifest; runs only.</summary>
    public string? CaptureSha256 { get; init; }

    /// <summary>How it was run; runs only.</summary>
    public RunFacts? Run { get; init; }
}

/// <summary>One file: what is there of one partition.</summary>
/// <param name="Partition">Partition.</param>
/// <param name="File">Name of the file in the folder.</param>
/// <param name="Sha256">Of the file, lower-case hexadecimal.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Records">Lines in it.</param>
/// <param name="FirstOffset">Offset of the first.</param>
/// <param name="LastOffset">Offset of the last.</param>
internal sealed record CapturedPartition(int Partition, string File, string Sha256, long Bytes, long Records, long FirstOffset, long LastOffset);

/// <summary>A node and its model.</summary>
internal sealed record CapturedNode
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Kind.</summary>
    public required string Kind { get; init; }

    /// <summary>Topic it reads.</summary>
    public required string Input { get; init; }

    /// <summary>Topic it writes.</summary>
    public required string Output { get; init; }

    /// <summary>Name of its model; null for none.</summary>
    public string? Model { get; init; }

    /// <summary>Version of the model; null where the model was not there.</summary>
    public string? Version { get; init; }

    /// <summary>SHA-256 of the model's file; null where the model was not there.</summary>
    public string? Sha256 { get; init; }
}

/// <summary>A schema under one of the names that records use for it.</summary>
internal sealed record CapturedSchema
{
    /// <summary>Fingerprint of single-object encoding, 16 hexadecimal digits.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Id in a Schema Registry.</summary>
    public int? Id { get; init; }

    /// <summary>GUID in a Schema Registry.</summary>
    public Guid? Guid { get; init; }

    /// <summary>The schema; null where nobody knew it.</summary>
    public string? Schema { get; init; }
}

/// <summary>How a run went.</summary>
/// <param name="Against">"embedded" or the brokers' addresses.</param>
/// <param name="Speed">"max", or a multiple of the original speed.</param>
/// <param name="ElapsedSeconds">From the first record to the last answer.</param>
/// <param name="DeadLetters">Records that a node could not process.</param>
internal sealed record RunFacts(string Against, string Speed, double ElapsedSeconds, long DeadLetters);

/// <summary>Reads and writes <see cref="CaptureManifest"/>.</summary>
[JsonSerializable(typeof(CaptureManifest))]
internal sealed partial class CaptureJson : JsonSerializerContext
{
    /// <summary>For people to read: indented, text as it is.</summary>
    internal static CaptureJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
        NewLine = "\n",
    });
}
