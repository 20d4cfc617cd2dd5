using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Articles;
using StreamScoring.App.Commands;
using StreamScoring.App.Configuration;
using StreamScoring.App.DeadLetters;
using StreamScoring.App.Hosting;
using StreamScoring.App.Kafka;
using StreamScoring.Topology;
using StreamScoring.Topology.DeadLetters;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.App.Replay;

/// <summary>Sends captured records through the nodes and takes down what becomes of each.</summary>
internal sealed class ReplayRunner(CommandContext context, CaptureFolder capture, RunPlan plan, RunBroker broker, WriterSchemas schemas, double? speed)
{
    /// <summary>Says in a record of a run which captured one it is: PARTITION:OFFSET.</summary>
    private const string RecordHeader = "streamscoring_replayed_record";

    private const int MaxRecords = 128;

    // What the embedded broker keeps of a partition has to hold a record's enriched forms too.
    private const long MaxBytesEmbedded = 1 << 20;
    private const long MaxBytesReal = 32 << 20;

    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    // They are about the answer that was given then.
    private static readonly HashSet<string> OfTheFirstAnswer = new(StringComparer.Ordinal)
    {
        "kafka_replyTopic", "kafka_replyPartition", "streamscoring_deadline", DeadLetterHeaders.Attempts,
    };

    private readonly string _topic = capture.Manifest.Topic;
    private long _answeredAt;

    /// <summary>Results written.</summary>
    internal long Answered { get; private set; }

    /// <summary>Records that a node could not process.</summary>
    internal long DeadLetters { get; private set; }

    /// <summary>From the first record to the last answer.</summary>
    internal TimeSpan Elapsed { get; private set; }

    /// <summary>Runs to the end of the capture.</summary>
    /// <exception cref="OperationCanceledException">Interrupted; what was written before is right.</exception>
    /// <exception cref="CommandException">A node cannot start, a schema is not known, or an answer does not come.</exception>
    internal async Task RunAsync(CaptureWriter results)
    {
        // 1. Topics of the run's own, and the nodes between them.
        var (options, time) = (Options(), context.Time);
        broker.Group = options.Kafka.GroupId;
        var deadLetterTopic = plan.Own(context.Options.DeadLetterTopic);
        using var serdes = new ArticleSerdes(schemas.Store, schemas, options.Codec, time);
        using var topology = TopologyFactory.Build(options, options.Nodes, serdes, context.Logs.CreateLogger("StreamScoring.Replay"), time);
        await broker.CreateTopicsAsync(
            TopicGraph.AllTopics(options.Nodes, deadLetterTopic, options.Fuse), capture.Manifest.PartitionCount);
        var clients = new KafkaClients(options.Kafka, broker.BootstrapServers, context.Logs);
        var window = new RunWindow(MaxRecords, broker.IsEmbedded ? MaxBytesEmbedded : MaxBytesReal, result =>
        {
            Answered++;
            if (result.Failures.Count > 0) DeadLetters++;
            results.Add(result.Partition, result.Offset, result.Write);
        });

        // 2. The stream, and what reads its ends.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.Stopping);
        using var stream = TopologyFactory.CreateStream(topology, TopologyFactory.StreamOptions(options.Kafka, broker.BootstrapServers), context.Logs, time);
        var finals = plan.FinalTopics(_topic);
        using var consumer = clients.Consumer("replay", PartitionAssigner.Config(fromEarliest: true)).Build();
        PartitionAssigner.Assign(
            consumer, finals.Select(plan.Own).Append(deadLetterTopic).Select(topic => KeyValuePair.Create(topic, capture.Manifest.PartitionCount)), fromEarliest: true);
        var streaming = stream.RunAsync(stop.Token);
        var startedAt = time.GetTimestamp();
        Volatile.Write(ref _answeredAt, startedAt);
        var reading = Task.Run(() => Collect(consumer, serdes, window, stop.Token), CancellationToken.None);

        // 3. Feed it; the first that fails ends all.
        var feeding = FeedAsync(clients, window, finals, stop.Token);
        try
        {
            var first = await Task.WhenAny(feeding, reading, streaming);
            await first;
            // Stopped, reader and stream end well.
            context.Stopping.ThrowIfCancellationRequested();
            if (first != feeding) throw new CommandException("The stream ended before all records were answered.");
            Elapsed = time.GetElapsedTime(startedAt, Volatile.Read(ref _answeredAt));
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(feeding, reading, streaming).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private AppOptions Options() => context.Options with
    {
        Nodes = plan.Nodes,
        DeadLetterTopic = plan.Own(context.Options.DeadLetterTopic),
        Kafka = context.Options.Kafka with
        {
            GroupId = plan.Own("streamscoring-run"),
            FromEarliest = true,
            // The embedded broker has no transactions that hold.
            ExactlyOnce = context.Options.Kafka.ExactlyOnce && !broker.IsEmbedded,
        },
    };

    private async Task FeedAsync(KafkaClients clients, RunWindow window, HashSet<string> finals, CancellationToken stop)
    {
        await Task.Yield();
        using var producer = clients.Producer("replay");
        Error? failure = null;
        var startedAt = context.Time.GetTimestamp();
        long? firstMs = null;
        foreach (var record in capture.ReadInOrderOfTime())
        {
            stop.ThrowIfCancellationRequested();
            if (schemas.Look(record.Value, record.Headers) is { } unknown)
            {
                throw new CommandException(
                    $"{_topic}-{record.Partition}@{record.Offset} was written with {unknown}, which is neither in the capture nor known here: it is newer than this program. Give it with --schema FILE.avsc, or configure SchemaRegistry:Url.");
            }
            firstMs ??= record.TimestampMs;
            if (speed is { } times)
            {
                var early = TimeSpan.FromMilliseconds((record.TimestampMs - firstMs.Value) / times) - context.Time.GetElapsedTime(startedAt);
                if (early > TimeSpan.FromMilliseconds(1)) await Task.Delay(early, context.Time, stop);
                // Silence of the original is no silence of the stream.
                Volatile.Write(ref _answeredAt, context.Time.GetTimestamp());
            }
            var size = (record.Value?.Length ?? 0) + (record.Key?.Length ?? 0) + 256L;
            await window.EnterAsync(record.Partition, record.Offset, size, finals, context.Time.GetTimestamp, stop);
            producer.Produce(new TopicPartition(plan.Own(_topic), record.Partition), Message(record), report =>
            {
                if (report.Error.IsError) failure ??= report.Error;
            });
            if (failure is not null) break;
        }
        while (failure is null && producer.Flush(TimeSpan.FromMilliseconds(200)) > 0) stop.ThrowIfCancellationRequested();
        if (failure is not null) throw new CommandException($"A captured record could not be sent: {failure.Reason}");
        while (window.Count > 0) await Task.Delay(Poll, context.Time, stop);
    }

    private static Message<byte[]?, byte[]?> Message(CapturedRecord record)
    {
        var headers = new Headers();
        foreach (var header in record.Headers)
        {
            if (!OfTheFirstAnswer.Contains(header.Key)) headers.Add(header.Key, header.Value);
        }
        headers.Add(RecordHeader, Encoding.ASCII.GetBytes(new LetterPosition(record.Partition, record.Offset).ToString()));
        return new Message<byte[]?, byte[]?>
        {
            Key = record.Key,
            Value = record.Value,
            Headers = headers,
            Timestamp = new Timestamp(Math.Max(0, record.TimestampMs), TimestampType.CreateTime),
        };
    }

    private void Collect(IConsumer<byte[]?, byte[]?> consumer, ArticleSerdes serdes, RunWindow window, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            ConsumeResult<byte[]?, byte[]?>? result;
            try
            {
                result = consumer.Consume(Poll);
            }
            catch (ConsumeException exception) when (!exception.Error.IsFatal)
            {
                // The client tries again by itself.
                result = null;
            }
            if (result is { IsPartitionEOF: false }) Take(result, serdes, window);
            if (window.Count > 0 && context.Time.GetElapsedTime(Volatile.Read(ref _answeredAt)) > Silence) throw NoAnswer(window);
        }
    }

    private void Take(ConsumeResult<byte[]?, byte[]?> result, ArticleSerdes serdes, RunWindow window)
    {
        if (!result.Message.Headers.TryGetLastBytes(RecordHeader, out var place) || !LetterPosition.TryParse(Encoding.ASCII.GetString(place), out var position)) return;
        Volatile.Write(ref _answeredAt, context.Time.GetTimestamp());
        var topic = plan.Original(result.Topic);
        if (topic == context.Options.DeadLetterTopic)
        {
            var says = new Letter(result).Says;
            // One failure takes back all that its input would have become.
            window.Answer(
                position.Partition, position.Offset, plan.FinalTopics(plan.Original(says.Topic ?? plan.Own(_topic))),
                done => done.Failures.Add(new RunFailure(says.Node ?? "", says.ExceptionType ?? "", says.Message ?? "")), LatencyUs);
            return;
        }
        var (article, _) = RecordCodec.Decode(serdes.Reader, result.Message.Value, result.Message.Headers);
        window.Answer(
            position.Partition, position.Offset, new HashSet<string>(StringComparer.Ordinal) { topic },
            done => done.Outputs[topic] = new RunOutput(article, article is null ? result.Message.Value : null), LatencyUs);
    }

    private long LatencyUs(long sentAt) => (long)context.Time.GetElapsedTime(sentAt).TotalMicroseconds;

    private CommandException NoAnswer(RunWindow window)
    {
        var oldest = window.Oldest is (var partition, var offset) ? string.Create(CultureInfo.InvariantCulture, $"{_topic}-{partition}@{offset}") : _topic;
        return new CommandException($"Nothing came out for {Silence.TotalSeconds:0} s; {window.Count} records wait, {oldest} among them. --log-level information shows what the nodes say.");
    }
}
