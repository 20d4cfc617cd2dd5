using System.Buffers;
using System.Buffers.Binary;

namespace StreamScoring.Schemas.Avro;

/// <summary>
/// Reads and writes generated records as bare Avro data and in Avro's single-object encoding: C3 01, the schema's
/// fingerprint (8 bytes, little-endian), the data.
/// </summary>
public static class AvroCodec
{
    /// <summary>First byte of single-object encoding.</summary>
    public const byte SingleObjectMarker = 0xC3;

    /// <summary>Second byte of single-object encoding: its version.</summary>
    public const byte SingleObjectVersion = 0x01;

    /// <summary>Bytes before the data.</summary>
    public const int SingleObjectHeaderBytes = 10;

    private const int StartBytes = 8 << 10;

    /// <summary>Writes a record with nothing before it.</summary>
    /// <exception cref="AvroException">The record holds what its schema does not allow; nothing was written.</exception>
    public static void EncodeDatum<T>(T record, IBufferWriter<byte> output)
        where T : class, IAvroRecord<T>, new() => Encode(record, [], output);

    /// <summary>Writes a record in single-object encoding.</summary>
    /// <exception cref="AvroException">The record holds what its schema does not allow; nothing was written.</exception>
    public static void EncodeSingleObject<T>(T record, IBufferWriter<byte> output)
        where T : class, IAvroRecord<T>, new()
    {
        Span<byte> header = stackalloc byte[SingleObjectHeaderBytes];
        WriteSingleObjectHeader(header, T.AvroFingerprint);
        Encode(record, header, output);
    }

    /// <summary>A record in single-object encoding.</summary>
    /// <exception cref="AvroException">The record holds what its schema does not allow.</exception>
    public static byte[] EncodeSingleObject<T>(T record)
        where T : class, IAvroRecord<T>, new()
    {
        Span<byte> header = stackalloc byte[SingleObjectHeaderBytes];
        WriteSingleObjectHeader(header, T.AvroFingerprint);
        return Encode(record, header);
    }

    /// <summary>A record with nothing before it.</summary>
    /// <exception cref="AvroException">The record holds what its schema does not allow.</exception>
    public static byte[] EncodeDatum<T>(T record)
        where T : class, IAvroRecord<T>, new() => Encode(record, []);

    /// <summary>Reads bare data that were written with the record's own schema.</summary>
    /// <param name="datum">All of it: bytes that follow are an error.</param>
    /// <param name="into">Filled and returned where not null, see <see cref="IAvroRecord{TSelf}.DecodeAvro"/>.</param>
    /// <param name="limits">Null: <see cref="AvroLimits.Default"/>.</param>
    /// <exception cref="AvroException">The data are not of the record's schema.</exception>
    public static T DecodeDatum<T>(ReadOnlySpan<byte> datum, T? into = null, AvroLimits? limits = null)
        where T : class, IAvroRecord<T>, new() => Decode(datum, headerBytes: 0, into, limits ?? AvroLimits.Default);

    /// <summary>The fingerprint of single-object encoding.</summary>
    /// <returns>False where <paramref name="message"/> does not begin as one.</returns>
    public static bool TryReadFingerprint(ReadOnlySpan<byte> message, out ulong fingerprint)
    {
        if (message is [SingleObjectMarker, SingleObjectVersion, ..] && message.Length >= SingleObjectHeaderBytes)
        {
            fingerprint = BinaryPrimitives.ReadUInt64LittleEndian(message[2..]);
            return true;
        }
        fingerprint = 0;
        return false;
    }

    internal static byte[] Encode<T>(T record, ReadOnlySpan<byte> header)
        where T : class, IAvroRecord<T>, new()
    {
        var writer = new AvroWriter(StartBytes);
        try
        {
            Write(ref writer, record, header);
            return writer.Written.ToArray();
        }
        finally
        {
            writer.Dispose();
        }
    }

    internal static void Encode<T>(T record, ReadOnlySpan<byte> header, IBufferWriter<byte> output)
        where T : class, IAvroRecord<T>, new()
    {
        ArgumentNullException.ThrowIfNull(output);
        var writer = new AvroWriter(StartBytes);
        try
        {
            Write(ref writer, record, header);
            output.Write(writer.Written);
        }
        finally
        {
            writer.Dispose();
        }
    }

    /// <summary>Reads what follows the header; positions in errors count from the start of <paramref name="message"/>.</summary>
    internal static T Decode<T>(ReadOnlySpan<byte> message, int headerBytes, T? into, AvroLimits limits)
        where T : class, IAvroRecord<T>, new()
    {
        var record = into ?? new T();
        var reader = new AvroReader(message, limits);
        reader.Seek(headerBytes);
        try
        {
            record.DecodeAvro(ref reader);
            reader.ExpectEnd();
        }
        catch (AvroException e) when (e.FieldPath is null)
        {
            throw Located(e, T.AvroSchema, message, headerBytes, limits);
        }
        return record;
    }

    internal static AvroException Located(
        AvroException e, AvroSchema schema, ReadOnlySpan<byte> message, int headerBytes, AvroLimits limits) =>
        new(e.Error, e.Reason, e.Position, AvroPath.Find(schema, message[headerBytes..], e.Position - headerBytes, limits));

    private static void Write<T>(scoped ref AvroWriter writer, T record, ReadOnlySpan<byte> header)
        where T : class, IAvroRecord<T>, new()
    {
        ArgumentNullException.ThrowIfNull(record);
        writer.WriteRaw(header);
        try
        {
            record.EncodeAvro(ref writer);
        }
        catch (AvroException e) when (e.FieldPath is null)
        {
            var datum = writer.Written[header.Length..];
            throw new AvroException(e.Error, e.Reason, -1, AvroPath.Find(T.AvroSchema, datum, datum.Length, AvroLimits.Default));
        }
    }

    private static void WriteSingleObjectHeader(Span<byte> header, ulong fingerprint)
    {
        header[0] = SingleObjectMarker;
        header[1] = SingleObjectVersion;
        BinaryPrimitives.WriteUInt64LittleEndian(header[2..], fingerprint);
    }
}
