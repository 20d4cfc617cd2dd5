using System.Runtime.InteropServices;
using System.Text;

namespace StreamScoring.App.Kafka;

/// <summary>Asks librdkafka itself whether a property exists and takes a value, before any client is built.</summary>
internal static partial class LibrdkafkaProperties
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
            Confluent.Kafka.Library.Load();
            var configuration = NewConfiguration();
            try
            {
                var error = new byte[512];
                var result = Set(configuration, name, value, error, (nuint)error.Length);
                if (result == Ok) return null;
                if (result == UnknownName) return "librdkafka has no such property";
                // Its texts quote the value, which may be a secret: only the reason before the quote goes out.
                return IsSecret(name)
                    ? "librdkafka does not take this value"
                    : $"librdkafka does not take this value: {ReadText(error)}";
            }
            finally
            {
                DestroyConfiguration(configuration);
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

    [LibraryImport("librdkafka", EntryPoint = "rd_kafka_conf_new")]
    private static partial nint NewConfiguration();

    [LibraryImport("librdkafka", EntryPoint = "rd_kafka_conf_destroy")]
    private static partial void DestroyConfiguration(nint configuration);

    [LibraryImport("librdkafka", EntryPoint = "rd_kafka_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Set(nint configuration, string name, string value, byte[] error, nuint errorSizeBytes);
}
