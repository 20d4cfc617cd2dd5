using Spectre.Console;

namespace StreamScoring.App.View;

/// <summary>The view's styles. Colours are from the 256-colour palette and legible on dark and light grounds.</summary>
internal static class ViewColors
{
    internal static Style Plain { get; } = Style.Plain;

    internal static Style Title { get; } = new(decoration: Decoration.Bold);

    internal static Style Quiet { get; } = new(Color.Grey50);

    internal static Style Good { get; } = new(Color.Green3);

    internal static Style Bad { get; } = new(Color.Red1, decoration: Decoration.Bold);

    internal static Style Busy { get; } = new(Color.Orange1);

    internal static Style Accent { get; } = new(Color.DeepSkyBlue2);

    internal static Style Chip { get; } = new(Color.White, Color.DodgerBlue3, Decoration.Bold);

    private static readonly Style Person = new(Color.Grey93, Color.MediumVioletRed);
    private static readonly Style Organisation = new(Color.Grey93, Color.DodgerBlue3);
    private static readonly Style Location = new(Color.Grey93, Color.DarkGreen);
    private static readonly Style Miscellaneous = new(Color.Grey93, Color.DarkOrange3);

    /// <summary>Style of an entity of this type; types of other models share a few styles, always the same one.</summary>
    internal static Style Entity(string type) => type switch
    {
        "PER" or "PERSON" => Person,
        "ORG" => Organisation,
        "LOC" or "GPE" => Location,
        "MISC" => Miscellaneous,
        _ => (type.Length % 4) switch { 0 => Person, 1 => Organisation, 2 => Location, _ => Miscellaneous },
    };
}
