using Confluent.Kafka;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka.Replies;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// Stores a batch's offsets after the delivery reports of all its outputs, dead letters included, came back, and of all
/// batches before it. librdkafka's auto-commit sends the stored offsets. Steps T1 to T5 of ARCHITECTURE.md.
/// </summary>
internal sealed class AtLeastOnceCommitter : ICommitter
{
    private static readonly TimeSpan LoneFlush = TimeSpan.FromMilliseconds(10);

    private readonly KafkaStreamOptions _options;
    private readonly IConsumer<byte[]?, byte[]?> _consumer;
    private readonly PartitionOwnership _ownership;
    private readonly BatchPipeline _pipeline;
    private readonly OutputGuard _guard;
    private readonly TopicLimits _limits;
    private readonly LoopWatch _watch;
    private readonly KafkaClientLog _clientLog;
    private readonly TimeProvider _time;
    private readonly List<RecordBatch> _ready = [];
    private readonly Queue<RecordBatch> _sent = new();
    private readonly HashSet<string> _sentTo = new(StringComparer.Ordinal);
    private readonly AnswerFailures? _answerFailures;
    private IProducer<byte[]?, byte[]?>? _producer;
    private MessageSender? _sender;
    private DeliveryReports? _reports;
    private AnswerProducer? _answers;
    private volatile Error? _deliveryError;
    private long _commits;

    internal AtLeastOnceCommitter(
        KafkaStreamOptions options, IConsumer<byte[]?, byte[]?> consumer, PartitionOwnership ownership,
        BatchPipeline pipeline, OutputGuard guard, TopicLimits limits, LoopWatch watch, KafkaClientLog clientLog, TimeProvider time,
        AnswerFailures? answerFailures = null)
    {
        _time = time;
        _answerFailures = answerFailures;
        _options = options;
        _consumer = consumer;
        _ownership = ownership;
        _pipeline = pipeline;
        _guard = guard;
        _limits = limits;
        _watch = watch;
        _clientLog = clientLog;
    }

    public long Commits => Interlocked.Read(ref _commits);

    public long Aborts => 0;

    public Handle? Client => _producer?.Handle;

    public void Connect(CancellationToken stop)
    {
        var config = ClientConfigs.Producer(_options, transactionalId: null, _limits.Smallest);
        DeliveryReports.Configure(config);
        _producer = new ProducerBuilder<byte[]?, byte[]?>(config).SetLogHandler((_, message) => _clientLog.Log(message)).Build();
        DeliveryReports.RenewTokens(config, _producer.Handle);
        _sender = new MessageSender(_producer.Handle);
        _reports = new DeliveryReports(_producer.Handle, Reported, error => _clientLog.Error("producer", error));
        if (_answerFailures is not null) _answers = new AnswerProducer(_options, _answerFailures, _clientLog);
    }

    public void Run()
    {
        while (true)
        {
            _watch.ProducerTurns();
            // T1. What is scored, where everything read before it was sent; or the head of what was sent is delivered.
            _pipeline.Collect(_ready, TimeSpan.FromSeconds(1), hasUncommitted: false, IsHeadDelivered);
            var closed = _pipeline.IsClosed;
            // T2. Send.
            foreach (var batch in _ready) Send(batch);
            // T3. Nothing else is under way: what is sent need not wait for company.
            if (closed) Flush();
            else if (_ready.Count > 0 && _pipeline.HoldsNoMoreThan(_sent.Count) && !_ownership.HasBacklog) _producer!.Flush(LoneFlush);
            _ready.Clear();
            StoreDelivered();
            if (closed) return;
        }
    }

    public void Dispose()
    {
        _answers?.Dispose();
        _reports?.Dispose();
        foreach (var batch in _sent) Forget(batch);
        _producer?.Dispose();
    }

    private void Flush()
    {
        _producer!.Flush(_options.DrainTimeout);
        _answers?.Flush(_options.DrainTimeout);
    }

    private bool IsHeadDelivered() =>
        _deliveryError is not null || (_sent.TryPeek(out var head) && Volatile.Read(ref head.PendingDeliveries) == 0);

    private void Send(RecordBatch batch)
    {
        if (batch.Error is { } error)
        {
            Flush();
            StoreDelivered();
            throw error;
        }

        batch.Result = _guard.Admit(batch);
        batch.ForgetInputs();
        var outputs = batch.Result.Outputs;
        batch.PendingDeliveries = outputs.Count;
        if (_sent.Count == 0) _watch.ResultsWait(_time.GetTimestamp());
        _sent.Enqueue(batch);
        string? topic = null;
        foreach (var output in outputs)
        {
            if (output.IsAnswer)
            {
                _answers!.Produce(output, () => Delivered(batch, 1));
                continue;
            }
            if (!ReferenceEquals(output.Topic, topic)) _sentTo.Add(topic = output.Topic);
            if (batch.Ticket == 0) batch.Ticket = DeliveryReports.TicketFor(batch);
            Produce(output, batch.Ticket);
        }
        if (outputs.Count > 0) batch.ForgetOutputs();
    }

    private void Produce(ProducedRecord output, nint ticket)
    {
        while (_sender!.Send(output, ticket) is { } error)
        {
            if (error.Code != ErrorCode.Local_QueueFull) throw Undeliverable(error);
            _watch.ProducerTurns();
            _pipeline.WaitFor(static pipeline => pipeline.IsClosed, TimeSpan.FromMilliseconds(10));
        }
    }

    /// <summary>On the thread of the reports.</summary>
    private void Reported(RecordBatch batch, int count, Error? error)
    {
        if (error is null)
        {
            Delivered(batch, count);
            return;
        }
        _deliveryError ??= error;
        _pipeline.WakeProducer();
    }

    private void Delivered(RecordBatch batch, int count)
    {
        if (Interlocked.Add(ref batch.PendingDeliveries, -count) == 0) _pipeline.WakeProducer();
    }

    private static void Forget(RecordBatch batch)
    {
        if (batch.Ticket == 0) return;
        DeliveryReports.Forget(batch.Ticket);
        batch.Ticket = 0;
    }

    private void StoreDelivered()
    {
        while (_sent.TryPeek(out var head) && Volatile.Read(ref head.PendingDeliveries) == 0)
        {
            // T4. With the gate closed no partition comes or goes: offsets of those still owned.
            lock (_ownership.Gate)
            {
                foreach (var run in head.Runs)
                {
                    if (!run.Owner.IsLost) _consumer.StoreOffset(new TopicPartitionOffset(run.Owner.TopicPartition, run.LastOffset + 1));
                }
                _guard.CountCommitted(head);
            }
            // T5. Credits come back.
            _sent.Dequeue();
            Forget(head);
            if (_sent.Count == 0) _watch.ResultsTaken();
            else _watch.ResultsWait(_time.GetTimestamp());
            _pipeline.Release(head);
            Interlocked.Increment(ref _commits);
        }
        if (_deliveryError is { } error) throw Undeliverable(error);
    }

    private Exception Undeliverable(Error error)
    {
        var cause = new KafkaException(error);
        if (error.Code == ErrorCode.MsgSizeTooLarge)
        {
            return _limits.Read(_sentTo, CancellationToken.None)
                ? new TopicLimitException(TooLarge.Learnt(_sentTo, _limits))
                : new KafkaStreamException(TooLarge.Unknown(_sentTo), canRetry: false, cause);
        }
        if (AccessRefusal.MayBeToWrite(error.Code))
        {
            var refused = AccessRefusal.FindUnwritable(_options.BootstrapServers, _options.Properties, _sentTo);
            if (refused.Count > 0)
                return new KafkaStreamException(AccessRefusal.ToWrite(_options.BootstrapServers, refused), canRetry: false, cause);
        }
        return new KafkaStreamException(
            $"An output could not be delivered: {error.Reason} ({error.Code}). The offsets behind it were not committed; its " +
            "records are read again at the next start.", canRetry: !IsRefusal(error.Code), cause);
    }

    // Of the record or of what the topic is. Anything else passes: a broker whose disk has failed answers with an unknown error.
    private static bool IsRefusal(ErrorCode code) => code is
        ErrorCode.InvalidRecord or ErrorCode.InvalidTimestamp or ErrorCode.InvalidMsgSize or ErrorCode.InvalidRequiredAcks or
        ErrorCode.UnsupportedForMessageFormat or ErrorCode.UnsupportedCompressionType or ErrorCode.TopicException or
        ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed or ErrorCode.Local_UnknownTopic or
        ErrorCode.Local_UnknownPartition;
}
