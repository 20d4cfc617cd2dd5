namespace StreamScoring.Testing.Internal;

/// <summary>The folder of an Apache Kafka distribution on this machine.</summary>
internal static class KafkaHome
{
    internal const string Variable = "KAFKA_HOME";

    internal static bool Find(out string home, out string why) => Find(null, out home, out why);

    /// <summary>The given folder, else the one that the environment names.</summary>
    internal static bool Find(string? given, out string home, out string why)
    {
        home = given ?? Environment.GetEnvironmentVariable(Variable) ?? "";
        why = "";
        if (home.Length == 0)
        {
            why = $"{Variable} is not set";
            return false;
        }

        home = Path.GetFullPath(home);
        if (File.Exists(Path.Combine(home, "bin", "kafka-server-start.sh"))) return true;
        throw new InvalidOperationException(
            $"{Variable} is {home}, where there is no bin/kafka-server-start.sh. Set it to the folder of an Apache Kafka distribution, or unset it.");
    }

    /// <summary>A JVM that starts fast; what the environment already says wins. Kafka's own logs go to a folder.</summary>
    internal static IReadOnlyDictionary<string, string?> JvmEnvironment(string logFolder) => new Dictionary<string, string?>
    {
        ["LOG_DIR"] = logFolder,
        ["KAFKA_HEAP_OPTS"] = Environment.GetEnvironmentVariable("KAFKA_HEAP_OPTS") ?? "-Xms128m -Xmx512m",
        ["KAFKA_JVM_PERFORMANCE_OPTS"] = Environment.GetEnvironmentVariable("KAFKA_JVM_PERFORMANCE_OPTS")
            ?? "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto",
    };
}
