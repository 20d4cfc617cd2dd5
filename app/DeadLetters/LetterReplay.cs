using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using StreamScoring.App.Commands;
using StreamScoring.App.Kafka;
using StreamScoring.Topology;
using StreamScoring.Topology.DeadLetters;
using StreamScoring.Topology.Kafka.Internal;

namespace StreamScoring.App.DeadLetters;

/// <summary>
/// Sends dead letters into their topics again, in transactions that also note which letters they sent: whenever it ends,
/// each letter was replayed and noted, or neither. The one transactional id of a topic's replays fences a second one.
/// </summary>
internal sealed class LetterReplay : IDisposable
{
    private const int BatchLetters = 500;
    private const long BatchBytes = 4 << 20;
    private const int MaxTries = 3;

    // An answer was given to the client when the letter was written; its deadline was for that answer.
    private static readonly string[] OfTheFirstAnswer = ["kafka_replyTopic", "kafka_replyPartition", "streamscoring_deadline"];

    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    private readonly IProducer<byte[]?, byte[]?> _producer;
    private readonly LetterTopic _letters;
    private readonly ReplayTarget _targets;
    private readonly string _markers;
    private readonly List<(Letter Letter, string Topic)> _batch = [];
    private long _batchBytes;

    private LetterReplay(IProducer<byte[]?, byte[]?> producer, LetterTopic letters, ReplayTarget targets)
    {
        (_producer, _letters, _targets) = (producer, letters, targets);
        _markers = ReplayMarker.TopicOf(letters.Name);
    }

    /// <summary>Letters sent again and committed.</summary>
    internal long Replayed { get; private set; }

    /// <summary>
    /// Ends what an earlier replay of the same topic left open, and shuts out one that still runs. Only after it is what
    /// <see cref="LetterTopic.LoadReplayed"/> finds complete.
    /// </summary>
    /// <exception cref="CommandException">Kafka refuses.</exception>
    internal static async Task<LetterReplay> StartAsync(KafkaClients clients, LetterTopic letters, ReplayTarget targets, string groupId)
    {
        var markers = ReplayMarker.TopicOf(letters.Name);
        if (letters.HasAdmin && !letters.Topics.ContainsKey(markers)) await CreateMarkersAsync(clients, markers);
        var producer = clients.TransactionalProducer("dlq-replay", $"{groupId}-replay-{letters.Name}", createTopics: !letters.HasAdmin);
        try
        {
            await Task.Run(() => producer.InitTransactions(CallTimeout));
            return new LetterReplay(producer, letters, targets);
        }
        catch (KafkaException exception)
        {
            producer.Dispose();
            if (exception.Error.Code == ErrorCode.TransactionalIdAuthorizationFailed)
                throw new CommandException(AccessRefusal.ToUse(clients.BootstrapServers, $"{groupId}-replay-{letters.Name}"), exception);
            throw new CommandException($"A replay needs Kafka's transactions, and {clients.BootstrapServers} refuses them: {exception.Error.Reason}", exception);
        }
    }

    /// <summary>Takes a letter; commits where enough have gathered.</summary>
    internal void Add(Letter letter, string topic)
    {
        _batch.Add((letter, topic));
        _batchBytes += (letter.Value?.Length ?? 0) + (letter.Key?.Length ?? 0) + 1024;
        if (_batch.Count >= BatchLetters || _batchBytes >= BatchBytes) Commit();
    }

    /// <summary>Sends and commits what has gathered.</summary>
    /// <exception cref="CommandException">Kafka did not take it; what was committed before stays.</exception>
    internal void Commit()
    {
        for (var attempt = 1; _batch.Count > 0; attempt++)
        {
            try
            {
                _producer.BeginTransaction();
                foreach (var (letter, topic) in _batch) Send(topic, letter);
                foreach (var marker in Markers())
                {
                    _producer.Produce(_markers, new Message<byte[]?, byte[]?> { Key = marker.Key, Value = marker.ToBytes() });
                }
                Retrying(() => _producer.CommitTransaction(CallTimeout));
                Replayed += _batch.Count;
                _batch.Clear();
                _batchBytes = 0;
            }
            catch (KafkaException exception) when (!exception.Error.IsFatal)
            {
                Abort(exception);
                if (attempt >= MaxTries) throw Failure(exception);
            }
            catch (KafkaException exception)
            {
                throw Failure(exception);
            }
        }
    }

    public void Dispose() => _producer.Dispose();

    private void Send(string topic, Letter letter)
    {
        var headers = new Headers();
        foreach (var header in DeadLetterHeaders.Original(letter.Headers))
        {
            if (!OfTheFirstAnswer.Contains(header.Key)) headers.Add(header.Key, header.Value);
        }
        var attempts = letter.Says.ReplayAttempts + 1;
        headers.Add(DeadLetterHeaders.Attempts, Encoding.ASCII.GetBytes(attempts.ToString(CultureInfo.InvariantCulture)));
        var message = new Message<byte[]?, byte[]?> { Key = letter.Key, Value = letter.Value, Headers = headers };
        if (letter.Timestamp.Type == TimestampType.CreateTime) message.Timestamp = letter.Timestamp;
        var target = new TopicPartition(topic, _targets.PartitionOf(letter, topic) is { } partition ? new Partition(partition) : Partition.Any);
        while (true)
        {
            try
            {
                _producer.Produce(target, message);
                return;
            }
            catch (ProduceException<byte[]?, byte[]?> exception) when (exception.Error.Code == ErrorCode.Local_QueueFull)
            {
                _producer.Flush(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    private IEnumerable<ReplayMarker> Markers()
    {
        foreach (var partition in _batch.GroupBy(static entry => entry.Letter.Position.Partition))
        {
            var offsets = new OffsetRanges();
            foreach (var (letter, _) in partition) offsets.Add(letter.Position.Offset, letter.Position.Offset + 1);
            yield return new ReplayMarker(_letters.Id, partition.Key, offsets.Ranges);
        }
    }

    private void Abort(KafkaException cause)
    {
        try
        {
            Retrying(() => _producer.AbortTransaction(CallTimeout));
        }
        catch (KafkaException)
        {
            // The transaction ends by itself when its time is up, or when the next replay starts.
            throw Failure(cause);
        }
    }

    /// <summary>A call whose outcome is open after its timeout is made again: it then says how it ended.</summary>
    private static void Retrying(Action call)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                call();
                return;
            }
            catch (KafkaRetriableException) when (attempt < MaxTries)
            {
            }
        }
    }

    private CommandException Failure(KafkaException exception)
    {
        var fenced = exception.Error.Code is ErrorCode.Local_Fenced or ErrorCode.InvalidProducerEpoch or ErrorCode.ProducerFenced;
        var reason = fenced ? "another replay of this topic was started" : $"Kafka did not take them: {exception.Error.Reason}";
        if (exception.Error.Code == ErrorCode.TopicAuthorizationFailed)
            reason += $". This user needs Write on {string.Join(", ", _batch.Select(static entry => entry.Topic).Distinct())} and {_markers} (docs/security.md)";
        return new CommandException($"{Replayed:N0} dead letters were replayed, then {reason}. Start it again: it goes on where it stopped, no letter is replayed twice.", exception);
    }

    private static async Task CreateMarkersAsync(KafkaClients clients, string topic)
    {
        using var admin = clients.Admin();
        try
        {
            await admin.CreateTopicsAsync([new TopicSpecification
            {
                Name = topic,
                NumPartitions = 1,
                Configs = new Dictionary<string, string> { ["cleanup.policy"] = "compact" },
            }]);
        }
        catch (CreateTopicsException exception) when (exception.Results.All(static result => result.Error.Code is ErrorCode.TopicAlreadyExists))
        {
        }
        catch (CreateTopicsException exception)
        {
            throw new CommandException($"Topic {topic}, where replays are noted, could not be created: {exception.Results[0].Error.Reason}. Create it yourself, with cleanup.policy=compact.", exception);
        }
        catch (KafkaException exception)
        {
            throw new CommandException($"Topic {topic}, where replays are noted, could not be created: {exception.Error.Reason}", exception);
        }
    }
}
