namespace StreamScoring.Schemas.Avro;

/// <summary>"Names" of the Avro specification.</summary>
internal static class AvroNames
{
    /// <summary>The full name of <paramref name="name"/> where <paramref name="enclosingNamespace"/> is in force.</summary>
    public static string Qualify(string name, string enclosingNamespace) =>
        name.IndexOf('.') >= 0 || enclosingNamespace.Length == 0 ? name.TrimStart('.') : enclosingNamespace + "." + name;

    public static bool IsName(string name)
    {
        if (name.Length == 0 || name[0] is >= '0' and <= '9') return false;
        foreach (var c in name)
        {
            if (c is not ((>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9') or '_')) return false;
        }
        return true;
    }

    public static bool IsFullName(string name)
    {
        foreach (var part in name.Split('.'))
        {
            if (!IsName(part)) return false;
        }
        return true;
    }
}
