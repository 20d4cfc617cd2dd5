using System.Buffers;
using StreamScoring.Schemas;
using StreamScoring.Schemas.Avro;
using StreamScoring.Schemas.Benchmarks;

var article = SampleArticle.Create();
var avro = ArticleCodec.Encode(article, ArticleFormat.Avro);
var json = ArticleJson.Write(article);
var datum = AvroCodec.EncodeDatum(article);
var reused = new Article();
var output = new ArrayBufferWriter<byte>(16 << 10);
var reflection = new ReflectionAvroReader(ArticleSchemas.Current);

// The same record by every road, or the numbers compare nothing.
var back = AvroCodec.EncodeDatum(JsonContext.Read(JsonContext.Write(article)));
var reflected = AvroCodec.EncodeDatum(reflection.Read<Article>(datum));
if (!back.AsSpan().SequenceEqual(datum) || !reflected.AsSpan().SequenceEqual(datum)) throw new InvalidOperationException("The codecs disagree.");

var measure = new Measure();
measure.Add("encode", "Avro, to a new array", () => ArticleCodec.Encode(article, ArticleFormat.Avro));
measure.Add("encode", "Avro, to a buffer that is kept", () => { output.ResetWrittenCount(); ArticleCodec.Encode(article, ArticleFormat.Avro, output); });
measure.Add("encode", "JSON, ours, to a new array", () => ArticleJson.Write(article));
measure.Add("encode", "JSON, System.Text.Json source-generated", () => JsonContext.Write(article));
measure.Add("decode", "Avro, into a new record", () => ArticleCodec.Decode(avro));
measure.Add("decode", "Avro, into a reused record", () => AvroCodec.DecodeDatum(datum, reused));
measure.Add("decode", "Avro, by reflection", () => reflection.Read<Article>(datum));
measure.Add("decode", "(the record alone, copied by hand)", () => SampleArticle.Copy(article));
measure.Add("decode", "JSON, ours", () => ArticleJson.Read(json));
measure.Add("decode", "JSON, System.Text.Json source-generated", () => JsonContext.Read(json));
var measurements = measure.Run();

var report = new Report(measurements,
    $"One article as it leaves the last node: {article.Title.Length + article.Body.Length} characters of text, {article.Entities!.Count} entities; {avro.Length} bytes as Avro, {json.Length} as JSON.");
Console.Write(report.Text);
if (args is ["--save", var path]) File.WriteAllText(path, report.Text);
