using System.Text;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Records;
using StreamScoring.Topology.Dsl;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka;
using StreamScoring.Topology.Replies;
using static StreamScoring.Topology.Tests.TestTopologies;

namespace StreamScoring.Topology.Tests.Kafka.Replies;

/// <summary>A real broker with access control that creates any topic a producer names: the worst place for a stranger's header.</summary>
public sealed class ReplyBroker : IAsyncLifetime
{
    internal KafkaHomeBroker Broker { get; private set; } = null!;

    internal IAdminClient Admin { get; private set; } = null!;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    internal async Task StartOrSkipAsync()
    {
        if (Broker is not null) return;
        Broker = await KafkaHomeBroker.StartOrSkipAsync(new KafkaHomeOptions
        {
            Properties = new Dictionary<string, string>
            {
                ["auto.create.topics.enable"] = "true",
                ["authorizer.class.name"] = "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                ["allow.everyone.if.no.acl.found"] = "true",
            },
        });
        Admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Broker.BootstrapServers }).Build();
    }

    public async ValueTask DisposeAsync()
    {
        Admin?.Dispose();
        if (Broker is not null) await Broker.DisposeAsync();
    }

    internal Task CreateAsync(string topic, params (string Name, string Value)[] configuration) => Admin.CreateTopicsAsync(
    [
        new TopicSpecification { Name = topic, NumPartitions = 1, Configs = configuration.ToDictionary(entry => entry.Name, entry => entry.Value) },
    ]);

    /// <summary>From now on anybody may read a topic and nobody write it.</summary>
    internal Task ForbidAsync(string topic) => Admin.CreateAclsAsync(
        new[] { (AclOperation.All, AclPermissionType.Allow), (AclOperation.Write, AclPermissionType.Deny) }.Select(rule => new AclBinding
        {
            Pattern = new ResourcePattern { Type = ResourceType.Topic, Name = topic, ResourcePatternType = ResourcePatternType.Literal },
            Entry = new AccessControlEntry { Principal = "User:ANONYMOUS", Host = "*", Operation = rule.Item1, PermissionType = rule.Item2 },
        }));

    internal bool Exists(string topic) =>
        Admin.GetMetadata(TimeSpan.FromSeconds(20)).Topics.Exists(found => found.Topic == topic);
}

/// <summary>A stream that writes what it reads in capitals and answers; "bad" and "grow", which gets too large for Kafka, are dead-lettered.</summary>
internal sealed class AnsweringStream : IAsyncDisposable
{
    private readonly ReplyBroker _kafka;
    private readonly CancellationTokenSource _stop = new();
    private readonly KafkaStream _stream;
    private readonly Task _running;
    private readonly List<Message<byte[], byte[]>> _waiting = [];
    private int _sent;

    private AnsweringStream(ReplyBroker kafka, string name, ProcessingGuarantee guarantee, Func<ReplyOptions, ReplyOptions>? change)
    {
        _kafka = kafka;
        Name = name;
        var builder = new StreamsBuilder();
        builder.Stream($"{name}.in", Text)
            .MapValues(value => value switch
            {
                "bad" => throw new InvalidDataException("it is bad"),
                "grow" => new string('G', 40_000),
                _ => value.ToUpperInvariant(),
            }, "upper")
            .To($"{name}.out", TextOut);
        var replies = new ReplyOptions
        {
            AllowedTopics = [$"{name}.r*"], AnswerFrom = [$"{name}.out"], DeliveryTimeout = TimeSpan.FromSeconds(3),
        };
        _stream = new KafkaStream(
            builder.Build().CreateExecutors(new ExecutorOptions { DeadLetterTopic = $"{name}.dlq" }),
            new KafkaStreamOptions
            {
                BootstrapServers = kafka.Broker.BootstrapServers, GroupId = name, Guarantee = guarantee,
                CommitInterval = TimeSpan.FromMilliseconds(20), Replies = change?.Invoke(replies) ?? replies,
                Properties = new Dictionary<string, string> { ["message.max.bytes"] = "30000" },
            },
            NullLoggerFactory.Instance, TimeProvider.System);
        _running = _stream.RunAsync(_stop.Token);
    }

    internal string Name { get; }

    internal static async Task<AnsweringStream> StartAsync(
        ReplyBroker kafka, ProcessingGuarantee guarantee, Func<ReplyOptions, ReplyOptions>? change = null)
    {
        await kafka.StartOrSkipAsync();
        var name = KafkaBrokerExtensions.NewName("reply");
        foreach (var topic in new[] { "in", "out", "dlq" }) await kafka.Broker.CreateTopicAsync($"{name}.{topic}", 1);
        return new AnsweringStream(kafka, name, guarantee, change);
    }

    /// <summary>Lines a request up; its correlation id is its value.</summary>
    internal void Ask(string replyTopic, string value, params (string Key, byte[] Value)[] headers)
    {
        var message = Request(replyTopic, value);
        foreach (var (key, header) in headers) message.Headers.Add(key, header);
        _waiting.Add(message);
    }

    /// <summary>
    /// Sends what is lined up and waits until every record came out, as an output or as a dead letter; fails where the
    /// stream did.
    /// </summary>
    internal async Task WaitForOutputsAsync()
    {
        KafkaRecords.Produce(_kafka.Broker, $"{Name}.in", _waiting);
        _sent += _waiting.Count;
        _waiting.Clear();
        var reading = Task.Run(() => KafkaRecords.ConsumeUntil(
            _kafka.Broker, [$"{Name}.out", $"{Name}.dlq"], records => records.Count >= _sent, TimeSpan.FromSeconds(90)));
        if (await Task.WhenAny(reading, _running) == _running) await _running;
        Assert.Equal(_sent, (await reading).Count);
    }

    /// <summary>Correlation id and kind of every answer in a topic, in order, after the stream has stopped.</summary>
    internal async Task<List<string>> StopAndReadAsync(string replyTopic)
    {
        await _stop.CancelAsync();
        await _running;
        return KafkaRecords.ConsumeAll(_kafka.Broker, [replyTopic]).ConvertAll(record =>
            $"{Header(record, ReplyHeaders.CorrelationId)} {Header(record, ReplyHeaders.Error) ?? Encoding.UTF8.GetString(record.Message.Value)}");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAny(_running);
        _stream.Dispose();
        _stop.Dispose();
    }

    private static string? Header(ConsumeResult<byte[], byte[]> record, string key) =>
        record.Message.Headers.TryGetLastBytes(key, out var value) ? Encoding.UTF8.GetString(value) : null;

    private static Message<byte[], byte[]> Request(string replyTopic, string value) => new()
    {
        Key = Bytes("k"),
        Value = Bytes(value),
        Headers = new Headers { { ReplyHeaders.Topic, Bytes(replyTopic) }, { ReplyHeaders.CorrelationId, Bytes(value) } },
    };

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
