using System.Diagnostics;
using System.Globalization;
using StreamScoring.Schemas.Avro;
using StreamScoring.Schemas.Tests.Avro.Samples;

namespace StreamScoring.Schemas.Tests.Avro;

/// <summary>
/// Whatever comes over the wire ends in a value or a typed error, in memory bounded by the input. The inputs are the
/// same in every run; STREAMSCORING_FUZZ_SECONDS runs more of them.
/// </summary>
public sealed class AvroFuzzTests
{
    private const int MaxInputs = 1_000_000;

    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(
        double.TryParse(Environment.GetEnvironmentVariable("STREAMSCORING_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out var seconds) ? seconds : 1);

    [Fact]
    public void Mutated_articles() => Fuzz(ArticleCodec.Encode(Articles.Full(), ArticleFormat.Avro), bytes => ArticleCodec.Decode(bytes));

    [Fact]
    public void Mutated_json() => Fuzz(ArticleCodec.Encode(Articles.Full(), ArticleFormat.Json), bytes => ArticleCodec.Decode(bytes));

    [Fact]
    public void Mutated_data_of_every_type() => Fuzz(
        AvroCodec.EncodeDatum(new KitchenSink { Matrix = [[1], [2, 3]], Choice = KitchenSinkChoice.OfPoint(new()), WhenUs = DateTimeOffset.UnixEpoch }),
        bytes => AvroCodec.DecodeDatum<KitchenSink>(bytes));

    [Fact]
    public void Mutated_data_of_records_that_hold_themselves()
    {
        var tree = new Tree { Left = new(), Children = [new(), new() { Left = new() }], ByName = { ["a"] = TreeByNameValue.OfTree(new()) } };
        Fuzz(AvroCodec.EncodeDatum(tree), bytes => AvroCodec.DecodeDatum<Tree>(bytes));
    }

    [Fact]
    public void Mutated_data_of_another_writer()
    {
        var writer = AvroSchema.Parse("""
            {"type":"record","name":"Article","fields":[
              {"name":"body","type":["null","string"]},{"name":"extra","type":{"type":"map","values":["null","double"]}},
              {"name":"title","type":"string"},{"name":"id","type":"string"},{"name":"language","type":"string"}]}
            """);
        var decoder = new AvroDecoder<Article>(new AvroSchemaStore());
        Fuzz([2, 8, 66, 111, 100, 121, 2, 2, 107, 0, 0, 2, 84, 2, 49, 4, 101, 110], bytes => decoder.DecodeDatum(bytes, writer));
    }

    private static void Fuzz(byte[] seed, Action<byte[]> decode)
    {
        var random = new Random(20260301);
        var clock = Stopwatch.StartNew();
        var (values, errors) = (0, 0);
        for (var i = 0; i < MaxInputs && clock.Elapsed < Budget; i++)
        {
            var input = Mutate(seed, random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                decode(input);
                values++;
            }
            catch (CodecException)
            {
                errors++;
            }
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            // The first calls pay for what the runtime makes once.
            if (i > 100) Assert.True(allocated <= (2L * input.Length) + (64 << 10), $"input {i}: {allocated} bytes for {input.Length}");
        }
        TestContext.Current.SendDiagnosticMessage($"{values} values, {errors} errors");
        Assert.True(values > 0 && errors > 0, $"{values} values, {errors} errors: the mutations reach only one side");
    }

    private static byte[] Mutate(byte[] seed, Random random)
    {
        var input = seed.ToList();
        for (int i = 0, count = random.Next(1, 4); i < count; i++)
        {
            var at = random.Next(input.Count);
            switch (random.Next(6))
            {
                case 0:
                    input[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    input[at] = (byte)random.Next(256);
                    break;
                case 2:
                    input.RemoveRange(at, Math.Min(input.Count - at, random.Next(1, 9)));
                    break;
                case 3:
                    input.InsertRange(at, seed.Skip(random.Next(seed.Length)).Take(random.Next(1, 40)));
                    break;
                case 4:
                    input.RemoveRange(at, input.Count - at);
                    break;
                default:
                    // A length or a count of any size up to 2^63.
                    input.RemoveAt(at);
                    input.InsertRange(at, Varint(random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64)));
                    break;
            }
            if (input.Count == 0) input.Add((byte)random.Next(256));
        }
        return [.. input];
    }

    private static IEnumerable<byte> Varint(long value)
    {
        var rest = (ulong)((value << 1) ^ (value >> 63));
        for (; rest >= 0x80; rest >>= 7) yield return (byte)(rest | 0x80);
        yield return (byte)rest;
    }
}
