using System.Buffers;
using StreamScoring.Schemas;

namespace StreamScoring.App.Articles;

/// <summary>The forms in which articles are printed, one on a line.</summary>
internal static class ArticleLines
{
    /// <summary>A writer of one article without its line end.</summary>
    internal static Action<Article, IBufferWriter<byte>> Writer(bool asXml, FieldNaming naming) => asXml
        ? (article, output) => ArticleXml.Write(article, output, naming)
        : (article, output) => ArticleJson.Write(article, output, naming);
}
