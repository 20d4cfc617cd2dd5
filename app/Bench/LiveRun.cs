using Confluent.Kafka;
using StreamScoring.App.Commands;

namespace StreamScoring.App.Bench;

/// <summary>
/// A contestant that runs, with records sent to its first topic and read, committed ones only, from its last.
/// </summary>
internal sealed class LiveRun : IAsyncDisposable
{
    private const int Partitions = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan PauseOfCommit = TimeSpan.FromMilliseconds(20);

    private readonly BenchSession _session;
    private readonly Contestant _contestant;
    private readonly BenchBroker _broker;
    private readonly string[] _topics;
    private readonly IProducer<byte[], byte[]> _producer;
    private readonly IConsumer<byte[], byte[]> _consumer;
    private long _sent;
    private bool _isAhead;

    private LiveRun(BenchSession session, Contestant contestant, BenchBroker broker, string[] topics, ChildProgram program, double lingerMs)
    {
        (_session, _contestant, _broker, _topics, Program) = (session, contestant, broker, topics, program);
        _producer = BenchClients.Producer(broker.BootstrapServers, lingerMs);
        _consumer = BenchClients.Consumer(broker.BootstrapServers, topics[^1]);
    }

    /// <summary>The contestant's process.</summary>
    internal ChildProgram Program { get; }

    /// <summary>Address of the broker.</summary>
    internal string BootstrapServers => _broker.BootstrapServers;

    /// <summary>Topics of this run, input first.</summary>
    internal IReadOnlyList<string> Topics => _topics;

    /// <summary>Starts the contestant on new topics.</summary>
    /// <param name="session">The run.</param>
    /// <param name="contestant">What runs.</param>
    /// <param name="lingerMs">Milliseconds that records wait for company before they are sent; 0 where latency is measured.</param>
    internal static async Task<LiveRun> StartAsync(BenchSession session, Contestant contestant, double lingerMs = 0)
    {
        var broker = await session.BrokerAsync();
        var topics = session.Topics("live", contestant.Hops + 1);
        await broker.CreateTopicsAsync(topics, Partitions, session.Stopping);
        var program = await ChildProgram.StartAsync(
            contestant.Name, session.File(topics[^1] + ".log"), contestant.Command(broker.BootstrapServers, topics));
        return new LiveRun(session, contestant, broker, topics, program, lingerMs);
    }

    /// <summary>Sends a record.</summary>
    internal void Send(byte[] value) => BenchClients.Send(_producer, _topics[0], _sent++, value, _session.Stopping);

    /// <summary>Waits until so many records came out at the end.</summary>
    internal void Await(int count)
    {
        var heardAt = _session.Time.GetTimestamp();
        while (count > 0)
        {
            _session.Stopping.ThrowIfCancellationRequested();
            var result = _consumer.Consume(TimeSpan.FromMilliseconds(500));
            if (result is not null && !result.IsPartitionEOF)
            {
                count--;
                heardAt = _session.Time.GetTimestamp();
                continue;
            }
            Program.ThrowIfEnded();
            if (_session.Time.GetElapsedTime(heardAt) > Patience)
            {
                throw new CommandException($"{_contestant.Name} owes {count} records:\n{Program.Tail()}");
            }
        }
    }

    /// <summary>
    /// Waits until so many records came out, and on to the end of a commit: records that are committed together come together,
    /// and what is read for the first time after a pause is the next commit's. Where so many threads commit that there is no
    /// pause, a commit weighs little, and a quarter more records will do.
    /// </summary>
    /// <param name="count">Least number of records.</param>
    /// <param name="received">Called for each, that record included which comes after the pause and is counted next time.</param>
    /// <returns>How many came out since the last call returned.</returns>
    internal int AwaitCommit(int count, Action received)
    {
        var came = _isAhead ? 1 : 0;
        while (true)
        {
            var before = _session.Time.GetTimestamp();
            Await(1);
            received();
            _isAhead = came >= count && (_session.Time.GetElapsedTime(before) >= PauseOfCommit || came >= count + (count / 4));
            if (_isAhead) return came;
            came++;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _producer.Dispose();
        _consumer.Dispose();
        await Program.DisposeAsync();
        await _broker.DeleteTopicsAsync(_topics);
    }
}
