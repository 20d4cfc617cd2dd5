using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace StreamScoring.Testing.Brokers;

/// <summary>A certificate authority made for one test run, and what it signed. PEM.</summary>
internal sealed class TestCertificates
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _authority;

    internal TestCertificates()
    {
        var request = new CertificateRequest("CN=test authority", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        _authority = request.CreateSelfSigned(Now.AddHours(-1), Now.AddDays(2));
        Authority = _authority.ExportCertificatePem();
        Broker = Sign("CN=broker");
    }

    /// <summary>The authority's certificate.</summary>
    internal string Authority { get; }

    /// <summary>For a broker on 127.0.0.1.</summary>
    internal (string Certificate, string Key) Broker { get; }

    /// <summary>A certificate and its private key, PKCS 8.</summary>
    /// <param name="name">Distinguished name.</param>
    /// <param name="password">Of the key; null: not encrypted.</param>
    internal (string Certificate, string Key) Sign(string name, string? password = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        alternatives.AddIpAddress(IPAddress.Loopback);
        alternatives.AddDnsName("localhost");
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        using var certificate = request.Create(_authority, Now.AddHours(-1), Now.AddDays(1), RandomNumberGenerator.GetBytes(16));
        return (
            certificate.ExportCertificatePem(),
            password is null
                ? key.ExportPkcs8PrivateKeyPem()
                : key.ExportEncryptedPkcs8PrivateKeyPem(password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 10_000)));
    }
}
