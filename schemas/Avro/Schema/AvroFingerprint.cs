using System.Text;

namespace StreamScoring.Schemas.Avro;

/// <summary>"Schema Fingerprints" of the Avro specification.</summary>
internal static class AvroFingerprint
{
    private const ulong Empty = 0xc15d213aa4d7a795;

    private static readonly ulong[] Table = MakeTable();

    /// <summary>The 64-bit Rabin fingerprint (CRC-64-AVRO) of the UTF-8 of <paramref name="canonicalForm"/>.</summary>
    public static ulong Crc64(string canonicalForm)
    {
        var fingerprint = Empty;
        foreach (var octet in Encoding.UTF8.GetBytes(canonicalForm))
        {
            fingerprint = (fingerprint >> 8) ^ Table[(int)(fingerprint ^ octet) & 0xff];
        }
        return fingerprint;
    }

    private static ulong[] MakeTable()
    {
        var table = new ulong[256];
        for (var i = 0; i < table.Length; i++)
        {
            var entry = (ulong)i;
            for (var bit = 0; bit < 8; bit++) entry = (entry >> 1) ^ (Empty & (0 - (entry & 1)));
            table[i] = entry;
        }
        return table;
    }
}
