using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Sinks.Postgres;

/// <summary>Where <see cref="PostgresSink"/> stores. Shown as text, it leaves out the connection's secrets.</summary>
public sealed partial record PostgresSinkOptions
{
    private const string DefaultSchema = "streamscoring";

    /// <summary>How to connect, in Npgsql's words: <c>Host=…;Database=…;Username=…</c>.</summary>
    public required string ConnectionString { get; init; }

    /// <summary>
    /// Schema of the tables, created where it is missing: lower-case letters, digits and '_', at most 63. Default
    /// "streamscoring".
    /// </summary>
    public string Schema { get; init; } = DefaultSchema;

    /// <summary>Longest time of one statement, 1 to 3,600 s. Default 60 s.</summary>
    public int CommandTimeoutSeconds { get; init; } = 60;

    /// <summary>Host, port, database and schema.</summary>
    public string Target
    {
        get
        {
            var builder = new NpgsqlConnectionStringBuilder(ConnectionString);
            return string.Create(CultureInfo.InvariantCulture, $"{builder.Host ?? "localhost"}:{builder.Port}/{builder.Database ?? builder.Username}.{Schema}");
        }
    }

    /// <summary>Reads an entry of <c>Sinks</c>.</summary>
    public static SinkPlan Plan(ISinkSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var text = settings.Text("ConnectionString", "");
        var password = settings.Text("Password", "");
        var schema = settings.Text("Schema", DefaultSchema);
        var timeout = (int)settings.Number("CommandTimeoutSeconds", 60, 1, 3_600, "s");
        if (!SchemaPattern().IsMatch(schema))
        {
            settings.Problem("Schema", "is no name for a schema: a lower-case letter or '_', then letters, digits and '_', at most 63 of them");
            schema = DefaultSchema;
        }
        var options = new PostgresSinkOptions { ConnectionString = Complete(text, password, settings), Schema = schema, CommandTimeoutSeconds = timeout };
        return options.ToPlan();
    }

    /// <summary>The sink with these options.</summary>
    public SinkPlan ToPlan() => new(Target, context => new PostgresSink(this, context));

    /// <inheritdoc/>
    public override string ToString() => Target;

    private static string Complete(string text, string password, ISinkSettings settings)
    {
        const string example = "e.g. Host=localhost;Database=news;Username=me";
        // Whatever is wrong, the value stays unsaid: it may hold a password.
        NpgsqlConnectionStringBuilder builder;
        try
        {
            builder = new NpgsqlConnectionStringBuilder(text);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or OverflowException)
        {
            settings.Problem("ConnectionString", $"cannot be read; it is key=value pairs separated by semicolons, {example}");
            return "Host=localhost";
        }
        if (string.IsNullOrEmpty(builder.Host))
        {
            settings.Problem("ConnectionString", text.Length == 0 ? $"is missing: say how to connect, {example}" : $"names no Host, {example}");
            return "Host=localhost";
        }
        if (password.Length > 0) builder.Password = password;
        return builder.ConnectionString;
    }

    [GeneratedRegex(@"^[a-z_][a-z0-9_]{0,62}\z")]
    private static partial Regex SchemaPattern();
}
