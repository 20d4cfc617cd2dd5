using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas.Registry;

/// <summary>How the subject of a topic's values is named, after Confluent's strategies.</summary>
public enum SubjectNameStrategy
{
    /// <summary><c>TOPIC-value</c>: one schema that grows for each topic.</summary>
    Topic,

    /// <summary>The record's full name: one schema that grows wherever it is used.</summary>
    Record,

    /// <summary><c>TOPIC-FULLNAME</c>: several records in one topic.</summary>
    TopicRecord,
}

/// <summary>Names of subjects.</summary>
public static class SubjectNames
{
    /// <summary>The subject of a topic's values.</summary>
    public static string ForValue(this SubjectNameStrategy strategy, string topic, AvroSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return strategy switch
        {
            SubjectNameStrategy.Topic => topic + "-value",
            SubjectNameStrategy.Record => NameOf(schema),
            _ => topic + "-" + NameOf(schema),
        };
    }

    private static string NameOf(AvroSchema schema) => schema is AvroNamedSchema named
        ? named.FullName
        : throw new ArgumentException("Only a named type has a subject of its own name.", nameof(schema));
}
