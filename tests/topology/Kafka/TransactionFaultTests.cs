using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.Topology.Kafka;
using StreamScoring.Topology.Kafka.Embedded;

namespace StreamScoring.Topology.Tests.Kafka;

/// <summary>
/// Errors that brokers answer in the middle of a stream: nothing is lost, and what comes twice was aborted or read again by a
/// member that was thrown out. The embedded broker shows readers aborted records too, and it keeps no offsets that come with a
/// transaction (librdkafka's rd_kafka_mock_handle_TxnOffsetCommit); that with a real one nothing comes twice is tested where
/// there is one.
/// </summary>
public sealed class TransactionFaultTests
{
    private const short Produce = 0;
    private const short OffsetFetch = 9;
    private const short JoinGroup = 11;
    private const short Heartbeat = 12;
    private const short InitProducerId = 22;
    private const short AddPartitionsToTxn = 24;
    private const short AddOffsetsToTxn = 25;
    private const short EndTxn = 26;
    private const short TxnOffsetCommit = 28;

    [Theory]
    [InlineData(TxnOffsetCommit, ErrorCode.IllegalGeneration)]
    [InlineData(TxnOffsetCommit, ErrorCode.UnknownMemberId)]
    [InlineData(TxnOffsetCommit, ErrorCode.RebalanceInProgress)]
    [InlineData(TxnOffsetCommit, ErrorCode.GroupLoadInProgress)]
    [InlineData(TxnOffsetCommit, ErrorCode.NotCoordinatorForGroup)]
    [InlineData(AddOffsetsToTxn, ErrorCode.ConcurrentTransactions)]
    [InlineData(AddPartitionsToTxn, ErrorCode.ConcurrentTransactions)]
    [InlineData(AddPartitionsToTxn, ErrorCode.InvalidProducerEpoch)]
    [InlineData(EndTxn, ErrorCode.ConcurrentTransactions)]
    [InlineData(EndTxn, ErrorCode.GroupCoordinatorNotAvailable)]
    [InlineData(EndTxn, ErrorCode.InvalidTxnState)]
    [InlineData(EndTxn, ErrorCode.InvalidProducerEpoch)]
    [InlineData(EndTxn, ErrorCode.ProducerFenced)]
    [InlineData(Produce, ErrorCode.NotLeaderForPartition)]
    [InlineData(Produce, ErrorCode.NotEnoughReplicas)]
    [InlineData(Produce, ErrorCode.OutOfOrderSequenceNumber)]
    [InlineData(Produce, ErrorCode.InvalidProducerEpoch)]
    [InlineData(Heartbeat, ErrorCode.UnknownMemberId)]
    [InlineData(Heartbeat, ErrorCode.IllegalGeneration)]
    public Task An_error_in_the_middle_loses_nothing(short apiKey, ErrorCode error) =>
        RunWithFault(kafka => kafka.PushRequestErrors(apiKey, error));

    // As after a restart of the group's coordinator, until the client's next heartbeat: more than would come by chance.
    [Fact]
    public Task A_commit_that_is_refused_again_and_again_is_repeated() =>
        RunWithFault(static kafka => kafka.PushRequestErrors(TxnOffsetCommit, [.. Enumerable.Repeat(ErrorCode.IllegalGeneration, 14)]));

    [Fact]
    public Task A_start_waits_for_the_transaction_coordinator() =>
        RunWithFault(static _ => { }, beforeStart: static kafka => kafka.PushRequestErrors(
            InitProducerId, ErrorCode.GroupCoordinatorNotAvailable, ErrorCode.GroupLoadInProgress));

    [Fact]
    public Task A_refused_join_is_tried_again() =>
        RunWithFault(static _ => { }, beforeStart: static kafka => kafka.PushRequestErrors(
            JoinGroup, ErrorCode.GroupCoordinatorNotAvailable, ErrorCode.NotCoordinatorForGroup));

    // Of the first two librdkafka does not ask again (its issue 5586): the partitions would never be read.
    [Theory]
    [InlineData(ErrorCode.NotCoordinatorForGroup)]
    [InlineData(ErrorCode.GroupCoordinatorNotAvailable)]
    [InlineData(ErrorCode.GroupLoadInProgress)]
    public Task Committed_offsets_that_a_coordinator_does_not_tell_are_asked_for_again(ErrorCode error) => RunWithFault(
        static _ => { },
        beforeStart: kafka => kafka.PushRequestErrors(OffsetFetch, error, error),
        // The embedded broker waits for a member that joins again until its session is over; a real one does not.
        properties: new Dictionary<string, string> { ["session.timeout.ms"] = "1500", ["heartbeat.interval.ms"] = "300" });

    [Fact]
    public Task A_broker_that_restarts_is_waited_for() =>
        RunWithFault(static kafka =>
        {
            kafka.StopBroker(1);
            kafka.RestartBroker(1);
        });

    // What clients see of a broker that goes: others lead its partitions, keep its group and its transactions.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task Leaders_and_coordinators_that_change_lose_nothing(bool movesCoordinators)
    {
        var leader = 1;
        return RunWithFault(
            kafka =>
            {
                leader = (leader % 3) + 1;
                for (var partition = 0; partition < 4; partition++)
                {
                    kafka.MoveLeader("in", partition, leader);
                    kafka.MoveLeader("out", partition, (leader % 3) + 1);
                }
                if (!movesCoordinators) return;
                kafka.MoveGroup("streamscoring", leader);
                kafka.MoveTransactions("streamscoring-one", (leader % 3) + 1);
            },
            brokers: 3, faults: 3);
    }

    private static async Task RunWithFault(
        Action<EmbeddedKafka> fault, Action<EmbeddedKafka>? beforeStart = null, int brokers = 1, int faults = 1,
        Dictionary<string, string>? properties = null)
    {
        const int count = 2_000;
        const int keys = 40;
        using var kafka = EmbeddedKafka.Start(new EmbeddedKafkaOptions { Brokers = brokers });
        kafka.CreateTopic("in", 4);
        kafka.CreateTopic("out", 4);
        Raw.Produce(kafka.BootstrapServers, "in", count / 2, keys);
        beforeStart?.Invoke(kafka);

        var batches = 0;
        using var executor = new CopyExecutor("in", "out")
        {
            BeforeBatch = _ =>
            {
                if (Interlocked.Increment(ref batches) is var batch && batch % 10 == 0 && batch <= 10 * faults) fault(kafka);
            },
        };
        using var stream = new KafkaStream(
            [executor],
            new KafkaStreamOptions
            {
                BootstrapServers = kafka.BootstrapServers, InstanceId = "one", CommitInterval = TimeSpan.FromMilliseconds(20),
                Properties = properties ?? [],
            },
            NullLoggerFactory.Instance, TimeProvider.System);
        var joined = 0;
        stream.StateChanged += state =>
        {
            if (state == KafkaStreamState.Running) Interlocked.Increment(ref joined);
        };
        using var stop = new CancellationTokenSource();
        var running = stream.RunAsync(stop.Token);
        Raw.Produce(kafka.BootstrapServers, "in", count / 2, keys, first: count / 2);
        var records = Raw.Consume(kafka.BootstrapServers, "out", count);
        await stop.CancelAsync();
        await running;

        if (stream.GetSnapshot().Aborts == 0 && joined == 1) Raw.AssertEachOnceInOrder(records, count, keys);
        else Raw.AssertEachInOrderAtLast(records, count, keys);
        Assert.True(batches > 10 * faults, "the fault came");
    }
}
