using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.Testing.Brokers;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.Topology.Tests.Kafka;

/// <summary>
/// Exactly-once on a real broker, reached through a proxy that breaks things: readers with read_committed find each
/// record once, in order for each key, and the committed offsets cover the input.
/// </summary>
public sealed class ExactlyOnceTests(ExactlyOnceTests.ProxiedBroker kafka) : IClassFixture<ExactlyOnceTests.ProxiedBroker>
{
    private const short Produce = 0;
    private const short SyncGroup = 14;
    private const short InitProducerId = 22;
    private const short AddPartitionsToTxn = 24;
    private const short AddOffsetsToTxn = 25;
    private const short EndTxn = 26;
    private const short TxnOffsetCommit = 28;
    private const int Count = 4_000;
    private const int Keys = 40;

    [Theory]
    [InlineData(Produce)]
    [InlineData(AddPartitionsToTxn)]
    [InlineData(AddOffsetsToTxn)]
    [InlineData(TxnOffsetCommit)]
    [InlineData(EndTxn)]
    public Task A_request_cut_off_before_the_broker(short apiKey) => RunWithFault(proxy => proxy.CutBefore(apiKey));

    [Theory]
    [InlineData(Produce)]
    [InlineData(AddPartitionsToTxn)]
    [InlineData(AddOffsetsToTxn)]
    [InlineData(TxnOffsetCommit)]
    [InlineData(EndTxn)]
    public Task An_answer_that_is_lost(short apiKey) => RunWithFault(proxy => proxy.CutAfter(apiKey));

    [Fact]
    public Task A_start_whose_answers_are_lost() => RunWithFault(static _ => { }, static proxy =>
    {
        proxy.CutAfter(InitProducerId);
        proxy.CutAfter(SyncGroup);
    });

    // EndTxn's answer: throttle time, then the error. The broker did commit.
    [Theory]
    [InlineData(ErrorCode.InvalidTxnState)]
    [InlineData(ErrorCode.ProducerFenced)]
    [InlineData(ErrorCode.InvalidProducerEpoch)]
    public Task A_commit_that_took_effect_and_is_reported_as_failed(ErrorCode error) =>
        RunWithFault(proxy => proxy.Answer(EndTxn, errorOffset: 4, (short)error));

    [Fact]
    public Task All_connections_break() => RunWithFault(static proxy => proxy.CutAll());

    [Fact]
    public Task A_network_that_is_silent_for_a_while() => RunWithFault(proxy =>
    {
        proxy.Freeze();
        _ = Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken).ContinueWith(_ => proxy.Thaw(), TaskScheduler.Default);
    });

    [Fact]
    public async Task A_broker_that_is_killed_and_comes_back() => await RunWithFault(_ =>
        Task.Run(async () =>
        {
            await kafka.Broker!.KillAsync();
            await kafka.Broker.StartAgainAsync();
        }).GetAwaiter().GetResult(), countsFaults: false);

    [Fact]
    public async Task What_cannot_be_read_yet_holds_up_its_partition_alone()
    {
        await kafka.StartOrSkipAsync();
        var (input, output, group) = await kafka.NewTopicsAsync();
        await WaitingPartition.RunAsync(kafka.BootstrapServers, input, output, group, ProcessingGuarantee.ExactlyOnce);
        Raw.AssertCommittedToTheEnd(kafka.BootstrapServers, group, input, WaitingPartition.Count);
    }

    [Fact]
    public async Task Instances_that_come_and_go()
    {
        await kafka.StartOrSkipAsync();
        var (input, output, group) = await kafka.NewTopicsAsync();
        using var steadyStop = new CancellationTokenSource();
        using var steady = NewStream(input, output, group, null);
        var steadyRun = steady.RunAsync(steadyStop.Token);
        var produced = Task.Run(() =>
        {
            for (var i = 0; i < 10; i++) Raw.Produce(kafka.BootstrapServers, input, Count / 10, Keys, first: i * Count / 10);
        }, TestContext.Current.CancellationToken);

        for (var i = 0; i < 3; i++)
        {
            using var stop = new CancellationTokenSource();
            using var guest = NewStream(input, output, group, null);
            var running = new TaskCompletionSource();
            guest.StateChanged += state =>
            {
                if (state == KafkaStreamState.Running) running.TrySetResult();
            };
            var guestRun = guest.RunAsync(stop.Token);
            await running.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            await stop.CancelAsync();
            await guestRun;
        }
        await produced;
        await FinishAsync(steadyRun, steadyStop, input, output, group);
    }

    private async Task RunWithFault(
        Action<FaultProxy> fault, Action<FaultProxy>? beforeStart = null, bool countsFaults = true)
    {
        await kafka.StartOrSkipAsync();
        var (input, output, group) = await kafka.NewTopicsAsync();
        Raw.Produce(kafka.BootstrapServers, input, Count / 2, Keys);
        var happened = kafka.Proxy.Happened;
        beforeStart?.Invoke(kafka.Proxy);

        var batches = 0;
        using var stream = NewStream(input, output, group, () =>
        {
            if (Interlocked.Increment(ref batches) == 10) fault(kafka.Proxy);
        });
        using var stop = new CancellationTokenSource();
        var running = stream.RunAsync(stop.Token);
        // The second half comes when the fault is armed, so that transactions meet it.
        SpinWait.SpinUntil(() => Volatile.Read(ref batches) >= 10 || running.IsCompleted, TimeSpan.FromSeconds(30));
        Raw.Produce(kafka.DirectBootstrapServers, input, Count / 2, Keys, first: Count / 2);
        await FinishAsync(running, stop, input, output, group);
        if (countsFaults) Assert.True(kafka.Proxy.Happened > happened, "the fault happened");
    }

    private async Task FinishAsync(
        Task running, CancellationTokenSource stop, string input, string output, string group)
    {
        // 1. Wait until the group has committed everything, or the stream has failed.
        var consuming = Task.Run(() => Raw.Consume(kafka.DirectBootstrapServers, output, Count, TimeSpan.FromSeconds(90)));
        if (await Task.WhenAny(consuming, running) == running) await running;
        var records = await consuming;
        await stop.CancelAsync();
        await running;
        if (Raw.Missing(records, Count) is { Count: > 0 } missing)
        {
            Assert.Fail(Raw.Explain(kafka.DirectBootstrapServers, group, input, output, missing, Count));
        }
        // 2. What a reader sees, and what a successor would start from.
        Raw.AssertEachOnceInOrder(records, Count, Keys);
        Raw.AssertCommittedToTheEnd(kafka.DirectBootstrapServers, group, input, Count);
    }

    private KafkaStream NewStream(string input, string output, string group, Action? beforeBatch) => new(
        [new CopyExecutor(input, output) { BeforeBatch = _ => beforeBatch?.Invoke() }],
        new KafkaStreamOptions
        {
            BootstrapServers = kafka.BootstrapServers, GroupId = group, CommitInterval = TimeSpan.FromMilliseconds(20),
        },
        NullLoggerFactory.Instance, TimeProvider.System);

    /// <summary>A real broker whose clients are all sent through a proxy.</summary>
    public sealed class ProxiedBroker : IAsyncLifetime
    {
        private int _topics;

        internal FaultProxy Proxy { get; } = new();

        internal KafkaHomeBroker? Broker { get; private set; }

        internal string BootstrapServers => $"127.0.0.1:{Proxy.Port}";

        internal string DirectBootstrapServers => BootstrapServers;

        public ValueTask InitializeAsync() => ValueTask.CompletedTask;

        public async ValueTask DisposeAsync()
        {
            if (Broker is not null) await Broker.DisposeAsync();
            await Proxy.DisposeAsync();
        }

        internal async Task StartOrSkipAsync()
        {
            if (Broker is not null) return;
            Broker = await KafkaHomeBroker.StartOrSkipAsync(new KafkaHomeOptions { AdvertisedPort = Proxy.LeadTo });
        }

        internal async Task<(string Input, string Output, string Group)> NewTopicsAsync()
        {
            var number = Interlocked.Increment(ref _topics);
            await Broker!.CreateTopicAsync($"in{number}", 4);
            await Broker.CreateTopicAsync($"out{number}", 4);
            return ($"in{number}", $"out{number}", $"group{number}");
        }
    }
}
