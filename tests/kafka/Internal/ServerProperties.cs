using System.Globalization;
using System.Text;

namespace StreamScoring.Testing.Internal;

/// <summary>server.properties of one KRaft node that is broker and controller, small and quick for tests.</summary>
internal static class ServerProperties
{
    internal static string Write(
        int port, int advertisedPort, int controllerPort, string dataFolder, IReadOnlyDictionary<string, string> overrides)
    {
        var properties = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["process.roles"] = "broker,controller",
            ["node.id"] = "1",
            ["controller.quorum.voters"] = Invariant($"1@127.0.0.1:{controllerPort}"),
            ["listeners"] = Invariant($"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controllerPort}"),
            ["advertised.listeners"] = Invariant($"PLAINTEXT://127.0.0.1:{advertisedPort}"),
            ["controller.listener.names"] = "CONTROLLER",
            ["listener.security.protocol.map"] = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            ["log.dirs"] = dataFolder,
            ["num.partitions"] = "4",
            ["offsets.topic.replication.factor"] = "1",
            ["offsets.topic.num.partitions"] = "4",
            ["transaction.state.log.replication.factor"] = "1",
            ["transaction.state.log.min.isr"] = "1",
            ["transaction.state.log.num.partitions"] = "4",
            ["share.coordinator.state.topic.replication.factor"] = "1",
            ["share.coordinator.state.topic.min.isr"] = "1",
            ["group.initial.rebalance.delay.ms"] = "0",
            // A test that leaves a transaction open waits for its timeout, not for the sweep that comes after it.
            ["transaction.abort.timed.out.transaction.cleanup.interval.ms"] = "1000",
        };
        foreach (var (name, value) in overrides) properties[name] = value;

        var text = new StringBuilder();
        foreach (var (name, value) in properties) text.Append(name).Append('=').Append(value).Append('\n');
        return text.ToString();
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
