using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>How a transaction call ended.</summary>
internal enum TransactionOutcome
{
    /// <summary>Done.</summary>
    Done,

    /// <summary>The transaction was aborted; begin again and produce again.</summary>
    Aborted,

    /// <summary>
    /// The producer was replaced. Whether an ongoing commit took effect is open: the group's committed offsets tell.
    /// </summary>
    Replaced,
}

/// <summary>
/// A transactional producer that survives: retriable errors are retried, abortable ones end in an abort, fatal ones in
/// a new producer of the same transactional id (KIP-360, KIP-447). Used by one thread.
/// </summary>
internal sealed class TransactionalProducer : IDisposable
{
    private static readonly TimeSpan DisposeLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    // A call that times out is resumed by calling it again: between two slices a stop is heard, and the loop seen to turn.
    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PatienceAfterStop = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan CoordinatorPatience = TimeSpan.FromSeconds(5);
    private const int FencedLimit = 3;

    private readonly KafkaStreamOptions _options;
    private readonly ProducerConfig _config;
    private readonly ILogger _logger;
    private readonly KafkaClientLog _clientLog;
    private readonly BatchPipeline _pipeline;
    private readonly LoopWatch _watch;
    private readonly TimeProvider _time;
    private IProducer<byte[]?, byte[]?>? _producer;
    private MessageSender? _sender;
    private CancellationToken _stop;
    private int _fenced;
    private long _lastFenced;
    private long _aborts;

    internal TransactionalProducer(
        KafkaStreamOptions options, TopicLimits limits, string transactionalId, BatchPipeline pipeline, LoopWatch watch, ILogger logger,
        KafkaClientLog clientLog, TimeProvider time)
    {
        _options = options;
        _config = ClientConfigs.Producer(options, transactionalId, limits.Smallest);
        _pipeline = pipeline;
        _watch = watch;
        _logger = logger;
        _clientLog = clientLog;
        _time = time;
    }

    /// <summary>Creates the producer; ends what a predecessor of the same transactional id left open.</summary>
    /// <exception cref="KafkaStreamException">The brokers could not be reached or refuse the transactional id.</exception>
    /// <exception cref="OperationCanceledException">A stop came first.</exception>
    internal void Connect(CancellationToken stop)
    {
        _stop = stop;
        Connect();
    }

    private void Connect()
    {
        var started = _time.GetTimestamp();
        while (true)
        {
            ThrowIfStopped();
            _producer = new ProducerBuilder<byte[]?, byte[]?>(_config)
                .SetErrorHandler((_, error) => _clientLog.Error("producer", error))
                .SetLogHandler((_, message) => _clientLog.Log(message))
                .Build();
            _sender = new MessageSender(_producer.Handle);
            try
            {
                InitTransactions();
                return;
            }
            catch (KafkaException exception) when (
                _time.GetElapsedTime(started) < _options.DeliveryTimeout && !IsRefusal(exception.Error.Code))
            {
                var level = LevelOf(exception.Error.Code);
                KafkaLog.InitTransactionsRetried(_logger, level, _config.TransactionalId, exception.Error.Reason);
                DisposeProducer();
                _stop.WaitHandle.WaitOne(Slice);
            }
            catch (KafkaException exception)
            {
                DisposeProducer();
                if (exception.Error.Code == ErrorCode.TransactionalIdAuthorizationFailed)
                {
                    throw new KafkaStreamException(
                        AccessRefusal.ToUse(_options.BootstrapServers, _config.TransactionalId) +
                        " Or set Kafka:Guarantee to at-least-once, which needs none.", canRetry: false, exception);
                }
                throw new KafkaStreamException(
                    $"The transactional producer '{_config.TransactionalId}' could not start at " +
                    $"{_options.BootstrapServers}: {exception.Error.Reason}. Exactly-once needs a broker with a transaction " +
                    "coordinator; or set Kafka:Guarantee to at-least-once.",
                    !IsRefusal(exception.Error.Code), exception);
            }
        }
    }

    internal TransactionOutcome Begin() => Call(static (producer, _) => producer.BeginTransaction());

    /// <summary>Queues a record. Its delivery is part of the commit.</summary>
    internal TransactionOutcome Produce(ProducedRecord record)
    {
        while (_sender!.Send(record) is { } error)
        {
            if (error.Code != ErrorCode.Local_QueueFull) return Recover(new KafkaException(error));
            _watch.ProducerTurns();
            _producer!.Flush(TimeSpan.FromMilliseconds(100));
        }
        return TransactionOutcome.Done;
    }

    /// <summary>Queues an answer to a client: a topic that cannot be written costs the answer, not the transaction.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="report">Hears of its delivery.</param>
    /// <param name="refused">Why the producer did not even take it; null: it did, or the transaction failed.</param>
    internal TransactionOutcome ProduceAnswer(
        ProducedRecord answer, Action<DeliveryReport<byte[]?, byte[]?>> report, out Error? refused)
    {
        refused = null;
        while (true)
        {
            try
            {
                KafkaMessages.Produce(_producer!, answer, report);
                return TransactionOutcome.Done;
            }
            catch (ProduceException<byte[]?, byte[]?> exception) when (exception.Error.Code == ErrorCode.Local_QueueFull)
            {
                _producer!.Flush(TimeSpan.FromMilliseconds(100));
            }
            catch (ProduceException<byte[]?, byte[]?> exception) when (
                exception.Error.Code is ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition or ErrorCode.MsgSizeTooLarge)
            {
                refused = exception.Error;
                return TransactionOutcome.Done;
            }
            catch (KafkaException exception)
            {
                return Recover(exception);
            }
        }
    }

    internal TransactionOutcome SendOffsets(IEnumerable<TopicPartitionOffset> offsets, IConsumerGroupMetadata group)
    {
        var abandoned = false;
        var outcome = Call((producer, slice) =>
        {
            // On a thread of its own, as this call may not come back: librdkafka 2.15.1 remembers the group's coordinator, and
            // where that broker is gone it waits for it, whatever the timeout, though another broker is coordinator now.
            var call = Task.Run(() => producer.SendOffsetsToTransaction(offsets, group, slice));
            // Meanwhile what lingers goes out, instead of at the commit.
            KafkaMessages.SendNow(producer, slice);
            if (Returns(call))
            {
                call.GetAwaiter().GetResult();
                return;
            }
            abandoned = true;
            _ = call.ContinueWith(ended => Discard(ended, producer), TaskScheduler.Default);
        });
        if (!abandoned) return outcome;
        KafkaLog.ProducerReplaced(_logger, _config.TransactionalId, ErrorCode.Local_TimedOut, "the group's former coordinator does not answer");
        Interlocked.Increment(ref _aborts);
        // The successor's start ends the transaction.
        _producer = null;
        Connect();
        return TransactionOutcome.Replaced;
    }

    private bool Returns(Task call)
    {
        var started = _time.GetTimestamp();
        while (Task.WaitAny([call], Slice) < 0)
        {
            _watch.ProducerTurns();
            var patience = _stop.IsCancellationRequested ? PatienceAfterStop : CoordinatorPatience;
            if (_time.GetElapsedTime(started) > patience) return false;
        }
        return true;
    }

    /// <summary>What was given up has come back after all: its failure is of no interest, its producer is freed.</summary>
    private static void Discard(Task call, IProducer<byte[]?, byte[]?> producer)
    {
        _ = call.Exception;
        producer.Dispose();
    }

    internal TransactionOutcome Commit() => Call(static (producer, slice) => producer.CommitTransaction(slice));

    /// <summary>Aborts the open transaction.</summary>
    internal TransactionOutcome Abort()
    {
        Interlocked.Increment(ref _aborts);
        var outcome = Call(static (producer, slice) => producer.AbortTransaction(slice));
        return outcome == TransactionOutcome.Done ? TransactionOutcome.Aborted : outcome;
    }

    /// <summary>Gives the transaction up without a word to the broker; a successor's start or the timeout ends it.</summary>
    public void Dispose() => DisposeProducer();

    private void InitTransactions()
    {
        var started = _time.GetTimestamp();
        while (true)
        {
            ThrowIfStopped();
            try
            {
                _producer!.InitTransactions(Slice);
                return;
            }
            catch (KafkaRetriableException exception) when (
                exception.Error.Code == ErrorCode.Local_TimedOut && _time.GetElapsedTime(started) < CallTimeout)
            {
                _watch.ProducerTurns();
                _watch.ConsumerTurns();
            }
        }
    }

    private void ThrowIfStopped()
    {
        _stop.ThrowIfCancellationRequested();
    }

    private TransactionOutcome Call(Action<IProducer<byte[]?, byte[]?>, TimeSpan> call)
    {
        try
        {
            Repeat(call);
            return TransactionOutcome.Done;
        }
        catch (KafkaException exception)
        {
            return Recover(exception);
        }
    }

    /// <summary>Calls again what may be called again, up to <see cref="CallTimeout"/> or shortly after a stop.</summary>
    private void Repeat(Action<IProducer<byte[]?, byte[]?>, TimeSpan> call)
    {
        var started = _time.GetTimestamp();
        long? stoppedAt = null;
        while (true)
        {
            try
            {
                _watch.ProducerTurns();
                call(_producer!, Slice);
                return;
            }
            catch (KafkaRetriableException exception) when (_time.GetElapsedTime(started) < CallTimeout)
            {
                KafkaLog.TransactionCallRetried(_logger, exception.Error.Code, exception.Error.Reason);
                if (_stop.IsCancellationRequested) stoppedAt ??= _time.GetTimestamp();
                if (stoppedAt is { } since && _time.GetElapsedTime(since) > PatienceAfterStop)
                {
                    throw new OperationCanceledException("stopped while the broker did not answer", exception);
                }
                _pipeline.WaitFor(static pipeline => pipeline.IsClosed, TimeSpan.FromMilliseconds(100));
            }
        }
    }

    private TransactionOutcome Recover(KafkaException exception)
    {
        LastError = exception.Error;
        Interlocked.Increment(ref _aborts);
        if (!exception.Error.IsFatal)
        {
            try
            {
                KafkaLog.TransactionAborted(_logger, exception.Error.Code, exception.Error.Reason);
                Repeat(static (producer, slice) => producer.AbortTransaction(slice));
                return TransactionOutcome.Aborted;
            }
            catch (KafkaException abortException)
            {
                exception = abortException;
            }
        }

        KafkaLog.ProducerReplaced(_logger, _config.TransactionalId, exception.Error.Code, exception.Error.Reason);
        CheckFencing(exception);
        DisposeProducer();
        Connect();
        return TransactionOutcome.Replaced;
    }

    /// <summary>The living producer's.</summary>
    internal Handle? Client => Volatile.Read(ref _producer)?.Handle;

    /// <summary>Transactions that were aborted, or left to a successor to abort.</summary>
    internal long Aborts => Interlocked.Read(ref _aborts);

    /// <summary>The error behind the last abort or replacement.</summary>
    internal Error? LastError { get; private set; }

    private void CheckFencing(KafkaException exception)
    {
        if (exception.Error.Code is not (ErrorCode.Local_Fenced or ErrorCode.ProducerFenced or ErrorCode.InvalidProducerEpoch))
        {
            return;
        }
        // A pause longer than the transaction timeout fences once. Again and again means two living owners of the name.
        if (_time.GetElapsedTime(_lastFenced) > TimeSpan.FromMinutes(1)) _fenced = 0;
        _lastFenced = _time.GetTimestamp();
        if (++_fenced < FencedLimit) return;
        throw new KafkaStreamException(
            $"Another running instance uses the transactional id '{_config.TransactionalId}' too: each instance needs a " +
            "Kafka:InstanceId of its own.", canRetry: false, exception);
    }

    private static bool IsRefusal(ErrorCode code) => code is
        ErrorCode.TransactionalIdAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed or
        ErrorCode.SaslAuthenticationFailed or ErrorCode.Local_Authentication or ErrorCode.InvalidTransactionTimeout;

    // A broker that has just started has its coordinators to load: that is no trouble.
    private static LogLevel LevelOf(ErrorCode code) => code is
        ErrorCode.GroupLoadInProgress or ErrorCode.GroupCoordinatorNotAvailable or ErrorCode.NotCoordinatorForGroup
        ? LogLevel.Information
        : LogLevel.Warning;

    // Where the machine's clock was set back, the client's poller may wait until it is as late as before (librdkafka issue 2145,
    // see WallClockWatch), and nothing here wakes it: then it is freed when it wakes.
    private void DisposeProducer()
    {
        if (_producer is not { } producer) return;
        _producer = null;
        Task.Run(producer.Dispose).Wait(DisposeLimit);
    }
}
