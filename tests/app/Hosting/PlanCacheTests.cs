using Microsoft.Extensions.Logging;
using StreamScoring.App.Hosting;
using StreamScoring.Processors.Planning;
using StreamScoring.Testing.Internal;

namespace StreamScoring.App.Tests.Hosting;

public sealed class PlanCacheTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("streamscoring-plans-").FullName;
    private readonly StringWriter _log = new();
    private readonly LogRelay _relay;
    private readonly ILoggerFactory _logs;
    private int _probes;

    public PlanCacheTests()
    {
        _relay = new LogRelay(_log);
        _logs = LoggerFactory.Create(logging => logging.AddProvider(_relay));
    }

    private string PlanFile => Path.Combine(_folder, "cache", "plans.json");

    public void Dispose()
    {
        _logs.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_model_is_probed_once_on_a_machine()
    {
        Assert.Equal(Plan(2), Get("model-a", 2));
        Assert.Equal(Plan(2), Get("model-a", 2));
        Assert.Equal(1, _probes);
        Get("model-b", 2);
        Get("model-a", 4);
        Assert.Equal(3, _probes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{ not json")]
    [InlineData("[1, 2]")]
    [InlineData("null")]
    public void A_file_that_cannot_be_read_is_replaced(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PlanFile)!);
        File.WriteAllText(PlanFile, content);
        Get("model", 2);
        Get("model", 2);
        Assert.Equal(1, _probes);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{\"Calls\": 0, \"IntraOpThreads\": 1, \"RowsPerRun\": 1}")]
    [InlineData("{\"Calls\": 200, \"IntraOpThreads\": 200, \"RowsPerRun\": 1}")]
    [InlineData("{\"Calls\": 1, \"IntraOpThreads\": 1, \"RowsPerRun\": 64}")]
    public void A_plan_that_cannot_be_right_is_found_out_again(string plan)
    {
        Get("model", 2);
        var known = File.ReadAllText(PlanFile);
        var entry = known.LastIndexOf(": {", StringComparison.Ordinal);
        File.WriteAllText(PlanFile, known[..(entry + 2)] + plan + "}");
        Assert.Equal(Plan(2), Get("model", 2));
        Assert.Equal(2, _probes);
    }

    [Fact]
    public void A_place_that_cannot_be_written_costs_a_probe_each_time_and_is_told()
    {
        File.WriteAllText(Path.Combine(_folder, "cache"), "a file where a folder should be");
        AssertProbedAgain(PlanFile);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_disk_that_is_full_or_read_only_costs_a_probe_each_time_and_is_told(bool isReadOnly)
    {
        using var disk = SmallDisk.MountOrSkip(64 << 10);
        if (isReadOnly) disk.MakeReadOnly();
        else disk.Fill();
        AssertProbedAgain(Path.Combine(disk.Folder, "plans.json"));
        Assert.Equal(isReadOnly ? [] : ["filler"], Directory.GetFiles(disk.Folder).Select(Path.GetFileName));
    }

    private void AssertProbedAgain(string file)
    {
        var cache = new PlanCache(file, _logs.CreateLogger("plans"));
        Get("model", 2, cache);
        Get("model", 2, cache);
        Assert.Equal(2, _probes);
        _relay.Flush();
        var warning = Assert.Single(_log.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(file, warning, StringComparison.Ordinal);
        Assert.Contains("set Models:PlanCache", warning, StringComparison.Ordinal);
    }

    private static ModelPlan Plan(int cores) => new(cores, 1, 1);

    private ModelPlan Get(string model, int cores, PlanCache? cache = null) => (cache ?? new PlanCache(PlanFile, _logs.CreateLogger("plans"))).GetOrProbe(model, cores, () =>
    {
        _probes++;
        return Plan(cores);
    });
}
