using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Processes;

namespace StreamScoring.App.Tests.Chaos;

/// <summary>
/// Runs the real program many times on a real Kafka, breaks things on a schedule made from a seed, and then counts, in
/// the manner of Kafka Streams' EOS system test: every record once, in order for each key, the poison ones and no others
/// among the dead letters, no transaction left open, the input committed to its end. The middle node scores with ONNX Runtime.
/// </summary>
internal sealed class Verifier(KafkaHomeBroker broker, VerifierOptions options) : IAsyncDisposable
{
    private const int Partitions = 4;
    private const int PieceOfInput = 100;
    // Of so many records one is no article and one has a text that the model fails on; a prime, so that every key has some.
    private const int PoisonPeriod = 499;

    private readonly Random _random = new(options.Seed);
    private readonly List<ChildProcess> _instances = [];
    private readonly List<Task> _thawing = [];
    private readonly List<string> _schedule = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly string _run = KafkaBrokerExtensions.NewName("chaos");
    private readonly string _folder = Directory.CreateTempSubdirectory("streamscoring-chaos-").FullName;
    // Held while a piece of the input is under way, and while the broker restarts: what the input holds is never in doubt.
    private readonly SemaphoreSlim _feeding = new(1);
    private int _kills;
    private int _started;

    internal async Task<VerifierReport> RunAsync(CancellationToken cancellationToken)
    {
        for (var hop = 0; hop <= options.Hops; hop++) await broker.CreateTopicAsync(Topic(hop), Partitions, cancellationToken);
        await broker.CreateTopicAsync(DeadLetterTopic, 1, cancellationToken);
        ChaosModel.Write(_folder);
        await File.WriteAllTextAsync(ConfigFile, Configuration(), cancellationToken);
        for (var i = 0; i < options.Instances; i++) StartInstance();

        var producing = Task.Run(() => ProduceAsync(cancellationToken), cancellationToken);
        var faults = 0;
        while (_clock.Elapsed < options.Duration)
        {
            if (producing.IsFaulted) await producing;
            await PauseAsync(options.MinPause, options.MaxPause, cancellationToken);
            if (_instances.Find(static instance => instance.HasExited) is { } ended) await RequireOrderlyEndAsync(ended, cancellationToken);
            await BreakSomethingAsync(cancellationToken);
            faults++;
        }

        await producing;
        await Task.WhenAll(_thawing);
        WaitUntilAllArrived(cancellationToken);
        foreach (var instance in _instances)
        {
            // One that was started a moment ago does not listen to signals before its first line.
            await instance.WaitForErrorAsync(static _ => true, TimeSpan.FromSeconds(60), cancellationToken);
            instance.Signal(ProcessSignal.Terminate);
        }
        foreach (var instance in _instances) await RequireOrderlyEndAsync(instance, cancellationToken);
        var report = Count(faults);
        if (!report.IsExact && options.Transcripts is { } folder)
        {
            // For kafka-dump-log.sh.
            using var copy = Process.Start("cp", ["-r", broker.DataFolder, Path.Combine(folder, _run + "-data")]);
            await copy.WaitForExitAsync(cancellationToken);
        }
        return report;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var instance in _instances) await instance.DisposeAsync();
        _feeding.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string ConfigFile => Path.Combine(_folder, "chaos.json");

    private string DeadLetterTopic => $"{_run}.dlq";

    private string Topic(int hop) => $"{_run}.{hop}";

    private int ScoringHop => options.Hops / 2;

    private static bool IsArticle(int number) => number % PoisonPeriod != 100;

    private static bool IsPoison(int number) => !IsArticle(number) || number % PoisonPeriod == 300;

    private static string Value(int number) => IsArticle(number)
        ? $$"""{"id":"{{number}}","body":"{{(IsPoison(number) ? ChaosModel.Deadly : ChaosModel.Harmless)}}"}"""
        : $"number {number} is no article";

    private string Configuration() => JsonSerializer.Serialize(new
    {
        Nodes = Enumerable.Range(0, options.Hops).Select(hop => new
        {
            Name = $"hop{hop}", Kind = hop == ScoringHop ? "text-classification" : "identity",
            Model = hop == ScoringHop ? ChaosModel.Name : null, Format = "json",
            Input = Topic(hop), Output = Topic(hop + 1),
        }),
        DeadLetterTopic = DeadLetterTopic,
        Models = new { Root = _folder, PlanCache = Path.Combine(_folder, "plans.json") },
    });

    private void StartInstance()
    {
        var instance = ChildProcess.StartProgram(
        [
            "stream", "--bootstrap", broker.BootstrapServers, "--config", ConfigFile, "--group", _run,
            "--guarantee", options.Guarantee,
        ], new ChildProcessOptions
        {
            RetainedLines = 2_000,
            Transcript = options.Transcripts is { } folder
                ? Path.Combine(Directory.CreateDirectory(folder).FullName, $"{_run}-{_started++}.log")
                : null,
        });
        lock (_instances) _instances.Add(instance);
    }

    private static async Task RequireOrderlyEndAsync(ChildProcess instance, CancellationToken cancellationToken)
    {
        var exitCode = await instance.WaitForExitAsync(TimeSpan.FromSeconds(60), cancellationToken);
        Assert.True(exitCode == 0, $"an instance ended with {exitCode}:\n{string.Join('\n', instance.Errors.TakeLast(30))}");
    }

    private async Task ProduceAsync(CancellationToken cancellationToken)
    {
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = broker.BootstrapServers, EnableIdempotence = true, LingerMs = 5, MessageTimeoutMs = 300_000,
            QueueBufferingMaxMessages = 1_000_000, Partitioner = Partitioner.Murmur2Random,
        }).SetErrorHandler((_, _) => { }).SetLogHandler((_, _) => { }).Build();
        Error? failure = null;
        for (var from = 0; from < options.Records; from += PieceOfInput)
        {
            // Spread over the run: a record is due at its share of the duration.
            var due = options.Duration * ((double)from / options.Records);
            if (due > _clock.Elapsed) await Task.Delay(due - _clock.Elapsed, cancellationToken);
            await _feeding.WaitAsync(cancellationToken);
            try
            {
                for (var i = from; i < Math.Min(from + PieceOfInput, options.Records); i++)
                {
                    var message = new Message<byte[], byte[]>
                    {
                        Key = Encoding.ASCII.GetBytes($"k{i % options.Keys}"),
                        Value = Encoding.ASCII.GetBytes(Value(i)),
                    };
                    producer.Produce(Topic(0), message, report =>
                    {
                        if (report.Error.IsError) failure ??= report.Error;
                    });
                }
                var left = producer.Flush(TimeSpan.FromSeconds(60));
                if (left > 0 || failure is not null)
                {
                    throw new InvalidOperationException($"The input could not be sent: {left} records of those from {from} on are under way; {failure}");
                }
            }
            finally
            {
                _feeding.Release();
            }
        }
    }

    private async Task BreakSomethingAsync(CancellationToken cancellationToken)
    {
        var index = _random.Next(_instances.Count);
        switch (_random.Next(options.LeavesInstances ? 19 : 0, options.RestartsBroker ? 20 : 19))
        {
            case < 9:
                Note($"kill -9 instance {index}");
                _instances[index].Signal(ProcessSignal.Kill);
                _kills++;
                await ReplaceAsync(index, cancellationToken);
                break;
            case < 13:
                Note($"SIGTERM instance {index}");
                _instances[index].Signal(ProcessSignal.Terminate);
                await ReplaceAsync(index, cancellationToken);
                break;
            case < 16:
                // Longer than the session timeout: it comes back as a zombie that still believes to own its partitions.
                Note($"SIGSTOP instance {index} for 12 s");
                _instances[index].Signal(ProcessSignal.Stop);
                _thawing.Add(ThawAsync(_instances[index]));
                break;
            case < 18:
                Note("scale out");
                if (_instances.Count < options.Instances + 2) StartInstance();
                break;
            case < 19:
                Note("scale in");
                if (_instances.Count > 1)
                {
                    _instances[^1].Signal(ProcessSignal.Terminate);
                    await RemoveAsync(_instances.Count - 1, cancellationToken);
                }
                break;
            default:
                // Orderly: a lone broker that is killed between a transaction's PrepareCommit and its markers comes back
                // (4.3.1) with the transaction complete and no marker written, seen in its logs. No client can mend that.
                Note("restart the broker");
                await _feeding.WaitAsync(cancellationToken);
                await broker.StopAsync();
                await broker.StartAgainAsync(cancellationToken);
                _feeding.Release();
                break;
        }
    }

    private async Task ReplaceAsync(int index, CancellationToken cancellationToken)
    {
        await RemoveAsync(index, cancellationToken);
        await PauseAsync(TimeSpan.Zero, TimeSpan.FromSeconds(1), cancellationToken);
        StartInstance();
    }

    private async Task RemoveAsync(int index, CancellationToken cancellationToken)
    {
        var instance = _instances[index];
        instance.Signal(ProcessSignal.Continue);
        await instance.WaitForExitAsync(TimeSpan.FromSeconds(90), cancellationToken);
        lock (_instances) _instances.RemoveAt(index);
        await instance.DisposeAsync();
    }

    private async Task ThawAsync(ChildProcess instance)
    {
        await Task.Delay(TimeSpan.FromSeconds(12));
        lock (_instances)
        {
            if (_instances.Contains(instance)) instance.Signal(ProcessSignal.Continue);
        }
    }

    private Task PauseAsync(TimeSpan from, TimeSpan to, CancellationToken cancellationToken) =>
        Task.Delay(from + ((to - from) * _random.NextDouble()), cancellationToken);

    private void Note(string action) =>
        _schedule.Add(string.Create(
            CultureInfo.InvariantCulture,
            $"  {_clock.Elapsed.TotalSeconds,7:0.0} s  {TimeProvider.System.GetUtcNow():HH:mm:ss.fff}  {action}"));

    private void WaitUntilAllArrived(CancellationToken cancellationToken)
    {
        var seen = new bool[options.Records];
        var missing = options.Records;
        using var reader = Reader();
        reader.Assign(AllPartitions(options.Hops, Offset.Beginning).Append(DeadLetters));
        var waited = Stopwatch.StartNew();
        while (missing > 0 && waited.Elapsed < TimeSpan.FromMinutes(3))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (reader.Consume(TimeSpan.FromMilliseconds(200)) is not { IsPartitionEOF: false } record) continue;
            var number = Number(record);
            if (!seen[number]) missing--;
            seen[number] = true;
            waited.Restart();
        }
    }

    private VerifierReport Count(int faults)
    {
        var times = new int[options.Records];
        var last = new int[options.Keys];
        Array.Fill(last, -1);
        var (read, outOfOrder) = (0L, 0);
        ReadToEnd(AllPartitions(options.Hops, Offset.Beginning), record =>
        {
            var number = Number(record);
            read++;
            if (times[number]++ == 0)
            {
                if (number < last[number % options.Keys]) outOfOrder++;
                last[number % options.Keys] = number;
            }
        });

        var letters = new int[options.Records];
        ReadToEnd([DeadLetters], record => letters[Number(record)]++);

        var numbers = Enumerable.Range(0, options.Records);
        var wrong = numbers.Where(number => IsPoison(number) ? times[number] > 0 || letters[number] == 0 : letters[number] > 0).ToList();
        var repeated = numbers.Count(number => times[number] > 1 || letters[number] > 1);
        var lost = numbers.Count(number => times[number] + letters[number] == 0);
        var uncommitted = Enumerable.Range(0, options.Hops).Sum(CountUncommitted);
        return new VerifierReport
        {
            Seed = options.Seed, Records = options.Records, Faults = faults, Kills = _kills, Poison = numbers.Count(IsPoison), Read = read,
            Lost = lost,
            Repeated = repeated, OutOfOrder = outOfOrder, WrongDeadLetters = wrong.Count,
            OpenTransactions = CountOpenTransactions(), Uncommitted = uncommitted,
            Details =
            [
                .. repeated > 0 ? Enumerable.Range(0, options.Hops + 1).Select(FindRepeats) : [],
                .. wrong.Take(20).Select(number => $"  {(IsPoison(number) ? "poison" : "article")} {number}: came out {times[number]} times, {letters[number]} dead letters"),
                // Lost, or never processed: what stood still says why at its beginning or at its end.
                .. lost == 0 ? [] : _instances.SelectMany(static instance => instance.Errors.Take(30).Concat(instance.Errors.Skip(30).TakeLast(40)), static (_, line) => "  | " + line),
            ],
            Schedule = _schedule,
        };
    }

    /// <summary>Where records came twice: the first hop that has some is the one that went wrong.</summary>
    private string FindRepeats(int hop)
    {
        const int shown = 12;
        var first = new TopicPartitionOffset?[options.Records];
        var (count, places) = (0, new List<string>());
        ReadToEnd(AllPartitions(hop, Offset.Beginning), record =>
        {
            var number = Number(record);
            if (first[number] is { } before)
            {
                if (count++ % 32 == 0 && places.Count < shown) places.Add($"{number}@{before.Partition.Value}-{before.Offset.Value} and @{record.Offset.Value} of {record.Message.Timestamp.UtcDateTime:HH:mm:ss.fff}");
            }
            else
            {
                first[number] = record.TopicPartitionOffset;
            }
        });
        return $"  hop {hop}: {count} repeated: {string.Join(", ", places)}";
    }

    // The last stable offset stays behind the high watermark as long as a transaction is open.
    private int CountOpenTransactions()
    {
        using var committed = Reader();
        using var uncommitted = Reader(IsolationLevel.ReadUncommitted);
        return Enumerable.Range(0, options.Hops + 1).SelectMany(hop => AllPartitions(hop, Offset.Beginning)).Append(DeadLetters).Count(entry =>
            committed.QueryWatermarkOffsets(entry.TopicPartition, TimeSpan.FromSeconds(30)).High <
            uncommitted.QueryWatermarkOffsets(entry.TopicPartition, TimeSpan.FromSeconds(30)).High);
    }

    // A partition whose committed offset is not behind its last record.
    private int CountUncommitted(int hop)
    {
        var ends = new Dictionary<int, long>();
        ReadToEnd(AllPartitions(hop, Offset.Beginning), record => ends[record.Partition.Value] = record.Offset.Value + 1);
        using var group = Reader(group: _run);
        var committed = group.Committed(
            AllPartitions(hop, Offset.Beginning).Select(entry => entry.TopicPartition), TimeSpan.FromSeconds(30));
        return committed.Count(entry => ends.TryGetValue(entry.Partition.Value, out var end) && entry.Offset.Value != end);
    }

    private void ReadToEnd(IEnumerable<TopicPartitionOffset> partitions, Action<ConsumeResult<byte[], byte[]>> look)
    {
        using var reader = Reader();
        reader.Assign(partitions);
        var open = partitions.Select(entry => entry.TopicPartition).ToHashSet();
        var waited = Stopwatch.StartNew();
        while (open.Count > 0)
        {
            Assert.True(waited.Elapsed < TimeSpan.FromMinutes(5), $"the end of {string.Join(", ", open)} was not reached");
            var record = reader.Consume(TimeSpan.FromMilliseconds(500));
            if (record is null) continue;
            if (record.IsPartitionEOF) open.Remove(record.TopicPartition);
            else look(record);
        }
    }

    private TopicPartitionOffset DeadLetters => new(DeadLetterTopic, 0, Offset.Beginning);

    private IEnumerable<TopicPartitionOffset> AllPartitions(int hop, Offset offset) =>
        Enumerable.Range(0, Partitions).Select(number => new TopicPartitionOffset(Topic(hop), number, offset));

    private IConsumer<byte[], byte[]> Reader(
        IsolationLevel isolation = IsolationLevel.ReadCommitted, string group = "chaos-reader") =>
        new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = broker.BootstrapServers, GroupId = group, EnableAutoCommit = false,
            EnablePartitionEof = true, IsolationLevel = isolation,
        }).SetErrorHandler((_, _) => { }).SetLogHandler((_, _) => { }).Build();

    // The first number in a value, whether it is an article (its id) or not.
    private static int Number(ConsumeResult<byte[], byte[]> record)
    {
        var value = record.Message.Value.AsSpan();
        value = value[value.IndexOfAnyInRange((byte)'0', (byte)'9')..];
        var length = value.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return int.Parse(value[..length], CultureInfo.InvariantCulture);
    }
}
