using System.Buffers.Binary;

namespace StreamScoring.Schemas.Avro;

/// <summary>Confluent's wire format: magic byte 0, the schema's id (4 bytes, big-endian), the data.</summary>
public static class ConfluentFraming
{
    /// <summary>First byte.</summary>
    public const byte Magic = 0;

    /// <summary>Header in which newer clients put the schema's GUID (01, then 16 bytes big-endian) or id instead.</summary>
    public const string ValueSchemaIdHeader = "__value_schema_id";

    private const byte GuidMagic = 1;
    private const int GuidHeaderBytes = 17;

    /// <summary>Bytes before the data.</summary>
    public const int HeaderBytes = 5;

    /// <summary>Writes magic byte and id.</summary>
    public static void WriteHeader(Span<byte> header, int schemaId)
    {
        header[0] = Magic;
        BinaryPrimitives.WriteInt32BigEndian(header[1..], schemaId);
    }

    /// <summary>A schema's GUID as the value of <see cref="ValueSchemaIdHeader"/>.</summary>
    public static byte[] HeaderOf(Guid guid)
    {
        var header = new byte[GuidHeaderBytes];
        header[0] = GuidMagic;
        guid.TryWriteBytes(header.AsSpan(1), bigEndian: true, out _);
        return header;
    }

    /// <summary>A schema's id as the value of <see cref="ValueSchemaIdHeader"/>, for registries that give no GUIDs.</summary>
    public static byte[] HeaderOf(int schemaId)
    {
        var header = new byte[HeaderBytes];
        WriteHeader(header, schemaId);
        return header;
    }

    /// <summary>Reads the GUID of a header.</summary>
    /// <returns>False where <paramref name="header"/> holds none.</returns>
    public static bool TryReadGuid(ReadOnlySpan<byte> header, out Guid guid)
    {
        guid = default;
        if (header.Length != GuidHeaderBytes || header[0] != GuidMagic) return false;
        guid = new Guid(header[1..], bigEndian: true);
        return true;
    }

    /// <summary>Reads the id.</summary>
    /// <returns>False where <paramref name="message"/> is too short or begins otherwise.</returns>
    public static bool TryReadId(ReadOnlySpan<byte> message, out int schemaId)
    {
        schemaId = 0;
        if (message.Length < HeaderBytes || message[0] != Magic) return false;
        schemaId = BinaryPrimitives.ReadInt32BigEndian(message[1..]);
        return true;
    }
}
