using System.Buffers;
using StreamScoring.Schemas.Json;

namespace StreamScoring.Schemas;

/// <summary>
/// Articles as JSON, for people and for clients without Avro: one line, fields in the order of the schema, all of them
/// (null where there is nothing), timestamps as ISO 8601 in UTC, floats in their shortest form (0.97).
/// </summary>
public static partial class ArticleJson
{
    private const int StackBytes = 1024;

    /// <summary>Writes an article, without a line end.</summary>
    /// <param name="article">The article.</param>
    /// <param name="output">Receives UTF-8.</param>
    /// <param name="naming">Spelling of the field names.</param>
    public static void Write(Article article, IBufferWriter<byte> output, FieldNaming naming = FieldNaming.SnakeCase)
    {
        ArgumentNullException.ThrowIfNull(article);
        ArgumentNullException.ThrowIfNull(output);
        var json = new JsonOutput(stackalloc byte[StackBytes]);
        try
        {
            new ArticleJsonWriter(naming).Write(ref json, article);
            output.Write(json.Written);
        }
        finally
        {
            json.Dispose();
        }
    }

    /// <summary>An article as UTF-8, without a line end.</summary>
    /// <param name="article">The article.</param>
    /// <param name="naming">Spelling of the field names.</param>
    public static byte[] Write(Article article, FieldNaming naming = FieldNaming.SnakeCase)
    {
        ArgumentNullException.ThrowIfNull(article);
        var json = new JsonOutput(stackalloc byte[StackBytes]);
        try
        {
            new ArticleJsonWriter(naming).Write(ref json, article);
            return json.Written.ToArray();
        }
        finally
        {
            json.Dispose();
        }
    }
}
