using System.Security.Cryptography;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace StreamScoring.Testing.Brokers;

/// <summary>
/// A broker that lets nobody do anything without an ACL: its listener SASL takes PLAIN, SCRAM and OAUTHBEARER, its listener
/// SSL takes client certificates. <see cref="IKafkaBroker.BootstrapServers"/> is the test's own door, to everything.
/// </summary>
internal sealed class SecureKafka : IAsyncDisposable
{
    private const int PlainUsers = 64;

    // librdkafka knows it (RD_KAFKA_RESOURCE_TRANSACTIONAL_ID), Confluent.Kafka has no name for it.
    private const ResourceType TransactionalId = (ResourceType)5;

    // Hexadecimal digits that appear nowhere by chance: a test looks for it in everything that is written.
    private readonly string _password = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
    private int _users;

    internal KafkaHomeBroker Broker { get; private set; } = null!;

    internal IAdminClient Admin { get; private set; } = null!;

    internal TestCertificates Certificates { get; } = new();

    /// <summary>Of every user of PLAIN and SCRAM.</summary>
    internal string Password => _password;

    internal string SaslServers => Broker.BootstrapServersOf("SASL");

    internal string SslServers => Broker.BootstrapServersOf("SSL");

    internal async Task StartOrSkipAsync()
    {
        if (Broker is not null) return;
        const string saslListener = "listener.name.sasl.";
        const string sslListener = "listener.name.ssl.ssl.";
        var users = string.Concat(Enumerable.Range(1, PlainUsers).Select(user => $" user_u{user}=\"{_password}\""));
        Broker = await KafkaHomeBroker.StartOrSkipAsync(new KafkaHomeOptions
        {
            Listeners = new Dictionary<string, string> { ["SASL"] = "SASL_PLAINTEXT", ["SSL"] = "SSL" },
            Properties = new Dictionary<string, string>
            {
                ["authorizer.class.name"] = "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                ["super.users"] = "User:ANONYMOUS",
                ["group.min.session.timeout.ms"] = "1000",
                ["auto.create.topics.enable"] = "false",
                [saslListener + "sasl.enabled.mechanisms"] = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
                [saslListener + "plain.sasl.jaas.config"] = $"org.apache.kafka.common.security.plain.PlainLoginModule required{users};",
                [saslListener + "scram-sha-256.sasl.jaas.config"] = "org.apache.kafka.common.security.scram.ScramLoginModule required;",
                [saslListener + "scram-sha-512.sasl.jaas.config"] = "org.apache.kafka.common.security.scram.ScramLoginModule required;",
                [saslListener + "oauthbearer.sasl.jaas.config"] =
                    "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\";",
                [sslListener + "client.auth"] = "required",
                [sslListener + "keystore.type"] = "PEM",
                [sslListener + "keystore.key"] = Certificates.Broker.Key,
                [sslListener + "keystore.certificate.chain"] = Certificates.Broker.Certificate,
                [sslListener + "truststore.type"] = "PEM",
                [sslListener + "truststore.certificates"] = Certificates.Authority,
            },
        });
        Admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Broker.BootstrapServers }).Build();
    }

    /// <summary>A user of PLAIN that no other test has and that may do nothing yet.</summary>
    internal string NewUser() => $"u{Interlocked.Increment(ref _users)}";

    /// <summary>librdkafka's properties for a user of PLAIN.</summary>
    internal Dictionary<string, string> PlainOf(string user, string? password = null) => new()
    {
        ["security.protocol"] = "SASL_PLAINTEXT", ["sasl.mechanism"] = "PLAIN", ["sasl.username"] = user,
        ["sasl.password"] = password ?? _password,
    };

    /// <summary>Adds rights, each like "Read topic in", "Write transactionalid a*" (a* is a prefix).</summary>
    internal Task GrantAsync(string user, params string[] rights) =>
        Admin.CreateAclsAsync(rights.Select(right => BindingOf(user, right)));

    /// <summary>Takes rights away again.</summary>
    internal Task RevokeAsync(string user, params string[] rights) =>
        Admin.DeleteAclsAsync(rights.Select(right => BindingOf(user, right).ToFilter()));

    public async ValueTask DisposeAsync()
    {
        Admin?.Dispose();
        if (Broker is not null) await Broker.DisposeAsync();
    }

    private static AclBinding BindingOf(string user, string right)
    {
        var words = right.Split(' ');
        var isPrefix = words[2].EndsWith('*') && words[2].Length > 1;
        return new AclBinding
        {
            Pattern = new ResourcePattern
            {
                Type = words[1] switch
                {
                    "transactionalid" => TransactionalId,
                    "cluster" => ResourceType.Broker,
                    var type => Enum.Parse<ResourceType>(type, ignoreCase: true),
                },
                Name = isPrefix ? words[2][..^1] : words[2],
                ResourcePatternType = isPrefix ? ResourcePatternType.Prefixed : ResourcePatternType.Literal,
            },
            Entry = new AccessControlEntry
            {
                Principal = "User:" + user, Host = "*", Operation = Enum.Parse<AclOperation>(words[0]), PermissionType = AclPermissionType.Allow,
            },
        };
    }
}
