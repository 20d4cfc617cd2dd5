using StreamScoring.Topology.Dsl;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Serialization;
using StreamScoring.Topology.Testing;

namespace StreamScoring.Topology.Tests;

/// <summary>Short ways to what most tests need: text in, text out.</summary>
internal static class TestTopologies
{
    public static Consumed<string, string> Text { get; } = Consumed.With(Serdes.String, Serdes.String);

    public static Produced<string, string> TextOut { get; } = Produced.With(Serdes.String, Serdes.String);

    public static StreamTopology Build(Action<IKStream<string, string>> define)
    {
        var builder = new StreamsBuilder();
        define(builder.Stream("in", Text));
        return builder.Build();
    }

    public static TopologyTestDriver Drive(
        Action<IKStream<string, string>> define, TopologyTestDriverOptions? options = null) =>
        new(Build(define), options);

    public static TopologyTestDriverOptions WithDeadLetters(TestBatching? batching = null) => new()
    {
        Executors = new ExecutorOptions { DeadLetterTopic = "dlq" },
        Batching = batching ?? TestBatching.OneByOne,
    };

    public static TestInputTopic<string, string> Input(this TopologyTestDriver driver, string topic = "in") =>
        driver.CreateInputTopic(topic, Serdes.String, Serdes.String);

    public static TestOutputTopic<string, string> Output(this TopologyTestDriver driver, string topic = "out") =>
        driver.CreateOutputTopic(topic, Serdes.String, Serdes.String);

    public static KeyValuePair<string, string> Pair(string key, string value) => new(key, value);
}
