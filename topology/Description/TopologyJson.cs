using System.Text.Json;
using System.Text.Json.Serialization;

namespace StreamScoring.Topology.Description;

internal static partial class TopologyJson
{
    public static string Render(TopologyDescription description) =>
        JsonSerializer.Serialize(description, Context.Default.TopologyDescription);

    [JsonSourceGenerationOptions(
        WriteIndented = true,
        PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
        UseStringEnumConverter = true)]
    [JsonSerializable(typeof(TopologyDescription))]
    private sealed partial class Context : JsonSerializerContext;
}
