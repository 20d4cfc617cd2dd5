using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace StreamScoring.Client;

/// <summary>Every log message of the client.</summary>
internal static partial class ClientLog
{
    [LoggerMessage(301, LogLevel.Warning, "Kafka: {Code} {Reason}; it is tried again")]
    internal static partial void Kafka(ILogger logger, ErrorCode code, string reason);
}
