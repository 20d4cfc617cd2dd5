using Microsoft.ML.OnnxRuntime;

namespace StreamScoring.Processors.Onnx;

/// <summary>ONNX Runtime's one environment of the process.</summary>
internal static class OnnxEnvironment
{
    private static readonly Lock Gate = new();

    /// <summary>Name and version of the runtime.</summary>
    public static string Describe()
    {
        EnsureQuiet();
        return "ONNX Runtime " + OrtEnv.Instance().GetVersionString();
    }

    /// <summary>
    /// Creates the environment so that only errors go to stderr: its notices, e.g. that it found no GPU, are no news to
    /// anyone. Where the process made one before, that one stays.
    /// </summary>
    public static void EnsureQuiet()
    {
        lock (Gate)
        {
            if (OrtEnv.IsCreated) return;
            var options = new EnvironmentCreationOptions
            {
                logId = "StreamScoring",
                logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            };
            OrtEnv.CreateInstanceWithOptions(ref options);
        }
    }
}
