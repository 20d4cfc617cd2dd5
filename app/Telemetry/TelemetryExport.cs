using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using StreamScoring.App.Configuration;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.App.Telemetry;

/// <summary>
/// Sends the stream's metrics and traces to an OpenTelemetry collector. Traces follow each record through its
/// <c>traceparent</c> header, which the engine reads and writes.
/// </summary>
internal sealed class TelemetryExport : IDisposable
{
    private readonly MeterProvider _metrics;
    private readonly TracerProvider _traces;

    private TelemetryExport(MeterProvider metrics, TracerProvider traces)
    {
        _metrics = metrics;
        _traces = traces;
    }

    /// <summary>Starts exporting where an endpoint is configured; null where none is.</summary>
    internal static TelemetryExport? Start(TelemetrySettings settings, ILogger logger)
    {
        if (settings.OtlpEndpoint.Length == 0) return null;
        var resource = ResourceBuilder.CreateDefault()
            .AddService("streamscoring", serviceVersion: typeof(TelemetryExport).Assembly.GetName().Version?.ToString(3));
        var metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter(KafkaStream.TelemetryName)
            .AddMeter("System.Runtime")
            .AddOtlpExporter((exporter, reader) =>
            {
                Configure(exporter, settings, "v1/metrics");
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = settings.ExportIntervalMs;
            })
            .Build();
        var traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .AddSource(KafkaStream.TelemetryName)
            .AddOtlpExporter(exporter => Configure(exporter, settings, "v1/traces"))
            .Build();
        AppLog.TelemetryStarts(logger, settings.OtlpEndpoint);
        return new TelemetryExport(metrics, traces);
    }

    /// <summary>Sends what is left, within a second each.</summary>
    public void Dispose()
    {
        _traces.Shutdown(1_000);
        _metrics.Shutdown(1_000);
        _traces.Dispose();
        _metrics.Dispose();
    }

    private static void Configure(OtlpExporterOptions exporter, TelemetrySettings settings, string httpPath)
    {
        exporter.Protocol = settings.OtlpHttp ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
        exporter.Endpoint = settings.OtlpHttp
            ? new Uri(settings.OtlpEndpoint.TrimEnd('/') + "/" + httpPath)
            : new Uri(settings.OtlpEndpoint);
        exporter.TimeoutMilliseconds = 2_000;
    }
}
