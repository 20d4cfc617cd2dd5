using StreamScoring.App.Tests.Sinks.Postgres;
using StreamScoring.Testing.Brokers;

[assembly: AssemblyFixture(typeof(KafkaFixture))]
[assembly: AssemblyFixture(typeof(PostgresFixture))]
