using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.Topology.Dsl;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka;
using StreamScoring.Topology.Serialization;

// crashing BOOTSTRAP STATE-FOLDER: copies "in" to "out"; what cannot be processed goes to "dlq". Values that name a way to
// die end the process that way.
var builder = new StreamsBuilder();
builder.Stream("in", Consumed.With(Serdes.ByteArray, Serdes.ByteArray))
    .MapValues(static value => Deadly.Meet(value))
    .To("out", Produced.With(Serdes.ByteArray, Serdes.ByteArray));
using var stream = new KafkaStream(
    builder.Build(),
    new KafkaStreamOptions
    {
        BootstrapServers = args[0],
        StateFolder = args[1],
        InstanceId = "crashing",
        // The embedded broker keeps no transactional offsets.
        Guarantee = ProcessingGuarantee.AtLeastOnce,
        CommitInterval = TimeSpan.FromMilliseconds(50),
        Properties = new Dictionary<string, string> { ["session.timeout.ms"] = "1000", ["heartbeat.interval.ms"] = "200" },
    },
    NullLoggerFactory.Instance, TimeProvider.System,
    new ExecutorOptions { DeadLetterTopic = "dlq" });
await stream.RunAsync(CancellationToken.None);

internal static partial class Deadly
{
    private const int SigKill = 9;

    internal static byte[] Meet(byte[] value)
    {
        switch (Encoding.UTF8.GetString(value))
        {
            // A bug in a native library.
            case "segmentation fault": _ = LengthOf(8); break;
            case "fail fast": Environment.FailFast("asked to"); break;
            case "stack overflow": Recurse(1); break;
            // The kernel's out-of-memory killer.
            case "out of memory": _ = Kill(Environment.ProcessId, SigKill); new ManualResetEventSlim().Wait(); break;
        }
        return value;
    }

    private static long Recurse(long depth) => depth + Recurse(depth + 1) + Recurse(depth + 2);

    [LibraryImport("libc", EntryPoint = "strlen")]
    private static partial nuint LengthOf(nint text);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}
