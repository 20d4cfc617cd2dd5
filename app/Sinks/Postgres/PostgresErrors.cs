using System.Net.Sockets;
using Npgsql;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Sinks.Postgres;

/// <summary>What an error of the database means, and what to do about it.</summary>
internal static class PostgresErrors
{
    /// <summary>The error as a sink reports it. Npgsql keeps passwords out of its messages, and so does this.</summary>
    internal static SinkUnavailableException Explain(Exception exception, PostgresSinkOptions options) =>
        new($"PostgreSQL {options.Target}: {Reason(exception, options)}.", exception);

    private static string Reason(Exception exception, PostgresSinkOptions options)
    {
        if (exception is not PostgresException error)
        {
            return exception.InnerException is SocketException or IOException or TimeoutException
                ? $"the server cannot be reached, or went away ({Sentence(exception)}: {Sentence(exception.InnerException)})"
                : $"the connection failed ({Sentence(exception)})";
        }
        var said = Sentence(error);
        return error.SqlState switch
        {
            PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow =>
                $"the server is stopping or starting ({said})",
            PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
                $"it refuses this user ({said}): set Username in the ConnectionString, and the sink's Password",
            PostgresErrorCodes.InvalidCatalogName => $"{said}: create it, or name another Database",
            PostgresErrorCodes.InsufficientPrivilege =>
                $"this user may not do what the sink needs ({said}): it creates the schema '{options.Schema}' and its tables, or needs to own them",
            PostgresErrorCodes.DiskFull => $"its disk is full ({said})",
            PostgresErrorCodes.ReadOnlySqlTransaction => "it is read-only: connect to the primary",
            PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure =>
                $"another process is writing the same rows ({said})",
            // Class 42: a name is wrong or a type does not fit; 22 and 23: a row is not taken.
            ['4', '2', ..] or ['2', '2', ..] or ['2', '3', ..] =>
                $"its tables are not as this program made them ({said}): change them back, or name another Schema",
            _ => $"{said} (SQLSTATE {error.SqlState})",
        };
    }

    private static string Sentence(Exception exception) =>
        (exception is PostgresException error ? error.MessageText : exception.Message).TrimEnd('.');
}
