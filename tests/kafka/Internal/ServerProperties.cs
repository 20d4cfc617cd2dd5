using System.Globalization;
using System.Text;

namespace StreamScoring.Testing.Internal;

/// <summary>server.properties of a KRaft node that is broker and controller, small and quick for tests.</summary>
internal static class ServerProperties
{
    internal static string Write(
        ClusterNode node, int advertisedPort, string dataFolder, IEnumerable<(string Name, string Protocol, int Port)> listeners,
        IReadOnlyDictionary<string, string> overrides)
    {
        var (binds, advertised, protocols) = (new StringBuilder(), new StringBuilder(), new StringBuilder());
        foreach (var (name, protocol, port) in listeners)
        {
            binds.Append(CultureInfo.InvariantCulture, $",{name}://127.0.0.1:{port}");
            advertised.Append(CultureInfo.InvariantCulture, $",{name}://127.0.0.1:{port}");
            protocols.Append(CultureInfo.InvariantCulture, $",{name}:{protocol}");
        }
        var replicas = Invariant($"{node.Voters.Count}");
        var inSync = Invariant($"{Math.Max(1, node.Voters.Count - 1)}");
        var properties = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["process.roles"] = "broker,controller",
            ["node.id"] = Invariant($"{node.Id}"),
            ["controller.quorum.voters"] = string.Join(',', node.Voters.Select((voter, i) => Invariant($"{i + 1}@127.0.0.1:{voter}"))),
            ["listeners"] = Invariant($"PLAINTEXT://127.0.0.1:{node.Port},CONTROLLER://127.0.0.1:{node.ControllerPort}{binds}"),
            ["advertised.listeners"] = Invariant($"PLAINTEXT://127.0.0.1:{advertisedPort}{advertised}"),
            ["inter.broker.listener.name"] = "PLAINTEXT",
            ["controller.listener.names"] = "CONTROLLER",
            ["listener.security.protocol.map"] = $"PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT{protocols}",
            ["log.dirs"] = dataFolder,
            ["num.partitions"] = "4",
            ["default.replication.factor"] = replicas,
            ["min.insync.replicas"] = inSync,
            ["offsets.topic.replication.factor"] = replicas,
            ["offsets.topic.num.partitions"] = "4",
            ["transaction.state.log.replication.factor"] = replicas,
            ["transaction.state.log.min.isr"] = inSync,
            ["transaction.state.log.num.partitions"] = "4",
            ["share.coordinator.state.topic.replication.factor"] = replicas,
            ["share.coordinator.state.topic.min.isr"] = inSync,
            ["group.initial.rebalance.delay.ms"] = "0",
            // Tests write records of years ago: thirty seconds after its start the broker would delete them.
            ["log.retention.ms"] = "-1",
            // A test that leaves a transaction open waits for its timeout, not for the sweep that comes after it.
            ["transaction.abort.timed.out.transaction.cleanup.interval.ms"] = "1000",
        };
        foreach (var (name, value) in overrides) properties[name] = value;

        var text = new StringBuilder();
        // A value of several lines, as a certificate is, goes on behind a backslash.
        foreach (var (name, value) in properties) text.Append(name).Append('=').Append(value.ReplaceLineEndings("\\n\\\n")).Append('\n');
        return text.ToString();
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
