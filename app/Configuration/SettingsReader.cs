using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace StreamScoring.App.Configuration;

/// <summary>
/// Reads settings out of one section, never throws, and collects every mistake with its key, its layer and what would be
/// right. Keys it was never asked for are warned about, with the nearest known one.
/// </summary>
internal sealed class SettingsReader(IConfigurationRoot root, string path, List<string> problems, List<string> warnings)
{
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Key of this section, e.g. <c>Nodes:0</c>; empty for the root.</summary>
    internal string Path { get; } = path;

    internal bool Has(string key) => Section(key).Exists();

    internal SettingsReader Child(string key) => new(root, Note(key), problems, warnings);

    internal IReadOnlyList<SettingsReader> List(string key)
    {
        var section = Section(key);
        var entries = new List<SettingsReader>();
        foreach (var child in section.GetChildren()) entries.Add(new SettingsReader(root, child.Path, problems, warnings));
        if (entries.Count == 0 && !string.IsNullOrEmpty(section.Value)) Problem(key, "must be a list");
        return entries;
    }

    internal string Text(string key, string fallback) => Section(key).Value ?? fallback;

    internal string? OptionalText(string key) => string.IsNullOrEmpty(Section(key).Value) ? null : Section(key).Value;

    /// <summary>A text that must be there and obey <paramref name="rule"/>, which answers null or what is wrong.</summary>
    internal string Checked(string key, string fallback, Func<string, string?> rule)
    {
        var value = Text(key, fallback);
        if (rule(value) is { } complaint) Problem(key, complaint);
        return value;
    }

    internal long Number(string key, long fallback, long least, long most, string unit)
    {
        var text = Section(key).Value;
        if (string.IsNullOrEmpty(text)) return fallback;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && value >= least && value <= most) return value;
        Problem(key, string.Create(CultureInfo.InvariantCulture, $"'{text}' must be a whole number from {least} to {most} {unit}"));
        return fallback;
    }

    internal int? OptionalNumber(string key, int least, int most, string unit) =>
        string.IsNullOrEmpty(Section(key).Value) ? null : (int)Number(key, least, least, most, unit);

    internal double Fraction(string key, double fallback, double least, double most, string unit)
    {
        var text = Section(key).Value;
        if (string.IsNullOrEmpty(text)) return fallback;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && value >= least && value <= most) return value;
        Problem(key, string.Create(CultureInfo.InvariantCulture, $"'{text}' must be a number from {least} to {most} {unit}"));
        return fallback;
    }

    internal bool Flag(string key, bool fallback)
    {
        var text = Section(key).Value;
        if (string.IsNullOrEmpty(text)) return fallback;
        if (bool.TryParse(text, out var value)) return value;
        Problem(key, $"'{text}' must be true or false");
        return fallback;
    }

    /// <summary>True for the first word, false for the second.</summary>
    internal bool Either(string key, bool fallback, string whenTrue, string whenFalse)
    {
        var text = Section(key).Value;
        if (string.IsNullOrEmpty(text)) return fallback;
        if (text.Equals(whenTrue, StringComparison.OrdinalIgnoreCase)) return true;
        if (text.Equals(whenFalse, StringComparison.OrdinalIgnoreCase)) return false;
        Problem(key, $"'{text}' must be {whenTrue} or {whenFalse}");
        return fallback;
    }

    /// <summary>Every key below <paramref name="key"/> with its value; dots and further colons stay part of the key.</summary>
    internal Dictionary<string, string> Map(string key)
    {
        var section = Section(key);
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in section.AsEnumerable(makePathsRelative: true))
        {
            if (name.Length > 0 && value is not null) map[name] = value;
        }
        return map;
    }

    internal void Problem(string key, string complaint)
    {
        var full = Combine(key);
        problems.Add(LayerOf(full) is { } layer ? $"{full}: {complaint} (in {layer})." : $"{full}: {complaint}.");
    }

    /// <summary>Warns about keys of this section that nothing asked for.</summary>
    internal void WarnAboutUnknownKeys()
    {
        var section = Path.Length == 0 ? root : (IConfiguration)root.GetSection(Path);
        foreach (var child in section.GetChildren())
        {
            if (_known.Contains(child.Key)) continue;
            var nearest = Spelling.Nearest(child.Key, _known);
            var hint = nearest is null ? "" : $" Did you mean {Combine(nearest)}?";
            warnings.Add($"{child.Path}: there is no such setting, it has no effect.{hint}");
        }
    }

    private string? LayerOf(string key)
    {
        foreach (var provider in root.Providers.Reverse())
        {
            if (provider is ConfigurationLayer layer && provider.TryGet(key, out _)) return layer.Name;
        }
        return null;
    }

    private IConfigurationSection Section(string key) => root.GetSection(Note(key));

    private string Note(string key)
    {
        _known.Add(key);
        return Combine(key);
    }

    private string Combine(string key) => key.Length == 0 ? Path : Path.Length == 0 ? key : $"{Path}:{key}";
}
