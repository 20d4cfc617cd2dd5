namespace StreamScoring.Schemas.Avro;

/// <summary>A class that the generator made from a record of an .avsc.</summary>
/// <typeparam name="TSelf">The class itself.</typeparam>
public interface IAvroRecord<TSelf>
    where TSelf : class, IAvroRecord<TSelf>, new()
{
    /// <summary>Its schema, with everything the .avsc says.</summary>
    static abstract AvroSchema AvroSchema { get; }

    /// <summary>CRC-64-AVRO fingerprint of its schema.</summary>
    static abstract ulong AvroFingerprint { get; }

    /// <summary>Writes the record.</summary>
    /// <exception cref="AvroException">The record holds what its schema does not allow.</exception>
    void EncodeAvro(ref AvroWriter writer);

    /// <summary>
    /// Reads a record into this one: every field is overwritten; lists, maps and records already here are filled
    /// again, and strings kept where they are the same. After an error the record holds some of both.
    /// </summary>
    /// <exception cref="AvroException">The data are not of this record's schema.</exception>
    void DecodeAvro(ref AvroReader reader);
}
