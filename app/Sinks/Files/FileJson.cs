using System.Text.Json.Serialization;

namespace StreamScoring.App.Sinks.Files;

/// <summary>How the values of a reject become JSON.</summary>
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(byte[]))]
internal sealed partial class FileJson : JsonSerializerContext;
