using System.Buffers;
using StreamScoring.Schemas.Avro;
using StreamScoring.Schemas.Avro.Resolution;
using StreamScoring.Schemas.Registry;

namespace StreamScoring.Schemas;

/// <summary>What an <see cref="ArticleSerde"/> works with.</summary>
public sealed record ArticleSerdeOptions
{
    /// <summary>Schemas whose fingerprints are known. Default: <see cref="ArticleSchemas.Known"/>.</summary>
    public AvroSchemaStore Schemas { get; init; } = ArticleSchemas.Known;

    /// <summary>Where schemas of Confluent framing come from. Default null: such values are an error.</summary>
    public ISchemaSource? Registry { get; init; }

    /// <summary>
    /// Id that written Avro carries in Confluent framing, and the schema it is written with, see
    /// <see cref="SchemaRegistryClient.PrepareWriterAsync"/>. Default null: single-object encoding is written.
    /// </summary>
    public RegisteredSchema? Writer { get; init; }

    /// <summary>Bounds for what comes from others.</summary>
    public AvroLimits Limits { get; init; } = AvroLimits.Default;

    /// <summary>Spelling of the field names in written JSON. Default snake_case.</summary>
    public FieldNaming JsonNaming { get; init; }
}

/// <summary>
/// Articles to and from the wire. Reading tells the forms apart by the first bytes: <c>00</c> Confluent framing,
/// <c>C3 01</c> Avro single-object encoding, <c>{</c> (after white space or a byte order mark) JSON. Safe for any number
/// of threads.
/// </summary>
public sealed class ArticleSerde
{
    private readonly ArticleSerdeOptions _options;
    private readonly AvroDecoder<Article> _avro;
    private readonly AvroResolver? _toWriter;

    /// <summary>A serde with these settings.</summary>
    public ArticleSerde(ArticleSerdeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _avro = new AvroDecoder<Article>(options.Schemas, options.Registry, options.Limits);
        if (options.Writer is { } writer) _toWriter = AvroResolver.Create(ArticleSchemas.Current, writer.Schema);
    }

    /// <summary>A serde with the default settings.</summary>
    public static ArticleSerde Default { get; } = new(new ArticleSerdeOptions());

    /// <summary>
    /// What header <see cref="ConfluentFraming.ValueSchemaIdHeader"/> of a record must hold whose value was written as
    /// <paramref name="format"/>; null: no such header, the value says itself what it is.
    /// </summary>
    public byte[]? SchemaIdHeader(ArticleFormat format) => format == ArticleFormat.Avro ? _options.Writer?.SchemaIdHeader : null;

    /// <summary>Reads an article in whichever wire form its first bytes announce.</summary>
    /// <param name="value">Value of a Kafka record, or a line of a file.</param>
    /// <exception cref="CodecException">
    /// The bytes are no article: a typed error with a code, the place and the field. Or
    /// (<see cref="CodecException.IsTransient"/>) their schema is not there yet: try again.
    /// </exception>
    public Article Decode(ReadOnlySpan<byte> value) => Decode(value, CancellationToken.None);

    /// <summary>Reads an article whose schema a header of its record may name.</summary>
    /// <param name="value">Value of a Kafka record.</param>
    /// <param name="schemaIdHeader">
    /// Value of header <see cref="ConfluentFraming.ValueSchemaIdHeader"/>; empty where the record has none.
    /// </param>
    /// <param name="cancellationToken">Ends the wait for a schema of the registry.</param>
    /// <exception cref="CodecException">As for the other overload.</exception>
    public Article Decode(ReadOnlySpan<byte> value, ReadOnlySpan<byte> schemaIdHeader, CancellationToken cancellationToken = default) =>
        schemaIdHeader.IsEmpty ? Decode(value, cancellationToken) : _avro.DecodeWithHeader(value, schemaIdHeader, null, cancellationToken);

    /// <summary>An article in a wire form.</summary>
    /// <exception cref="CodecException">The article holds what the schema does not allow.</exception>
    public byte[] Encode(Article article, ArticleFormat format)
    {
        if (format == ArticleFormat.Json) return ArticleJson.Write(article, _options.JsonNaming);
        if (_options.Writer is not { } writer) return AvroCodec.EncodeSingleObject(article);
        if (_toWriter!.IsIdentity)
        {
            return AvroCodec.Encode(article, FramingOf(writer, stackalloc byte[ConfluentFraming.HeaderBytes]));
        }
        var output = new ArrayBufferWriter<byte>();
        EncodeRegistered(article, writer, output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Writes an article in a wire form.</summary>
    /// <exception cref="CodecException">The article holds what the schema does not allow; nothing was written.</exception>
    public void Encode(Article article, ArticleFormat format, IBufferWriter<byte> output)
    {
        if (format == ArticleFormat.Json) ArticleJson.Write(article, output, _options.JsonNaming);
        else if (_options.Writer is { } writer) EncodeRegistered(article, writer, output);
        else AvroCodec.EncodeSingleObject(article, output);
    }

    private Article Decode(ReadOnlySpan<byte> value, CancellationToken cancellationToken) => value switch
    {
        [AvroCodec.SingleObjectMarker, AvroCodec.SingleObjectVersion, ..] => _avro.DecodeSingleObject(value),
        [ConfluentFraming.Magic, ..] when _options.Registry is null => throw new ArticleFormatException(ArticleError.NoRegistry,
            "The value is in Confluent framing (first byte 00) and no schema registry is configured; set SchemaRegistry:Url."),
        [ConfluentFraming.Magic, ..] => _avro.DecodeConfluent(value, null, cancellationToken),
        _ => DecodeJson(value),
    };

    private static ReadOnlySpan<byte> FramingOf(RegisteredSchema writer, Span<byte> room)
    {
        if (writer.SchemaIdHeader is not null) return [];
        ConfluentFraming.WriteHeader(room, writer.Id);
        return room;
    }

    private void EncodeRegistered(Article article, RegisteredSchema writer, IBufferWriter<byte> output)
    {
        var header = FramingOf(writer, stackalloc byte[ConfluentFraming.HeaderBytes]);
        if (_toWriter!.IsIdentity)
        {
            AvroCodec.Encode(article, header, output);
            return;
        }
        var ours = AvroCodec.EncodeDatum(article);
        var theirs = new AvroWriter(ours.Length + header.Length, _options.Limits);
        try
        {
            theirs.WriteRaw(header);
            _toWriter.Resolve(ours, ref theirs, _options.Limits);
            output.Write(theirs.Written);
        }
        finally
        {
            theirs.Dispose();
        }
    }

    private static Article DecodeJson(ReadOnlySpan<byte> value)
    {
        var text = value.StartsWith("\uFEFF"u8) ? value[3..] : value;
        var first = text.IndexOfAnyExcept(" \t\r\n"u8);
        if (first < 0)
        {
            throw new ArticleFormatException(ArticleError.Empty, "The value is empty; an article is Avro or a JSON object.");
        }
        // What can only be meant as JSON gets JSON's errors.
        if (text[first] is (byte)'{' or (byte)'[' or (byte)'"') return ArticleJson.Read(text);
        throw new ArticleFormatException(ArticleError.UnknownForm,
            $"The value begins with {Convert.ToHexString(value[..Math.Min(4, value.Length)])}: neither Avro single-object encoding (C301), "
            + "nor Confluent framing (00), nor a JSON object ({).");
    }
}
