using CsCheck;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka.Internal;

namespace StreamScoring.Topology.Tests.Kafka;

public sealed class OutputStoreTests
{
    private static readonly Gen<byte[]?> Bytes = Gen.Frequency(
        (1, Gen.Const((byte[]?)null)),
        (60, Gen.Byte.Array[0, 500].Select(static bytes => (byte[]?)bytes)),
        (1, Gen.Int[0, 1_500_000].Select(static length => (byte[]?)new byte[length])));

    private static readonly Gen<string> Name = Gen.OneOf(Gen.Const("articles"), Gen.String[1, 20]);

    private static readonly Gen<ProducedRecord> Record = Gen.Select(
        Name, Gen.Int[-1, 40], Gen.Long[-1, long.MaxValue], Bytes, Bytes, Gen.Select(Name, Bytes).Array[0, 4],
        static (topic, partition, timestampMs, key, value, headers) =>
        {
            var all = new RecordHeaders();
            foreach (var (name, bytes) in headers) all.Add(name, bytes);
            return new ProducedRecord(topic, partition < 0 ? null : partition, timestampMs, key, value, all);
        });

    [Fact]
    public void What_is_kept_is_read_back_in_one_transaction_after_another() =>
        Record.Array[0, 40].Array[0, 12].Array[1, 3].Sample(
            static transactions =>
            {
                var store = new OutputStore();
                foreach (var batches in transactions)
                {
                    var places = batches.Select(store.Add).ToArray();
                    // Again and in another order: an abort may come more than once.
                    for (var i = batches.Length - 1; i >= 0; i--)
                    {
                        Assert.Equal(batches[i].Select(Text), store.Read(places[i]).Select(Text));
                        Assert.Equal(batches[i].Select(Text), store.Read(places[i]).Select(Text));
                    }
                    store.Clear();
                    Assert.Equal(0, store.Bytes);
                }
            },
            iter: 60);

    [Fact]
    public void A_transaction_uses_the_arrays_of_the_one_before()
    {
        var store = new OutputStore();
        var outputs = new[] { new ProducedRecord("out", null, 1, null, new byte[600_000], new RecordHeaders().Add("id", "7")) };
        for (var i = 0; i < 4; i++) store.Add(outputs);
        store.Clear();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var transaction = 0; transaction < 10; transaction++)
        {
            for (var i = 0; i < 4; i++) store.Add(outputs);
            store.Clear();
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }

    private static string Text(ProducedRecord record) =>
        $"{record.Topic} {record.Partition} {record.TimestampMs} {Text(record.Key)} {Text(record.Value)} " +
        string.Join(' ', record.Headers.Select(static header => $"{header.Key}={Text(header.Value)}"));

    private static string Text(byte[]? bytes) => bytes is null ? "null" : bytes.Length > 500 ? $"{bytes.Length} bytes" : Convert.ToHexString(bytes);
}
