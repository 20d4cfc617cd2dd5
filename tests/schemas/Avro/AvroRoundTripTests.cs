using System.Numerics;
using CsCheck;
using StreamScoring.Schemas.Avro;
using StreamScoring.Schemas.Tests.Avro.Samples;

namespace StreamScoring.Schemas.Tests.Avro;

public sealed class AvroRoundTripTests
{
    private static readonly Gen<Random> Randoms = Gen.Int.Select(seed => new Random(seed));

    [Fact]
    public void Any_article_is_written_as_it_was_read() => CheckRoundTrip<Article>();

    [Fact]
    public void Any_value_of_any_type_is_written_as_it_was_read() => CheckRoundTrip<KitchenSink>();

    [Fact]
    public void Records_that_hold_themselves_are_written_as_they_were_read() => CheckRoundTrip<Tree>();

    private static void CheckRoundTrip<T>()
        where T : class, IAvroRecord<T>, new()
    {
        var reused = new T();
        Randoms.Sample(random =>
        {
            var datum = new RandomDatum(random).Next(T.AvroSchema);
            var fresh = AvroCodec.EncodeDatum(AvroCodec.DecodeDatum<T>(datum));
            lock (reused)
            {
                // Whatever the record held before must not show.
                return datum.AsSpan().SequenceEqual(fresh)
                    && datum.AsSpan().SequenceEqual(AvroCodec.EncodeDatum(AvroCodec.DecodeDatum(datum, reused)));
            }
        }, iter: 2000);
    }

    [Fact]
    public void A_reused_record_keeps_its_parts_and_its_equal_strings()
    {
        var bytes = AvroCodec.EncodeDatum(Articles.Full());
        var article = AvroCodec.DecodeDatum<Article>(bytes);
        var (entity, label) = (article.Entities![0], article.Topic!.Label);
        AvroCodec.DecodeDatum(bytes, article);
        Assert.Same(entity, article.Entities[0]);
        Assert.Same(label, article.Topic.Label);
    }

    [Fact]
    public void Writing_to_a_kept_buffer_and_reading_what_did_not_change_make_no_garbage()
    {
        var article = Articles.Full();
        (article.Title, article.Body, article.Entities![0].Text) = (new string('t', 80), new string('b', 2000), "Zurich");
        var output = new System.Buffers.ArrayBufferWriter<byte>(8192);
        var bytes = AvroCodec.EncodeDatum(article);
        var reused = new Article();
        // The pool may drop a buffer at any collection, so that the best of several counts.
        var allocated = long.MaxValue;
        for (var i = 0; i < 20; i++)
        {
            output.ResetWrittenCount();
            var before = GC.GetAllocatedBytesForCurrentThread();
            AvroCodec.EncodeDatum(article, output);
            AvroCodec.DecodeDatum(bytes, reused);
            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Blocks_may_be_many_and_may_give_their_size()
    {
        // [1, 2], then [3] in a block of 1 byte, then the end.
        byte[] numbers = [4, 2, 4, 1, 2, 6, 0];
        var schema = AvroSchema.Parse("""{"type":"record","name":"R","fields":[{"name":"n","type":{"type":"array","items":"int"}}]}""");
        var reader = new AvroReader(numbers);
        reader.Skip(schema);
        Assert.Equal(0, reader.Remaining);
        var sink = AvroCodec.EncodeDatum(new KitchenSink { Numbers = [] });
        var at = Array.LastIndexOf(AvroCodec.EncodeDatum(new KitchenSink { Numbers = [99] }), (byte)198) - 1;
        byte[] spliced = [.. sink[..at], .. numbers, .. sink[(at + 1)..]];
        Assert.Equal([1, 2, 3], AvroCodec.DecodeDatum<KitchenSink>(spliced).Numbers);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 2)]
    [InlineData(-64, 127)]
    [InlineData(64, 128, 1)]
    [InlineData(long.MaxValue, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1)]
    [InlineData(long.MinValue, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1)]
    public void Longs_are_zigzag_of_variable_length(long value, params int[] bytes)
    {
        var writer = new AvroWriter([]);
        writer.WriteLong(value);
        var written = writer.Written.ToArray();
        writer.Dispose();
        Assert.Equal(bytes.Select(b => (byte)b), written);
        Assert.Equal(value, new AvroReader(written).ReadLong());
    }

    [Theory]
    [InlineData("0", "00")]
    [InlineData("-0.01", "FF")]
    [InlineData("1.27", "7F")]
    [InlineData("1.28", "0080")]
    [InlineData("-1.28", "80")]
    [InlineData("-1.29", "FF7F")]
    [InlineData("9999999999.99", "00E8D4A50FFF")]
    public void Decimals_take_the_fewest_bytes(string text, string hex)
    {
        var value = decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
        var writer = new AvroWriter([]);
        writer.WriteDecimal(value, 12, 2);
        var written = writer.Written.ToArray();
        writer.Dispose();
        Assert.Equal(hex, Convert.ToHexString(written.AsSpan(1)));
        Assert.Equal(value, new AvroReader(written).ReadDecimal(2));
        Assert.Equal(new AvroDecimal((BigInteger)(value * 100), 2), new AvroReader(written).ReadBigDecimal(2));
    }

    [Fact]
    public void What_a_logical_type_cannot_hold_is_an_error_with_its_field()
    {
        var tooFine = Assert.Throws<AvroException>(() => AvroCodec.EncodeDatum(new KitchenSink { Price = 0.001m }));
        Assert.Equal((AvroError.OutOfRange, "price"), (tooFine.Error, tooFine.FieldPath));
        var tooLarge = Assert.Throws<AvroException>(() => AvroCodec.EncodeDatum(new KitchenSink { FixedPrice = 1e14m }));
        Assert.Equal((AvroError.OutOfRange, "fixed_price"), (tooLarge.Error, tooLarge.FieldPath));
        var noSymbol = Assert.Throws<AvroException>(() => AvroCodec.EncodeDatum(new KitchenSink { Colour = (Colour)9 }));
        Assert.Equal((AvroError.OutOfRange, "colour"), (noSymbol.Error, noSymbol.FieldPath));
        var wrongSize = Assert.Throws<AvroException>(() => AvroCodec.EncodeDatum(new KitchenSink { Hash = [1] }));
        Assert.Equal((AvroError.OutOfRange, "hash"), (wrongSize.Error, wrongSize.FieldPath));
    }

    [Fact]
    public void A_record_that_holds_itself_is_an_error_not_a_stack_overflow()
    {
        var tree = new Tree();
        tree.Left = tree;
        Assert.Equal(AvroError.LimitExceeded, Assert.Throws<AvroException>(() => AvroCodec.EncodeDatum(tree)).Error);
    }

    [Fact]
    public void Data_nested_without_end_are_an_error_not_a_stack_overflow()
    {
        var datum = new byte[1_000_000];
        for (var i = 0; i < datum.Length; i += 2) datum[i + 1] = 2;
        var error = Assert.Throws<AvroException>(() => AvroCodec.DecodeDatum<Tree>(datum));
        Assert.Equal(AvroError.LimitExceeded, error.Error);
        Assert.StartsWith("left.left.left", error.FieldPath, StringComparison.Ordinal);
    }

    [Fact]
    public void Limits_are_the_callers()
    {
        var bytes = AvroCodec.EncodeDatum(Articles.Full());
        void Check(AvroLimits limits, string path)
        {
            var error = Assert.Throws<AvroException>(() => AvroCodec.DecodeDatum<Article>(bytes, limits: limits));
            Assert.Equal((AvroError.LimitExceeded, path), (error.Error, error.FieldPath));
        }
        Check(new AvroLimits { MaxStringBytes = 22 }, "title");
        Check(new AvroLimits { MaxItems = 1 }, "attributes");
        var nulls = AvroCodec.EncodeDatum(new KitchenSink { Nulls = [default, default] });
        Assert.Equal(2, AvroCodec.DecodeDatum<KitchenSink>(nulls).Nulls.Count);
        var error = Assert.Throws<AvroException>(
            () => AvroCodec.DecodeDatum<KitchenSink>(nulls, limits: new AvroLimits { MaxEmptyItems = 1 }));
        Assert.Equal((AvroError.LimitExceeded, "nulls"), (error.Error, error.FieldPath));
    }
}
