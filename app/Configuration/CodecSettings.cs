using StreamScoring.Schemas;
using StreamScoring.Schemas.Avro;

namespace StreamScoring.App.Configuration;

/// <summary>Section <c>Codec</c>: how articles are spelled, and what is put up with in those of others.</summary>
internal sealed record CodecSettings
{
    /// <summary>Spelling of field names in all JSON and XML that is written for others. Default snake_case; both are read.</summary>
    public FieldNaming FieldNaming { get; init; }

    /// <summary>Bounds of Avro that comes from others.</summary>
    public AvroLimits Limits { get; init; } = AvroLimits.Default;

    /// <summary>Reads the section.</summary>
    internal static CodecSettings Read(SettingsReader reader)
    {
        const int kiB = 1 << 10;
        var fallback = AvroLimits.Default;
        var settings = new CodecSettings
        {
            FieldNaming = reader.Either("FieldNaming", false, "camelCase", "snake_case") ? FieldNaming.CamelCase : FieldNaming.SnakeCase,
            Limits = new AvroLimits
            {
                MaxStringBytes = (int)reader.Number("MaxStringBytes", fallback.MaxStringBytes, kiB, 1 << 30, "bytes"),
                MaxItems = (int)reader.Number("MaxItems", fallback.MaxItems, 1, 100_000_000, "items"),
                MaxDepth = (int)reader.Number("MaxDepth", fallback.MaxDepth, 1, 1_000, "levels"),
                MaxResolvedBytes = (int)reader.Number("MaxResolvedBytes", fallback.MaxResolvedBytes, kiB, 1 << 30, "bytes"),
            },
        };
        reader.WarnAboutUnknownKeys();
        return settings;
    }
}
