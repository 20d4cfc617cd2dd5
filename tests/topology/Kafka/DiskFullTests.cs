using Microsoft.Extensions.Logging;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Internal;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.Topology.Tests.Kafka;

/// <summary>
/// A real broker whose disk is full in mid-run: it takes its log dir offline and, having no other, ends. The streams say that
/// nothing goes out, and go on when there is room again and the broker is back.
/// </summary>
[Trait("Category", "Chaos")]
public sealed class DiskFullTests
{
    private const int Count = 20_000;
    private const int Keys = 40;
    private const int Held = 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_full_disk_of_the_broker_loses_and_repeats_nothing()
    {
        using var disk = SmallDisk.MountOrSkip(64 << 20);
        await using var broker = await KafkaHomeBroker.StartOrSkipAsync(new KafkaHomeOptions
        {
            Properties = new Dictionary<string, string>
            {
                ["log.dirs"] = Path.Combine(disk.Folder, "data"),
                // A transaction that times out while its lone broker starts loses its markers, by the broker's own doing
                // (ARCHITECTURE, Faults): here it is left to the stream, which ends it once the broker answers.
                ["transaction.abort.timed.out.transaction.cleanup.interval.ms"] = "3600000",
            },
        });
        await broker.CreateTopicAsync("in", 4, Stop);
        await broker.CreateTopicAsync("out.ExactlyOnce", 4, Stop);
        await broker.CreateTopicAsync("out.AtLeastOnce", 4, Stop);
        Raw.Produce(broker.BootstrapServers, "in", Count, Keys);

        // 1. The disk is full when both streams are at work, with no commit half done: it would lose its markers too.
        await using var exactlyOnce = new Copy(broker, ProcessingGuarantee.ExactlyOnce);
        await using var atLeastOnce = new Copy(broker, ProcessingGuarantee.AtLeastOnce);
        await WaitForAsync(() => exactlyOnce.HasBegun && atLeastOnce.HasBegun, "at work");
        Assert.Equal(exactlyOnce.Passed, Raw.Consume(broker.BootstrapServers, exactlyOnce.Output, exactlyOnce.Passed, Limit).Count);
        disk.Fill();
        exactlyOnce.GoOn();
        atLeastOnce.GoOn();

        // 2. Both say so, and hold on to what they have; or at-least-once reads it again, where the broker's last answer was that
        // it does not take it.
        foreach (var copy in new[] { exactlyOnce, atLeastOnce })
        {
            await WaitForAsync(() => copy.Stream.GetHealth() is { IsLive: true, IsReady: false } health
                && (health.Reason.StartsWith("Kafka has taken no results for ", StringComparison.Ordinal) || copy.IsReplaced), $"{copy.Group} not ready", copy);
            await WaitForAsync(() => copy.IsReplaced
                || copy.Log.Any(static line => line.StartsWith("Warning Kafka has taken no results for ", StringComparison.Ordinal)), "told", copy);
        }
        Assert.False(exactlyOnce.IsReplaced);
        Assert.Contains(broker.Log, static line => line.Contains("all log dirs", StringComparison.Ordinal) && line.Contains("have failed", StringComparison.Ordinal));

        // 3. Room, and the broker comes back: they go on by themselves.
        disk.Free();
        await broker.KillAsync();
        await broker.StartAgainAsync(Stop);
        Raw.AssertEachOnceInOrder(Raw.Consume(broker.BootstrapServers, exactlyOnce.Output, Count, Limit), Count, Keys);
        Raw.AssertEachInOrderAtLast(Raw.Consume(broker.BootstrapServers, atLeastOnce.Output, Count, Limit), Count, Keys);
        foreach (var copy in new[] { exactlyOnce, atLeastOnce })
        {
            await WaitForAsync(() => copy.Stream.GetHealth().IsReady, $"{copy.Group} ready again", copy);
            await copy.StopAsync();
            Raw.AssertCommittedToTheEnd(broker.BootstrapServers, copy.Group, "in", Count);
        }
    }

    private static async Task WaitForAsync(Func<bool> condition, string what, Copy? copy = null)
    {
        var startedAt = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (copy?.Running.IsCompleted == true) await copy.Running;
            Assert.True(TimeProvider.System.GetElapsedTime(startedAt) < Limit, $"not {what} within {Limit}, {copy?.Stream.GetHealth()}:\n{string.Join('\n', copy?.Log.TakeLast(40) ?? [])}");
            await Task.Delay(50, Stop);
        }
    }

    /// <summary>A stream from in to a topic of its own, that waits in its 20th batch to be told to go on.</summary>
    private sealed class Copy : IAsyncDisposable
    {
        private readonly LogLines _lines = new();
        private readonly ILoggerFactory _logs;
        private readonly CancellationTokenSource _stop = new();
        private readonly ManualResetEventSlim _goOn = new();
        private int _batches;
        private int _passed;
        private int _passedBatches;

        internal Copy(KafkaHomeBroker broker, ProcessingGuarantee guarantee)
        {
            (Group, Output) = ($"full.{guarantee}", $"out.{guarantee}");
            _logs = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Information).AddProvider(_lines));
            var executor = new CopyExecutor("in", Output)
            {
                BeforeBatch = batch =>
                {
                    if (Interlocked.Increment(ref _batches) >= Held) _goOn.Wait(Limit);
                    Interlocked.Add(ref _passed, batch.Count);
                    Interlocked.Increment(ref _passedBatches);
                },
            };
            Stream = new KafkaStream(
                [executor],
                new KafkaStreamOptions
                {
                    BootstrapServers = broker.BootstrapServers, GroupId = Group, InstanceId = "one", Guarantee = guarantee,
                    CommitInterval = TimeSpan.FromMilliseconds(20),
                    UncaughtExceptionHandler = static error => error is KafkaStreamException { CanRetry: true }
                        ? UncaughtExceptionResponse.ReplaceThread
                        : UncaughtExceptionResponse.ShutdownClient,
                },
                _logs, TimeProvider.System);
            Running = Stream.RunAsync(_stop.Token);
        }

        internal string Group { get; }

        internal string Output { get; }

        internal KafkaStream Stream { get; }

        internal Task Running { get; }

        internal IEnumerable<string> Log => _lines.Lines;

        internal bool IsReplaced => Log.Any(line => line.StartsWith($"Error Stream {Group}: its worker failed and is replaced", StringComparison.Ordinal));

        /// <summary>The first batches are through, and those after them wait.</summary>
        internal bool HasBegun => Volatile.Read(ref _passedBatches) == Held - 1 && Volatile.Read(ref _batches) >= Held;

        /// <summary>Records of the batches that did not wait.</summary>
        internal int Passed => Volatile.Read(ref _passed);

        internal void GoOn() => _goOn.Set();

        internal async Task StopAsync()
        {
            await _stop.CancelAsync();
            await Running.WaitAsync(Limit, DiskFullTests.Stop);
        }

        public async ValueTask DisposeAsync()
        {
            GoOn();
            await _stop.CancelAsync();
            await ((Task)Running.ContinueWith(static _ => { }, TaskScheduler.Default)).WaitAsync(Limit);
            Stream.Dispose();
            _logs.Dispose();
            _stop.Dispose();
            _goOn.Dispose();
        }
    }
}
