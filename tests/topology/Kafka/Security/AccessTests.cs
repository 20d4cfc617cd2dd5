using StreamScoring.Topology.Dsl;
using StreamScoring.Topology.Kafka;
using StreamScoring.Topology.Serialization;

namespace StreamScoring.Topology.Tests.Kafka.Security;

/// <summary>
/// The least rights of docs/security.md, on a real broker with an authorizer: with them a stream runs, without one of them it
/// stops and names it, whether it never had it or it is taken away.
/// </summary>
public sealed class AccessTests(SecureBroker broker)
{
    [Theory]
    [InlineData(ProcessingGuarantee.ExactlyOnce)]
    [InlineData(ProcessingGuarantee.AtLeastOnce)]
    public async Task With_the_least_rights_a_stream_runs(ProcessingGuarantee guarantee)
    {
        var kafka = await broker.StartOrSkipAsync();
        await using var stream = new SecureStream(kafka, kafka.NewUser(), guarantee);
        await stream.CreateTopicsAsync();
        await kafka.GrantAsync(stream.Name, stream.Rights);
        stream.Send();
        stream.Start(kafka.SaslServers, kafka.PlainOf(stream.Name));
        await stream.AssertCopiesAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_repartition_topic_needs_the_right_to_create_it(bool mayCreate)
    {
        var kafka = await broker.StartOrSkipAsync();
        await using var stream = new SecureStream(kafka, kafka.NewUser(), ProcessingGuarantee.ExactlyOnce);
        await stream.CreateTopicsAsync();
        var builder = new StreamsBuilder(stream.Name);
        builder.Stream(stream.Input, TestTopologies.Text)
            .Repartition(Repartitioned.With(Serdes.String, Serdes.String) with { Name = "again" })
            .To(stream.Output, TestTopologies.TextOut);
        var repartition = $"{stream.Name}-again-repartition";
        await kafka.GrantAsync(stream.Name, [.. stream.Rights, $"Read topic {repartition}", $"Write topic {repartition}"]);
        if (mayCreate) await kafka.GrantAsync(stream.Name, $"Create topic {repartition}");
        stream.Send();
        stream.Start(kafka.SaslServers, kafka.PlainOf(stream.Name), builder.Build());
        if (mayCreate)
        {
            await stream.AssertCopiesAsync();
            return;
        }
        var failure = await stream.FailureAsync();
        Assert.Contains($"{repartition}: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains("This user needs Create on them", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProcessingGuarantee.ExactlyOnce, "Read", "topic {0}.in", false)]
    [InlineData(ProcessingGuarantee.ExactlyOnce, "Read", "group {0}.group", false)]
    [InlineData(ProcessingGuarantee.ExactlyOnce, "Write", "topic {0}.out", false)]
    [InlineData(ProcessingGuarantee.ExactlyOnce, "Write", "transactional-id {0}.group-one", false)]
    [InlineData(ProcessingGuarantee.ExactlyOnce, "Read", "topic {0}.in", true)]
    [InlineData(ProcessingGuarantee.ExactlyOnce, "Read", "group {0}.group", true)]
    [InlineData(ProcessingGuarantee.ExactlyOnce, "Write", "topic {0}.out", true)]
    [InlineData(ProcessingGuarantee.ExactlyOnce, "Write", "transactional-id {0}.group-one", true)]
    [InlineData(ProcessingGuarantee.AtLeastOnce, "Read", "group {0}.group", true)]
    [InlineData(ProcessingGuarantee.AtLeastOnce, "Write", "topic {0}.out", false)]
    [InlineData(ProcessingGuarantee.AtLeastOnce, "Write", "topic {0}.out", true)]
    public async Task Without_one_of_them_it_stops_and_names_it(ProcessingGuarantee guarantee, string operation, string resource, bool isTakenAway)
    {
        var kafka = await broker.StartOrSkipAsync();
        await using var stream = new SecureStream(kafka, kafka.NewUser(), guarantee);
        await stream.CreateTopicsAsync();
        resource = string.Format(null, resource, stream.Name);
        var right = $"{operation} {resource.Replace("transactional-id", "transactionalid", StringComparison.Ordinal)}";
        Assert.Contains(right, stream.Rights);
        await kafka.GrantAsync(stream.Name, isTakenAway ? stream.Rights : [.. stream.Rights.Where(other => other != right)]);
        stream.Send();
        stream.Start(kafka.SaslServers, kafka.PlainOf(stream.Name));
        if (isTakenAway)
        {
            await stream.AssertCopiesAsync();
            await kafka.RevokeAsync(stream.Name, right);
            stream.Send();
        }

        var failure = await stream.FailureAsync();

        Assert.Contains($"{operation} on {resource}.", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"--operation {operation} --{resource};", failure.Message, StringComparison.Ordinal);
        Assert.False(failure.CanRetry, "starting again cannot help");
        Assert.InRange(stream.Log.Count(static line => line.Contains("produced again", StringComparison.Ordinal)), 0, 3);
    }
}
