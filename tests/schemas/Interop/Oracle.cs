using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace StreamScoring.Schemas.Tests.Interop;

/// <summary>Another implementation in a process of its own: one JSON object a line in, one out.</summary>
internal sealed class Oracle : IDisposable
{
    private static readonly TimeSpan SetUpTime = TimeSpan.FromMinutes(3);

    private readonly Process _process;

    private Oracle(Process process) => _process = process;

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "oracle");

    /// <summary>python3-avro, or a skipped test.</summary>
    public static Oracle Python()
    {
        // Debian's package is there for Debian's own interpreter.
        foreach (var python in new[] { "/usr/bin/python3", "python3" })
        {
            if (Run(python, Folder, "-c", "import avro.io") == 0) return Start(python, Folder, "avro_python.py");
        }
        Assert.Skip("No python3 with the avro package (Debian: python3-avro).");
        return null!;
    }

    /// <summary>A script on a package of npm that is installed on first use, or a skipped test.</summary>
    public static Oracle Node(string package, string script, params string[] arguments)
    {
        var folder = Path.Combine(Folder, package);
        var installed = Path.Combine(folder, "node_modules", ".installed");
        var wanted = File.ReadAllText(Path.Combine(folder, "package-lock.json"));
        if (Run("node", folder, "--version") != 0) Assert.Skip("No node.");
        if (!File.Exists(installed) || File.ReadAllText(installed) != wanted)
        {
            if (Run("npm", folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund") != 0) Assert.Skip("npm ci failed (no npm, or no registry).");
            File.WriteAllText(installed, wanted);
        }
        return Start("node", folder, [script, .. arguments]);
    }

    /// <summary>Sends a request and gives its answer.</summary>
    public JsonNode Ask(JsonObject request)
    {
        _process.StandardInput.WriteLine(request.ToJsonString());
        _process.StandardInput.Flush();
        var line = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The oracle ended: " + _process.StandardError.ReadToEnd());
        var answer = JsonNode.Parse(line)!;
        if (answer["error"] is { } error) throw new InvalidOperationException($"{error} for {request.ToJsonString()[..Math.Min(2000, request.ToJsonString().Length)]}");
        return answer;
    }

    /// <summary>Data in, data out; null where the oracle cannot read one.</summary>
    public byte[]?[] Exchange(string op, string writer, string? reader, IEnumerable<byte[]> data)
    {
        var request = new JsonObject
        {
            ["op"] = op,
            ["writer"] = writer,
            ["data"] = new JsonArray([.. data.Select(d => (JsonNode)Convert.ToBase64String(d))]),
        };
        if (reader is not null) request["reader"] = reader;
        return DataOf(Ask(request));
    }

    public static byte[]?[] DataOf(JsonNode answer) =>
        [.. answer["data"]!.AsArray().Select(item => item is null ? null : Convert.FromBase64String(item.GetValue<string>()))];

    public void Dispose()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended already; whoever asked it knows.
        }
        if (!_process.WaitForExit(5000)) _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static Oracle Start(string file, string folder, params string[] arguments)
    {
        var start = StartInfo(file, folder, arguments);
        start.RedirectStandardInput = true;
        start.StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        start.Environment["PYTHONIOENCODING"] = "utf-8";
        return new Oracle(Process.Start(start)!);
    }

    /// <summary>Exit code, or -1 where there is no such program or it takes too long.</summary>
    private static int Run(string file, string folder, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(StartInfo(file, folder, arguments))!;
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            if (process.WaitForExit(SetUpTime)) return process.ExitCode;
            process.Kill(entireProcessTree: true);
            return -1;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }

    private static ProcessStartInfo StartInfo(string file, string folder, string[] arguments) => new(file, arguments)
    {
        WorkingDirectory = folder,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        StandardOutputEncoding = Encoding.UTF8,
    };
}
