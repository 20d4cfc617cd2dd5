using System.Reflection;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace StreamScoring.Testing.Brokers;

/// <summary>
/// Runs a theory on each <see cref="KafkaKind"/>: the test takes the kind and asks a <see cref="KafkaFixture"/> for it.
/// </summary>
/// <example><code>
/// [Theory, EachKafka]
/// public async Task Nothing_is_lost(KafkaKind kind)
/// {
///     var kafka = await fixture.UseAsync(kind);
/// </code></example>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EachKafkaAttribute : DataAttribute
{
    /// <inheritdoc/>
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(
        MethodInfo testMethod, DisposalTracker disposalTracker) =>
        new([new TheoryDataRow<KafkaKind>(KafkaKind.Embedded), new TheoryDataRow<KafkaKind>(KafkaKind.Real)]);

    /// <inheritdoc/>
    public override bool SupportsDiscoveryEnumeration() => true;
}
