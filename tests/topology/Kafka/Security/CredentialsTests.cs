using Confluent.Kafka;
using Confluent.Kafka.Admin;
using StreamScoring.Testing.Brokers;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.Topology.Tests.Kafka.Security;

/// <summary>
/// Every way to prove who one is passes through <c>Kafka:Properties</c> to all clients of a stream; what is refused stops it
/// at its start with the settings' names; no secret is in what it logs, at any level, or says.
/// </summary>
public sealed class CredentialsTests(SecureBroker broker)
{
    public enum Kind
    {
        Plain,
        Scram256,
        Scram512,
        UnsecuredToken,
        TokenEndpoint,
        Certificate,
        CertificateWithPassword,
    }

    [Theory]
    [InlineData(Kind.Plain, ProcessingGuarantee.ExactlyOnce)]
    [InlineData(Kind.Scram256, ProcessingGuarantee.ExactlyOnce)]
    [InlineData(Kind.Scram512, ProcessingGuarantee.ExactlyOnce)]
    [InlineData(Kind.UnsecuredToken, ProcessingGuarantee.ExactlyOnce)]
    [InlineData(Kind.UnsecuredToken, ProcessingGuarantee.AtLeastOnce)]
    [InlineData(Kind.TokenEndpoint, ProcessingGuarantee.ExactlyOnce)]
    [InlineData(Kind.TokenEndpoint, ProcessingGuarantee.AtLeastOnce)]
    [InlineData(Kind.Certificate, ProcessingGuarantee.ExactlyOnce)]
    [InlineData(Kind.Certificate, ProcessingGuarantee.AtLeastOnce)]
    [InlineData(Kind.CertificateWithPassword, ProcessingGuarantee.ExactlyOnce)]
    public async Task A_stream_runs(Kind kind, ProcessingGuarantee guarantee)
    {
        var kafka = await broker.StartOrSkipAsync();
        using var tokens = new TokenEndpoint();
        var user = kafka.NewUser();
        var (servers, properties, principal, secrets) = await CredentialsAsync(kafka, kind, user, tokens, isRight: true);
        await using var stream = new SecureStream(kafka, user, guarantee);
        await stream.CreateTopicsAsync();
        await kafka.GrantAsync(principal, stream.Rights);
        stream.Send();
        stream.Start(servers, properties);
        await stream.AssertCopiesAsync();

        Assert.Contains(stream.Log, line => line.Contains("librdkafka", StringComparison.Ordinal));
        AssertNoSecret(stream.Log, secrets);
    }

    [Theory]
    [InlineData(Kind.Plain, ProcessingGuarantee.ExactlyOnce, "Kafka:Properties:sasl.password")]
    [InlineData(Kind.Plain, ProcessingGuarantee.AtLeastOnce, "Kafka:Properties:sasl.password")]
    [InlineData(Kind.Scram256, ProcessingGuarantee.ExactlyOnce, "Kafka:Properties:sasl.password")]
    [InlineData(Kind.Scram512, ProcessingGuarantee.AtLeastOnce, "Kafka:Properties:sasl.password")]
    [InlineData(Kind.UnsecuredToken, ProcessingGuarantee.ExactlyOnce, "Kafka:Properties:sasl.oauthbearer.config")]
    [InlineData(Kind.Certificate, ProcessingGuarantee.ExactlyOnce, "Kafka:Properties:ssl.ca.pem")]
    public async Task What_is_refused_stops_a_stream_and_names_the_settings(Kind kind, ProcessingGuarantee guarantee, string setting)
    {
        var kafka = await broker.StartOrSkipAsync();
        using var tokens = new TokenEndpoint();
        var user = kafka.NewUser();
        var (servers, properties, _, secrets) = await CredentialsAsync(kafka, kind, user, tokens, isRight: false);
        await using var stream = new SecureStream(kafka, user, guarantee);
        await stream.CreateTopicsAsync();
        stream.Start(servers, properties);

        var failure = await stream.FailureAsync();

        Assert.Contains("do not accept each other", failure.Message, StringComparison.Ordinal);
        Assert.Contains(setting, failure.Message, StringComparison.Ordinal);
        Assert.False(failure.CanRetry, "starting again cannot help");
        AssertNoSecret([.. stream.Log, failure.ToString()], secrets);
    }

    private static void AssertNoSecret(IEnumerable<string> written, string[] secrets)
    {
        foreach (var secret in secrets)
        {
            var line = written.FirstOrDefault(line => line.Contains(secret, StringComparison.OrdinalIgnoreCase));
            Assert.True(line is null, $"a secret is in: {line}");
        }
    }

    private static async Task<(string Servers, Dictionary<string, string> Properties, string Principal, string[] Secrets)> CredentialsAsync(
        SecureKafka kafka, Kind kind, string user, TokenEndpoint tokens, bool isRight)
    {
        var principal = user;
        var secret = isRight ? kafka.Password : "5ec4e7" + kafka.Password;
        string[] secrets = [secret];
        var servers = kafka.SaslServers;
        var properties = kafka.PlainOf(user, secret);
        switch (kind)
        {
            case Kind.Plain:
                break;
            case Kind.Scram256 or Kind.Scram512:
                var mechanism = kind == Kind.Scram256 ? ScramMechanism.ScramSha256 : ScramMechanism.ScramSha512;
                await kafka.Admin.AlterUserScramCredentialsAsync(
                [
                    new UserScramCredentialUpsertion
                    {
                        User = user, Password = System.Text.Encoding.UTF8.GetBytes(kafka.Password),
                        ScramCredentialInfo = new ScramCredentialInfo { Mechanism = mechanism, Iterations = 4096 },
                    },
                ]);
                properties["sasl.mechanism"] = kind == Kind.Scram256 ? "SCRAM-SHA-256" : "SCRAM-SHA-512";
                break;
            case Kind.UnsecuredToken:
                // For tries and tests: the token says who one is, and nobody signs it. One that has expired is refused.
                secrets = [];
                properties = new Dictionary<string, string>
                {
                    ["security.protocol"] = "SASL_PLAINTEXT", ["sasl.mechanism"] = "OAUTHBEARER",
                    ["enable.sasl.oauthbearer.unsecure.jwt"] = "true",
                    ["sasl.oauthbearer.config"] = isRight ? $"principal={user}" : $"principalClaimName=nobody principal={user}",
                };
                break;
            case Kind.TokenEndpoint:
                secrets = [secret, TokenEndpoint.PayloadOf(user)];
                properties = new Dictionary<string, string>
                {
                    ["security.protocol"] = "SASL_PLAINTEXT", ["sasl.mechanism"] = "OAUTHBEARER", ["sasl.oauthbearer.method"] = "oidc",
                    ["sasl.oauthbearer.token.endpoint.url"] = tokens.Url, ["sasl.oauthbearer.client.id"] = user,
                    ["sasl.oauthbearer.client.secret"] = secret,
                };
                break;
            default:
                servers = kafka.SslServers;
                principal = "CN=" + user;
                var hasPassword = kind == Kind.CertificateWithPassword;
                var (certificate, key) = kafka.Certificates.Sign(principal, hasPassword ? secret : null);
                secrets = [secret, key.Split('\n')[1]];
                properties = new Dictionary<string, string>
                {
                    ["security.protocol"] = "SSL", ["ssl.certificate.pem"] = certificate, ["ssl.key.pem"] = key,
                    ["ssl.ca.pem"] = isRight ? kafka.Certificates.Authority : new TestCertificates().Authority,
                };
                if (hasPassword) properties["ssl.key.password"] = secret;
                break;
        }
        // librdkafka's own log, all of it.
        properties["debug"] = "all";
        return (servers, properties, principal, secrets);
    }
}
