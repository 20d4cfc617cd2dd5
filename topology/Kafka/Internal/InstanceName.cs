using Microsoft.Extensions.Logging;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// A name for this instance that its successor finds again: the configured one, or the host name with the first ordinal
/// that no living process on this machine holds. The hold is a file lock, which ends with the process however it ends.
/// </summary>
internal sealed class InstanceName : IDisposable
{
    private const int MaxOrdinals = 1024;
    private readonly FileStream? _hold;

    private InstanceName(string value, FileStream? hold)
    {
        Value = value;
        _hold = hold;
    }

    internal string Value { get; }

    internal static InstanceName Acquire(KafkaStreamOptions options, ILogger logger)
    {
        if (options.InstanceId is { Length: > 0 } configured) return new InstanceName(configured, null);

        var host = Environment.MachineName;
        try
        {
            var folder = FolderOf(options);
            Directory.CreateDirectory(folder);
            for (var ordinal = 0; ordinal < MaxOrdinals; ordinal++)
            {
                if (TryHold(Path.Combine(folder, $"{ordinal}.lock")) is { } hold)
                {
                    return new InstanceName($"{host}-{ordinal}", hold);
                }
            }
            KafkaLog.NoStableInstanceId(logger, $"{MaxOrdinals} instances of this group run on this machine");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            KafkaLog.NoStableInstanceId(logger, exception.Message);
        }
        return new InstanceName($"{host}-{Guid.NewGuid():N}", null);
    }

    /// <summary>Where the group's instances on this machine keep what they keep.</summary>
    internal static string FolderOf(KafkaStreamOptions options) =>
        Path.Combine(options.StateFolder is { Length: > 0 } folder ? folder : StateFolder(), Sanitize(options.GroupId));

    public void Dispose() => _hold?.Dispose();

    private static FileStream? TryHold(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }

    // The XDG base directory for state; the temporary folder where a service account has no home.
    private static string StateFolder()
    {
        var state = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
        if (string.IsNullOrEmpty(state))
        {
            var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            state = home.Length > 0 ? Path.Combine(home, ".local", "state") : Path.GetTempPath();
        }
        return Path.Combine(state, "streamscoring");
    }

    internal static string Sanitize(string groupId)
    {
        var characters = groupId.ToCharArray();
        for (var i = 0; i < characters.Length; i++)
        {
            if (!char.IsAsciiLetterOrDigit(characters[i]) && characters[i] is not ('-' or '_' or '.')) characters[i] = '_';
        }
        return new string(characters).Trim('.') is { Length: > 0 } name ? name : "_";
    }
}
