using StreamScoring.Testing.Brokers;

[assembly: AssemblyFixture(typeof(KafkaFixture))]
