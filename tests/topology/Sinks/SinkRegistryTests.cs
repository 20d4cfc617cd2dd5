using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.Topology.Tests.Sinks;

public sealed class SinkRegistryTests
{
    [Fact]
    public void A_kind_of_ones_own_reads_its_settings_and_makes_its_sink()
    {
        var registry = new SinkRegistry().Register("mine", settings => new SinkPlan(settings.Text("Target", "here"), context => new NoSink(context.Name)));

        var plan = registry.Plan("mine", new NoSettings());

        Assert.Equal(["mine"], registry.Kinds);
        Assert.Equal("here", plan.Target);
        Assert.Equal("news", Assert.IsType<NoSink>(plan.Create(new SinkContext("news", "cluster", NullLogger.Instance, TimeProvider.System))).Name);
    }

    [Fact]
    public void A_name_is_given_once_and_an_unknown_one_is_told_with_those_that_are_known()
    {
        var registry = new SinkRegistry().Register("b", _ => new SinkPlan("", _ => new NoSink(""))).Register("a", _ => new SinkPlan("", _ => new NoSink("")));

        Assert.Contains("'a' is registered already", Assert.Throws<ArgumentException>(() => registry.Register("a", _ => new SinkPlan("", _ => new NoSink("")))).Message, StringComparison.Ordinal);
        Assert.Contains("no kind of sink 'c'. Known: a, b", Assert.Throws<ArgumentException>(() => registry.Plan("c", new NoSettings())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(long.MinValue, "0001-01-01")]
    [InlineData(-1, "1969-12-31")]
    [InlineData(long.MaxValue, "9999-12-31")]
    public void Any_number_that_a_producer_sends_as_a_timestamp_is_a_time(long timestampMs, string day)
    {
        var record = new SinkRecord(new SinkPartition("t", 0), 0, timestampMs, null, null, null);

        Assert.Equal(day, record.Timestamp.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture));
    }

    private sealed class NoSettings : ISinkSettings
    {
        public string Text(string key, string fallback) => fallback;

        public long Number(string key, long fallback, long least, long most, string unit) => fallback;

        public bool Flag(string key, bool fallback) => fallback;

        public void Problem(string key, string complaint) => Assert.Fail(complaint);
    }

    private sealed class NoSink(string name) : ISink
    {
        internal string Name { get; } = name;

        public ValueTask OpenAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask<IReadOnlyDictionary<SinkPartition, long>> LoadPositionsAsync(IReadOnlyCollection<SinkPartition> partitions, CancellationToken cancellationToken) =>
            ValueTask.FromResult<IReadOnlyDictionary<SinkPartition, long>>(new Dictionary<SinkPartition, long>());

        public ValueTask WriteAsync(SinkBatch batch, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
