using System.Collections.Concurrent;
using Confluent.Kafka;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka.Embedded;
using StreamScoring.Topology.Kafka.Internal;

namespace StreamScoring.Topology.Tests.Kafka;

/// <summary>What became of records that were sent straight with librdkafka.</summary>
public sealed class DeliveryReportsTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly BlockingCollection<Error> _clientErrors = [];
    private readonly BlockingCollection<(RecordBatch Batch, int Count, Error? Error)> _reports = [];

    [Fact]
    public void Each_record_is_reported_once_for_its_batch()
    {
        using var kafka = EmbeddedKafka.Start();
        kafka.CreateTopic("sent", 3);
        var (config, producer) = Producer(kafka.BootstrapServers);
        using var _ = producer;
        using var reports = Listen(producer);
        var sender = new MessageSender(producer.Handle);
        var pending = new Dictionary<RecordBatch, int>();
        for (var i = 0; i < 50; i++)
        {
            var batch = NewBatch();
            pending.Add(batch, 10 * i);
            // Records of several batches mixed in each partition.
            for (var record = 0; record < 10 * i; record++) Assert.Null(sender.Send(Record(partition: record % 3), batch.Ticket));
            Assert.Null(sender.Send(Record(partition: i % 3)));
        }
        Assert.Equal(0, producer.Flush(Limit));

        while (pending.Values.Any(static count => count > 0))
        {
            Assert.True(_reports.TryTake(out var report, Limit), "a report is missing");
            Assert.Null(report.Error);
            pending[report.Batch] -= report.Count;
        }
        Assert.All(pending.Values, static count => Assert.Equal(0, count));
        Assert.Empty(_reports);
        foreach (var batch in pending.Keys) DeliveryReports.Forget(batch.Ticket);
        Assert.Equal("false", config.Get("dotnet.producer.enable.delivery.reports"), ignoreCase: true);
    }

    [Fact]
    public void What_is_not_delivered_is_reported_with_the_reason_and_so_is_what_ails_the_client()
    {
        var kafka = EmbeddedKafka.Start();
        kafka.CreateTopic("sent", 1);
        var (_, producer) = Producer(kafka.BootstrapServers, static config => config.MessageTimeoutMs = 2_000);
        using var __ = producer;
        using var reports = Listen(producer);
        var batch = NewBatch();
        var sender = new MessageSender(producer.Handle);
        Assert.Null(sender.Send(Record(partition: 0), batch.Ticket));
        Assert.True(_reports.TryTake(out var first, Limit));
        Assert.Null(first.Error);

        kafka.Dispose();
        Assert.Null(sender.Send(Record(partition: 0), batch.Ticket));

        Assert.True(_reports.TryTake(out var second, Limit));
        Assert.Same(batch, second.Batch);
        Assert.Equal((1, ErrorCode.Local_MsgTimedOut), (second.Count, second.Error!.Code));
        Assert.True(_clientErrors.TryTake(out var ailment, Limit));
        Assert.True(ailment.Code is ErrorCode.Local_Transport or ErrorCode.Local_AllBrokersDown, ailment.ToString());
        DeliveryReports.Forget(batch.Ticket);
    }

    [Fact]
    public void The_end_does_not_wait_for_what_is_on_its_way()
    {
        using var kafka = EmbeddedKafka.Start();
        var (_, producer) = Producer(kafka.BootstrapServers);
        using var __ = producer;
        var batch = NewBatch();
        using (Listen(producer)) Assert.Null(new MessageSender(producer.Handle).Send(Record(partition: 0) with { Topic = "nowhere" }, batch.Ticket));
        Assert.Empty(_reports);
        DeliveryReports.Forget(batch.Ticket);
    }

    [Fact]
    public void Tokens_are_renewed()
    {
        using var set = new CountdownEvent(3);
        var (config, producer) = Producer("127.0.0.1:1", static config =>
        {
            config.SecurityProtocol = SecurityProtocol.SaslPlaintext;
            config.Set("sasl.mechanisms", "OAUTHBEARER");
            config.EnableSaslOauthbearerUnsecureJwt = true;
            config.SaslOauthbearerConfig = "principal=somebody lifeSeconds=2";
            config.Debug = "security";
        }, message =>
        {
            if (message.Message.Contains("setting OAUTHBEARER token", StringComparison.Ordinal) && !set.IsSet) set.Signal();
        });
        using var __ = producer;
        using var reports = Listen(producer);
        DeliveryReports.RenewTokens(config, producer.Handle);
        Assert.True(set.Wait(Limit, TestContext.Current.CancellationToken), $"{set.CurrentCount} tokens are missing");
    }

    private static ProducedRecord Record(int partition) => new("sent", partition, 1, null, [1], new RecordHeaders());

    private static RecordBatch NewBatch()
    {
        var batch = new RecordBatch(lane: null!);
        batch.Ticket = DeliveryReports.TicketFor(batch);
        return batch;
    }

    private static (ProducerConfig Config, IProducer<byte[]?, byte[]?> Producer) Producer(
        string bootstrapServers, Action<ProducerConfig>? change = null, Action<LogMessage>? log = null)
    {
        var config = new ProducerConfig { BootstrapServers = bootstrapServers, EnableIdempotence = true };
        change?.Invoke(config);
        DeliveryReports.Configure(config);
        return (config, new ProducerBuilder<byte[]?, byte[]?>(config).SetLogHandler((_, message) => log?.Invoke(message)).Build());
    }

    private DeliveryReports Listen(IProducer<byte[]?, byte[]?> producer) =>
        new(producer.Handle, (batch, count, error) => _reports.Add((batch, count, error)), _clientErrors.Add);
}
