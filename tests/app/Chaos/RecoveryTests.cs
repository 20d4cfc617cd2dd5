using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Processes;

namespace StreamScoring.App.Tests.Chaos;

/// <summary>How long people wait for records when one of two instances goes: no longer than the README says.</summary>
public sealed class RecoveryTests(ITestOutputHelper output)
{
    private const int Partitions = 4;
    private static readonly TimeSpan Session = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    [Theory]
    [Trait("Category", "Chaos")]
    [InlineData("exactly-once", ProcessSignal.Kill)]
    [InlineData("exactly-once", ProcessSignal.Terminate)]
    [InlineData("at-least-once", ProcessSignal.Kill)]
    [InlineData("at-least-once", ProcessSignal.Terminate)]
    public async Task Records_flow_again_when_one_of_two_instances_goes(string guarantee, ProcessSignal signal)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var broker = await KafkaHomeBroker.StartOrSkipAsync();
        var (group, input, result) = ("recovery", "recovery.in", "recovery.out");
        await broker.CreateTopicAsync(input, Partitions, cancellationToken);
        await broker.CreateTopicAsync(result, Partitions, cancellationToken);
        var config = Path.GetTempFileName();
        await File.WriteAllTextAsync(config, JsonSerializer.Serialize(new
        {
            Nodes = new[] { new { Name = "hop", Kind = "identity", Input = input, Output = result } },
        }), cancellationToken);
        string[] arguments = ["stream", "--bootstrap", broker.BootstrapServers, "--config", config, "--group", group, "--guarantee", guarantee, "--create-topics", "4"];
        await using var stays = ChildProcess.StartProgram(arguments);
        await using var goes = ChildProcess.StartProgram(arguments);
        await WaitUntilSharedAsync(broker.BootstrapServers, group, cancellationToken);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var feeding = Task.Run(() => Feed(broker.BootstrapServers, input, stop.Token), cancellationToken);
        using var reader = new ConsumerBuilder<Ignore, string>(new ConsumerConfig
        {
            BootstrapServers = broker.BootstrapServers, GroupId = "reader", IsolationLevel = IsolationLevel.ReadCommitted,
        }).Build();
        reader.Assign(Enumerable.Range(0, Partitions).Select(number => new TopicPartitionOffset(result, number, Offset.Beginning)));
        await Task.Run(() => AwaitEveryPartition(reader, Stopwatch.GetTimestamp(), cancellationToken), cancellationToken);

        // What it still did between the signal and its end does not count as flowing again.
        var signalled = Stopwatch.GetTimestamp();
        goes.Signal(signal);
        await goes.WaitForExitAsync(TimeSpan.FromSeconds(30), cancellationToken);
        var left = Stopwatch.GetTimestamp();
        await Task.Run(() => AwaitEveryPartition(reader, left, cancellationToken), cancellationToken);
        var waited = Stopwatch.GetElapsedTime(signalled);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{guarantee}, {signal}: every partition flows again after {waited.TotalSeconds:0.0} s"));
        await stop.CancelAsync();
        await feeding;
        File.Delete(config);
        Assert.InRange(waited, TimeSpan.Zero, signal == ProcessSignal.Kill ? Session + Grace : Grace);
    }

    /// <summary>A record into each partition twenty times a second; its value is the partition, and when it was sent.</summary>
    private static void Feed(string bootstrapServers, string topic, CancellationToken stop)
    {
        using var producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = bootstrapServers, LingerMs = 0 }).Build();
        while (!stop.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(50)))
        {
            for (var partition = 0; partition < Partitions; partition++)
            {
                var value = string.Create(CultureInfo.InvariantCulture, $"{partition} {Stopwatch.GetTimestamp()}");
                producer.Produce(new TopicPartition(topic, partition), new Message<Null, string> { Value = value });
            }
        }
        producer.Flush(TimeSpan.FromSeconds(10));
    }

    /// <summary>Until a record of each partition of the input came out that was sent after <paramref name="since"/>.</summary>
    private static void AwaitEveryPartition(IConsumer<Ignore, string> reader, long since, CancellationToken cancellationToken)
    {
        var missing = Enumerable.Range(0, Partitions).ToHashSet();
        while (missing.Count > 0)
        {
            var parts = reader.Consume(cancellationToken).Message.Value.Split(' ');
            if (long.Parse(parts[1], CultureInfo.InvariantCulture) > since) missing.Remove(int.Parse(parts[0], CultureInfo.InvariantCulture));
        }
    }

    private static async Task WaitUntilSharedAsync(string bootstrapServers, string group, CancellationToken cancellationToken)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrapServers }).Build();
        while (true)
        {
            try
            {
                var described = await admin.DescribeConsumerGroupsAsync([group]);
                var members = described.ConsumerGroupDescriptions[0].Members;
                if (members.Count == 2 && members.TrueForAll(static member => member.Assignment.TopicPartitions.Count == Partitions / 2)) return;
            }
            catch (KafkaException)
            {
                // No coordinator yet.
            }
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }
    }
}
