using System.Text.Json;
using System.Text.Json.Serialization;

namespace StreamScoring.Schemas.Benchmarks;

/// <summary>System.Text.Json's own generated serializer for the same record.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Article))]
internal sealed partial class JsonContext : JsonSerializerContext
{
    public static byte[] Write(Article article) => JsonSerializer.SerializeToUtf8Bytes(article, Default.Article);

    public static Article Read(byte[] json) => JsonSerializer.Deserialize(json, Default.Article)!;
}
