using System.Text;
using StreamScoring.Topology.Kafka.Internal;

namespace StreamScoring.App.Kafka;

/// <summary>Asks librdkafka itself whether a property exists and takes a value, before any client is built.</summary>
internal static class LibrdkafkaProperties
{
    private const int Ok = 0;
    private const int UnknownName = -2;
    private static readonly Lock Guard = new();

    /// <summary>Null, or what librdkafka has against <paramref name="name"/> = <paramref name="value"/>; never shows the value.</summary>
    internal static string? Complaint(string name, string value)
    {
        // Confluent.Kafka's own settings for the .NET client, unknown to librdkafka.
        if (name.StartsWith("dotnet.", StringComparison.Ordinal)) return null;
        lock (Guard)
        {
            var configuration = Librdkafka.NewConfiguration();
            try
            {
                var error = new byte[512];
                var result = Librdkafka.SetConfiguration(configuration, name, value, error, (nuint)error.Length);
                if (result == Ok) return null;
                if (result == UnknownName) return "librdkafka has no such property";
                // Its texts quote the value, which may be a secret: only the reason before the quote goes out.
                return IsSecret(name)
                    ? "librdkafka does not take this value"
                    : $"librdkafka does not take this value: {ReadText(error)}";
            }
            finally
            {
                Librdkafka.DestroyConfiguration(configuration);
            }
        }
    }

    private static bool IsSecret(string name) =>
        name.Contains("password", StringComparison.OrdinalIgnoreCase) || name.Contains("secret", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("ssl.key", StringComparison.OrdinalIgnoreCase) || name is "sasl.oauthbearer.config" or "sasl.jaas.config";

    private static string ReadText(byte[] buffer)
    {
        var end = Array.IndexOf(buffer, (byte)0);
        return Encoding.UTF8.GetString(buffer, 0, end < 0 ? buffer.Length : end).TrimEnd('.');
    }
}
