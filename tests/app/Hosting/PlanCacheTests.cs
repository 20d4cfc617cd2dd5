using StreamScoring.App.Hosting;
using StreamScoring.Processors.Planning;

namespace StreamScoring.App.Tests.Hosting;

public sealed class PlanCacheTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("streamscoring-plans-").FullName;
    private int _probes;

    private string PlanFile => Path.Combine(_folder, "cache", "plans.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

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
    public void A_place_that_cannot_be_written_costs_a_probe_each_time_and_nothing_else()
    {
        File.WriteAllText(Path.Combine(_folder, "cache"), "a file where a folder should be");
        Get("model", 2);
        Get("model", 2);
        Assert.Equal(2, _probes);
    }

    private static ModelPlan Plan(int cores) => new(cores, 1, 1);

    private ModelPlan Get(string model, int cores) => new PlanCache(PlanFile).GetOrProbe(model, cores, () =>
    {
        _probes++;
        return Plan(cores);
    });
}
