using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Handlers;

/// <summary>Decides about input records that cannot be read. Called from any thread.</summary>
public interface IDeserializationExceptionHandler
{
    /// <summary>What becomes of <paramref name="record"/>.</summary>
    ErrorResponse Handle(ErrorContext context, ConsumedRecord record, Exception exception);
}

/// <summary>Decides about failures in operators, processors and punctuators (KIP-1033). Called from any thread.</summary>
public interface IProcessingExceptionHandler
{
    /// <summary>
    /// What becomes of the input record. For a punctuator (<see cref="ErrorContext.Record"/> is null)
    /// <see cref="ErrorResponse.Continue"/> drops what it forwarded; anything else stops the stream, as there is no
    /// record to dead-letter.
    /// </summary>
    ErrorResponse Handle(ErrorContext context, Exception exception);
}

/// <summary>Decides about outputs that cannot be written. Called from any thread.</summary>
public interface IProductionExceptionHandler
{
    /// <summary>The broker would not take <paramref name="record"/>.</summary>
    ProductionResponse Handle(ErrorContext context, ProducedRecord record, Exception exception);

    /// <summary>A key or value could not be turned into bytes for <paramref name="topic"/>.</summary>
    ProductionResponse HandleSerialization(ErrorContext context, string topic, Exception exception);
}

/// <summary>One answer for every failure, as a handler for all three occasions.</summary>
public sealed class FixedResponseHandler :
    IDeserializationExceptionHandler, IProcessingExceptionHandler, IProductionExceptionHandler
{
    private readonly ErrorResponse _response;

    private FixedResponseHandler(ErrorResponse response) => _response = response;

    /// <summary>Drop the record and go on. A record lost this way is counted and logged.</summary>
    public static FixedResponseHandler Continue { get; } = new(ErrorResponse.Continue);

    /// <summary>Stop the stream. Default where no dead-letter topic is configured.</summary>
    public static FixedResponseHandler Fail { get; } = new(ErrorResponse.Fail);

    /// <summary>Put the record into the dead-letter topic. Default where one is configured.</summary>
    public static FixedResponseHandler DeadLetter { get; } = new(ErrorResponse.DeadLetter);

    /// <inheritdoc/>
    public ErrorResponse Handle(ErrorContext context, ConsumedRecord record, Exception exception) => _response;

    /// <inheritdoc/>
    public ErrorResponse Handle(ErrorContext context, Exception exception) => _response;

    /// <inheritdoc/>
    public ProductionResponse Handle(ErrorContext context, ProducedRecord record, Exception exception) =>
        AsProductionResponse();

    /// <inheritdoc/>
    public ProductionResponse HandleSerialization(ErrorContext context, string topic, Exception exception) =>
        AsProductionResponse();

    private ProductionResponse AsProductionResponse() => _response switch
    {
        ErrorResponse.Continue => ProductionResponse.Continue,
        ErrorResponse.DeadLetter => ProductionResponse.DeadLetter,
        _ => ProductionResponse.Fail,
    };
}
