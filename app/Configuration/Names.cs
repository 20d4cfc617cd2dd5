using System.Text.RegularExpressions;

namespace StreamScoring.App.Configuration;

/// <summary>Rules for names; each answers null, or what is wrong.</summary>
internal static partial class Names
{
    /// <summary>Kafka's rule for topics: letters, digits, '.', '_' and '-', at most 249, neither "." nor "..".</summary>
    internal static string? TopicComplaint(string topic)
    {
        if (topic.Length == 0) return "is missing: name a topic";
        return topic.Length <= 249 && TopicPattern().IsMatch(topic) && topic is not ("." or "..")
            ? null
            : $"'{Shown(topic)}' is no topic name: letters, digits, '.', '_' and '-', at most 249 of them";
    }

    /// <summary>Names of nodes, sinks, models and instances.</summary>
    internal static string? NameComplaint(string name)
    {
        if (name.Length == 0) return "is missing: give a name";
        return name.Length <= 64 && NamePattern().IsMatch(name)
            ? null
            : $"'{Shown(name)}' is no name: start with a letter or digit, go on with letters, digits, '.', '_' and '-', at most 64 of them";
    }

    /// <summary>Empty, or host:port pairs separated by commas.</summary>
    internal static string? BootstrapComplaint(string servers)
    {
        if (servers.Length == 0) return null;
        foreach (var entry in servers.Split(',', StringSplitOptions.TrimEntries))
        {
            var match = BrokerPattern().Match(entry);
            if (!match.Success || !int.TryParse(match.Groups["port"].Value, out var port) || port is < 1 or > 65_535)
            {
                return $"'{Shown(entry)}' is no host:port, e.g. localhost:9092";
            }
        }
        return null;
    }

    /// <summary>Empty, or an absolute http or https address.</summary>
    internal static string? HttpAddressComplaint(string address) =>
        address.Length == 0
        || (Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https")
            ? null
            : $"'{Shown(address)}' is no http:// or https:// address";

    /// <summary>An address to listen at: *, a host name or an IP address.</summary>
    internal static string? ListenHostComplaint(string host) =>
        host == "*" || Uri.CheckHostName(host) != UriHostNameType.Unknown
            ? null
            : $"'{Shown(host)}' is no host name or address of this machine; * listens at all of them";

    private static string Shown(string value) => value.Length <= 80 ? value : value[..80] + "...";

    [GeneratedRegex(@"^[A-Za-z0-9._-]+\z")]
    private static partial Regex TopicPattern();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]*\z")]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"^([A-Za-z_]+://)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.%]+\]):(?<port>[0-9]{1,5})\z")]
    private static partial Regex BrokerPattern();
}
