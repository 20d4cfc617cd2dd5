using StreamScoring.Topology.Dsl;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Processing;
using StreamScoring.Topology.Serialization;

namespace StreamScoring.Topology.Tests.Execution;

/// <summary>The executor's own cost of a record: garbage made for each adds up to pauses at full speed.</summary>
public sealed class AllocationTests
{
    [Fact]
    public void A_record_costs_its_output_and_its_headers_and_nothing_for_each_operator()
    {
        var few = BytesPerRecord(s => s);
        var many = BytesPerRecord(s => s
            .Filter((_, value) => value.Length > 0).MapValues(value => value).FilterNot((_, value) => value.Length == 0)
            .Peek((_, _) => { }).SelectKey((key, _) => key).MapValues((_, value) => value));
        Assert.InRange(few, 1, 200);
        Assert.InRange(many, few - 5, few + 5);
    }

    [Fact]
    public void A_batch_operator_adds_only_the_headers_of_what_it_forwards()
    {
        var without = BytesPerRecord(s => s);
        var with = BytesPerRecord(s => s.ProcessBatch(new PassOn()));
        Assert.InRange(with, without, without + 50);
    }

    private static double BytesPerRecord(Func<IKStream<byte[], byte[]>, IKStream<byte[], byte[]>> define)
    {
        var builder = new StreamsBuilder();
        define(builder.Stream("in", Consumed.With(Serdes.ByteArray, Serdes.ByteArray)))
            .To("out", Produced.With(Serdes.ByteArray, Serdes.ByteArray));
        using var executor = builder.Build().CreateExecutors()[0];
        var batch = new ConsumedRecord[1000];
        for (var i = 0; i < batch.Length; i++)
            batch[i] = new ConsumedRecord("in", 0, i, i, [1], new byte[100], new RecordHeaders().Add("traceparent", "00-1"));

        for (var i = 0; i < 5; i++) executor.Execute(batch, CancellationToken.None);
        var before = GC.GetAllocatedBytesForCurrentThread();
        executor.Execute(batch, CancellationToken.None);
        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)batch.Length;
    }

    private sealed class PassOn : IBatchProcessor<byte[], byte[], byte[], byte[]>
    {
        public void Process(
            ReadOnlySpan<Record<byte[], byte[]>> batch, BatchOutput<byte[], byte[]> output, CancellationToken cancellationToken)
        {
            for (var i = 0; i < batch.Length; i++) output.Forward(i, batch[i]);
        }
    }
}
