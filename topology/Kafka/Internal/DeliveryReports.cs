using System.Globalization;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// Hears from librdkafka what became of the records that <see cref="MessageSender"/> queued: many at a time, on a thread of
/// its own, where Confluent.Kafka's producer has a callback, a handle and several objects for each record. The producer's
/// configuration must have gone through <see cref="Configure"/>; its errors come here then too, and not to its error handler.
/// </summary>
internal sealed unsafe class DeliveryReports : IDisposable
{
    private const int MaxMessages = 128;

    // RD_KAFKA_EVENT_DR and RD_KAFKA_EVENT_ERROR.
    private const int Deliveries = 0x1;
    private const int ClientError = 0x8;

    private readonly nint _client;
    private readonly nint _queue;
    private readonly Action<RecordBatch, int, Error?> _report;
    private readonly Action<Error> _clientError;
    private readonly Thread _thread;
    private volatile bool _isOver;

    /// <summary>Listens at once.</summary>
    /// <param name="producer">The producer. It must outlive this.</param>
    /// <param name="report">
    /// Called on the thread of the reports: so many records of a batch were delivered, or, with an error, were not. Must not throw.
    /// </param>
    /// <param name="clientError">Called on the same thread with what is wrong with the client or its brokers. Must not throw.</param>
    internal DeliveryReports(Handle producer, Action<RecordBatch, int, Error?> report, Action<Error> clientError)
    {
        (_report, _clientError) = (report, clientError);
        _client = Librdkafka.ClientOf(producer);
        _queue = Librdkafka.MainQueue(_client);
        _thread = new Thread(Listen) { IsBackground = true, Name = "streamscoring reports" };
        _thread.Start();
    }

    /// <summary>Makes a producer with this configuration report by events, which only this class reads.</summary>
    internal static void Configure(ProducerConfig config)
    {
        config.EnableDeliveryReports = false;
        config.EnableBackgroundPoll = false;
        config.Set("enabled_events", (Deliveries | ClientError).ToString(CultureInfo.InvariantCulture));
        if (UsesTokens(config)) config.Set("enable_sasl_queue", "true");
    }

    /// <summary>
    /// Lets librdkafka renew tokens of OAUTHBEARER in a thread of its own: else it is done where callbacks are, and there are none.
    /// </summary>
    internal static void RenewTokens(ProducerConfig config, Handle producer)
    {
        if (!UsesTokens(config)) return;
        var error = Librdkafka.RefreshTokensInBackground(Librdkafka.ClientOf(producer));
        if (error == 0) return;
        var reason = Librdkafka.ToText(Librdkafka.ReasonOf(error));
        Librdkafka.DestroyError(error);
        throw new InvalidOperationException($"librdkafka cannot renew tokens of OAUTHBEARER: {reason}");
    }

    /// <summary>What is to be given with each record of a batch, until <see cref="Forget"/>.</summary>
    internal static nint TicketFor(RecordBatch batch) => GCHandle<RecordBatch>.ToIntPtr(new GCHandle<RecordBatch>(batch));

    /// <summary>Once all reports of a batch have come, or the thread of the reports has ended.</summary>
    internal static void Forget(nint ticket) => GCHandle<RecordBatch>.FromIntPtr(ticket).Dispose();

    /// <summary>Ends the thread: what is not reported yet never is.</summary>
    public void Dispose()
    {
        _isOver = true;
        Librdkafka.Yield(_queue);
        _thread.Join();
        Librdkafka.DestroyQueue(_queue);
    }

    private static bool UsesTokens(ProducerConfig config) =>
        string.Equals(config.Get("sasl.mechanism") ?? config.Get("sasl.mechanisms"), "OAUTHBEARER", StringComparison.OrdinalIgnoreCase);

    private void Listen()
    {
        var messages = stackalloc NativeMessage*[MaxMessages];
        while (!_isOver)
        {
            // Without a timeout: no clock that is set back can prolong the wait.
            var @event = Librdkafka.PollEvent(_queue, timeoutMs: -1);
            if (@event == 0) continue;
            switch (Librdkafka.TypeOf(@event))
            {
                case Deliveries:
                    while (Librdkafka.TakeMessages(@event, messages, MaxMessages) is var count && count > 0) Report(messages, (int)count);
                    break;
                case ClientError:
                    var (code, reason) = ((ErrorCode)Librdkafka.EventError(@event), Librdkafka.ToText(Librdkafka.EventReason(@event)));
                    _clientError(new Error(code, reason, Librdkafka.IsEventFatal(@event) != 0));
                    break;
            }
            Librdkafka.DestroyEvent(@event);
        }
    }

    // Runs of one batch with one end are the rule.
    private void Report(NativeMessage** messages, int count)
    {
        for (var start = 0; start < count;)
        {
            var (ticket, code) = (messages[start]->Opaque, messages[start]->Error);
            var end = start + 1;
            while (end < count && messages[end]->Opaque == ticket && messages[end]->Error == code) end++;
            if (ticket != 0)
            {
                var error = code == 0 ? null : Librdkafka.ErrorOf(_client, (ErrorCode)code);
                _report(GCHandle<RecordBatch>.FromIntPtr(ticket).Target, end - start, error);
            }
            start = end;
        }
    }
}
