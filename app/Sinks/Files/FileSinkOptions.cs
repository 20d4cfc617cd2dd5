using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Sinks.Files;

/// <summary>Where and how <see cref="FileSink"/> stores.</summary>
public sealed record FileSinkOptions
{
    /// <summary>Folder of the files, created where it is missing. Default "streamscoring-files".</summary>
    public string Folder { get; init; } = "streamscoring-files";

    /// <summary>A file is finished when it has this size on disk, 1 KiB to 1 TiB. Default 64 MiB.</summary>
    public long MaxFileBytes { get; init; } = 64L << 20;

    /// <summary>A file is finished this long after its first record, 1 to 86,400 s. Default 60 s.</summary>
    public int MaxFileSeconds { get; init; } = 60;

    /// <summary>Compresses with gzip. Default false.</summary>
    public bool Gzip { get; init; }

    /// <summary>Reads an entry of <c>Sinks</c>.</summary>
    public static SinkPlan Plan(ISinkSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var defaults = new FileSinkOptions();
        var options = new FileSinkOptions
        {
            Folder = settings.Text("Folder", defaults.Folder),
            MaxFileBytes = settings.Number("MaxFileBytes", defaults.MaxFileBytes, 1 << 10, 1L << 40, "bytes"),
            MaxFileSeconds = (int)settings.Number("MaxFileSeconds", defaults.MaxFileSeconds, 1, 86_400, "s"),
            Gzip = settings.Flag("Gzip", defaults.Gzip),
        };
        if (options.Folder.Length == 0) settings.Problem("Folder", "must name a folder");
        return options.ToPlan();
    }

    /// <summary>The sink with these options.</summary>
    public SinkPlan ToPlan() => new(Folder, context => new FileSink(this, context));
}
