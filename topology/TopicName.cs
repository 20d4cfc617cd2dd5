using System.Diagnostics.CodeAnalysis;

namespace StreamScoring.Topology;

/// <summary>Kafka's rule for topic names, which the names of nodes follow too.</summary>
internal static class TopicName
{
    private const int MaxLength = 249;

    public static bool IsValid(string? name, [NotNullWhen(false)] out string? reason)
    {
        reason = name switch
        {
            null or "" => "a name is needed.",
            "." or ".." => $"'{name}' is not a name.",
            { Length: > MaxLength } => $"'{name[..20]}…' has {name.Length} characters, {MaxLength} are allowed.",
            _ when !HasOnlyLegalCharacters(name) =>
                $"'{name}' has characters other than letters a to z, digits, '.', '_' and '-'.",
            _ => null,
        };
        return reason is null;
    }

    private static bool HasOnlyLegalCharacters(string name)
    {
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-')) return false;
        }
        return true;
    }
}
