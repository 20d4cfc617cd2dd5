using System.Text;
using System.Xml;
using System.Xml.Linq;
using System.Xml.Schema;
using CsCheck;
using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas.Tests;

public sealed class ArticleXmlTests
{
    private static XDocument Read(byte[] xml, FieldNaming naming = FieldNaming.SnakeCase)
    {
        var document = XDocument.Parse(Encoding.UTF8.GetString(xml), LoadOptions.PreserveWhitespace);
        var schemas = new XmlSchemaSet();
        schemas.Add(null, XmlReader.Create(new StringReader(ArticleXml.GetSchema(naming))));
        document.Validate(schemas, (_, e) => Assert.Fail(e.Message));
        return document;
    }

    [Theory]
    [InlineData(FieldNaming.SnakeCase, "published_at")]
    [InlineData(FieldNaming.CamelCase, "publishedAt")]
    public void Is_valid_after_its_schema(FieldNaming naming, string publishedAt)
    {
        var article = Read(ArticleXml.Write(Articles.Full(), naming), naming).Root!;
        Assert.Equal("Zürich Airport reopens", article.Element("title")!.Value);
        Assert.Equal("2026-03-01T12:30:00.250Z", article.Element(publishedAt)!.Value);
        Assert.Equal("0.97", article.Element("topic")!.Element("score")!.Value);
        Assert.Equal("travel", article.Element("attributes")!.Elements().Single(a => a.Attribute("name")!.Value == "desk").Value);
        Read(ArticleXml.Write(Articles.Small()));
    }

    [Fact]
    public void Any_article_is_valid_and_on_one_line()
    {
        Gen.Int.Sample(seed =>
        {
            var xml = ArticleXml.Write(AvroCodec.DecodeDatum<Article>(new RandomDatum(new Random(seed)).Next(ArticleSchemas.Current)));
            Read(xml);
            return !xml.AsSpan().ContainsAny((byte)'\n', (byte)'\r');
        }, iter: 300);
    }

    [Fact]
    public void Text_comes_back_and_what_XML_cannot_hold_is_replaced()
    {
        var article = Articles.Small();
        article.Title = "a & <b> \"c\"\r\n\td\0e\ud800f\uffffg ]]> 🛫";
        article.Attributes["<\n>"] = "";
        var read = Read(ArticleXml.Write(article)).Root!;
        Assert.Equal("a & <b> \"c\"\r\n\td\ufffde\ufffdf\ufffdg ]]> 🛫", read.Element("title")!.Value);
        Assert.Equal("<\n>", read.Element("attributes")!.Element("attribute")!.Attribute("name")!.Value);
    }

    [Fact]
    public void Scores_that_are_no_numbers_are_spelled_as_XML_spells_them()
    {
        var article = Articles.Full();
        article.Topic!.Scores = new() { ["a"] = float.NaN, ["b"] = float.PositiveInfinity, ["c"] = float.NegativeInfinity };
        var scores = Read(ArticleXml.Write(article)).Root!.Element("topic")!.Element("scores")!.Elements().Select(s => s.Value);
        Assert.Equal(["NaN", "INF", "-INF"], scores);
    }
}
