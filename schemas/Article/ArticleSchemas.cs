using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas;

/// <summary>The article's schemas: today's and every released one, so that old data stay readable.</summary>
public static class ArticleSchemas
{
    /// <summary>Today's.</summary>
    public static AvroSchema Current => Article.AvroSchema;

    /// <summary>Every released one, oldest first, by the name of its file in <c>schemas/released/</c>.</summary>
    public static IReadOnlyList<KeyValuePair<string, AvroSchema>> Released { get; } = ReadReleased();

    /// <summary>Today's and every released one. Schemas that are added here are known to every default serde.</summary>
    public static AvroSchemaStore Known { get; } = new([.. Released.Select(released => released.Value), Current]);

    private static List<KeyValuePair<string, AvroSchema>> ReadReleased()
    {
        const string prefix = "released/";
        var assembly = typeof(ArticleSchemas).Assembly;
        var released = new List<KeyValuePair<string, AvroSchema>>();
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Order())
        {
            using var text = new StreamReader(assembly.GetManifestResourceStream(name)!);
            released.Add(new(name[prefix.Length..], AvroSchema.Parse(text.ReadToEnd())));
        }
        return released;
    }
}
