using System.Buffers;
using Microsoft.ML.OnnxRuntime;
using StreamScoring.Processors.Models;

namespace StreamScoring.Processors.Onnx;

/// <summary>
/// An encoder with a head: rows of tokens in, numbers out. Any number of threads may run it at once; disposing it while
/// they do lets them finish.
/// </summary>
/// <remarks>
/// Inputs are found by name: <c>input_ids</c>, and where the graph has them <c>attention_mask</c> and
/// <c>token_type_ids</c>, int64 [batch, sequence] each.
/// </remarks>
internal sealed class OnnxModel : IDisposable
{
    private const string InputIds = "input_ids";
    private const string AttentionMask = "attention_mask";
    private const string TokenTypeIds = "token_type_ids";

    private readonly InferenceSession _session;
    // What fails is thrown; a copy of it on stderr helps nobody.
    private readonly RunOptions _runOptions = new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
    private readonly string _path;
    private readonly string[] _inputNames;
    private readonly string[] _outputNames;
    private readonly bool[] _perToken;
    private readonly int _rowsPerRun;
    private readonly int _tokensPerRun;
    private readonly int _paddingId;

    /// <summary>One for the owner, one for each thread inside; at 0 the session goes.</summary>
    private int _users = 1;
    private int _disposed;

    private OnnxModel(
        InferenceSession session, string path, string[] inputNames, string[] outputNames, bool[] perToken,
        OnnxModelOptions options, int paddingId)
    {
        _session = session;
        _path = path;
        _inputNames = inputNames;
        _outputNames = outputNames;
        _perToken = perToken;
        _rowsPerRun = options.RowsPerRun;
        _tokensPerRun = options.TokensPerRun;
        _paddingId = paddingId;
    }

    /// <summary>True where the graph reads <c>token_type_ids</c>.</summary>
    public bool HasTokenTypes => _inputNames.Contains(TokenTypeIds);

    /// <summary>Loads the graph and checks that it has what the task needs.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="outputs">The outputs to read, in the order in which <see cref="RowOutputs"/> gives them.</param>
    /// <param name="paddingId">Id that fills shorter rows.</param>
    /// <param name="options">How to run it.</param>
    /// <exception cref="ModelException">Not a graph, not the right one, or not for this machine.</exception>
    public static OnnxModel Load(
        string path, IReadOnlyList<OnnxOutput> outputs, int paddingId, OnnxModelOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.IntraOpThreads, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.IntraOpThreads, 256);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.RowsPerRun, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.RowsPerRun, 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.TokensPerRun, 16);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.TokensPerRun, 1 << 24);
        if (!File.Exists(path)) throw new ModelException(ModelError.Missing, path, "the file is not there.");
        OnnxEnvironment.EnsureQuiet();
        InferenceSession session;
        try
        {
            using var sessionOptions = CreateSessionOptions(path, options);
            session = new InferenceSession(path, sessionOptions);
        }
        catch (OnnxRuntimeException exception)
        {
            throw new ModelException(ModelError.BadGraph, path,
                $"ONNX Runtime cannot load it ({exception.Message.Trim()}). It may be cut short: fetch it again.", exception);
        }
        try
        {
            var inputNames = FindInputs(session, path);
            var (outputNames, perToken) = FindOutputs(session, path, outputs);
            return new OnnxModel(session, path, inputNames, outputNames, perToken, options, paddingId);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Computes every row and hands each result to <paramref name="receiver"/>.</summary>
    /// <exception cref="InvalidOperationException">ONNX Runtime failed; the message has its reason.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two runs.</exception>
    public void Run(TokenRows rows, IRowReceiver receiver, CancellationToken cancellationToken)
    {
        Enter();
        try
        {
            if (_rowsPerRun == 1)
            {
                for (var row = 0; row < rows.Count; row++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    RunGroup(rows, [row], receiver);
                }
                return;
            }
            RunSorted(rows, receiver, cancellationToken);
        }
        finally
        {
            Leave();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) Leave();
    }

    private void RunSorted(TokenRows rows, IRowReceiver receiver, CancellationToken cancellationToken)
    {
        var count = rows.Count;
        var order = ArrayPool<long>.Shared.Rent(count);
        var group = ArrayPool<int>.Shared.Rent(_rowsPerRun);
        try
        {
            // Rows of like length go together: little is padded.
            for (var row = 0; row < count; row++) order[row] = ((long)rows.Length(row) << 32) | (uint)row;
            order.AsSpan(0, count).Sort();
            for (var from = 0; from < count;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var size = RowGroups.SizeOfNext(order.AsSpan(from, count - from), _rowsPerRun, _tokensPerRun);
                for (var i = 0; i < size; i++) group[i] = (int)(uint)order[from + i];
                RunGroup(rows, group.AsSpan(0, size), receiver);
                from += size;
            }
        }
        finally
        {
            ArrayPool<int>.Shared.Return(group);
            ArrayPool<long>.Shared.Return(order);
        }
    }

    private void RunGroup(TokenRows rows, ReadOnlySpan<int> group, IRowReceiver receiver)
    {
        var longest = 0;
        foreach (var row in group) longest = Math.Max(longest, rows.Length(row));
        var size = group.Length * longest;
        var buffers = new long[_inputNames.Length][];
        var inputs = new OrtValue[_inputNames.Length];
        long[] shape = [group.Length, longest];
        try
        {
            for (var i = 0; i < inputs.Length; i++)
            {
                buffers[i] = ArrayPool<long>.Shared.Rent(size);
                Fill(buffers[i].AsSpan(0, size), _inputNames[i], rows, group, longest);
                inputs[i] = OrtValue.CreateTensorValueFromMemory(
                    OrtMemoryInfo.DefaultInstance, buffers[i].AsMemory(0, size), shape);
            }
            using var outputs = Run(inputs, group.Length, longest);
            Deliver(outputs, rows, group, longest, receiver);
        }
        finally
        {
            foreach (var input in inputs) input?.Dispose();
            foreach (var buffer in buffers)
            {
                if (buffer is not null) ArrayPool<long>.Shared.Return(buffer);
            }
        }
    }

    private IDisposableReadOnlyCollection<OrtValue> Run(OrtValue[] inputs, int rows, int length)
    {
        try
        {
            return _session.Run(_runOptions, _inputNames, inputs, _outputNames);
        }
        catch (OnnxRuntimeException exception)
        {
            throw new InvalidOperationException(
                $"Model '{_path}': ONNX Runtime failed on {rows} row(s) of {length} tokens: {exception.Message.Trim()}",
                exception);
        }
    }

    private void Fill(Span<long> buffer, string name, TokenRows rows, ReadOnlySpan<int> group, int longest)
    {
        for (var i = 0; i < group.Length; i++)
        {
            var target = buffer.Slice(i * longest, longest);
            var length = rows.Length(group[i]);
            switch (name)
            {
                case InputIds:
                    var ids = rows.Ids(group[i]);
                    for (var t = 0; t < length; t++) target[t] = ids[t];
                    target[length..].Fill(_paddingId);
                    break;
                case TokenTypeIds:
                    var types = rows.Types(group[i]);
                    for (var t = 0; t < length; t++) target[t] = types[t];
                    target[length..].Clear();
                    break;
                default:
                    target[..length].Fill(1);
                    target[length..].Clear();
                    break;
            }
        }
    }

    private void Deliver(
        IDisposableReadOnlyCollection<OrtValue> outputs, TokenRows rows, ReadOnlySpan<int> group, int longest,
        IRowReceiver receiver)
    {
        var blocks = new OnnxBlock[outputs.Count];
        try
        {
            for (var i = 0; i < blocks.Length; i++)
                blocks[i] = OnnxBlock.Read(outputs[i], group.Length, longest, _perToken[i], _path, _outputNames[i]);
            for (var i = 0; i < group.Length; i++)
                receiver.Receive(group[i], new RowOutputs(blocks, i, rows.Length(group[i])));
        }
        finally
        {
            foreach (var block in blocks) block.Dispose();
        }
    }

    private static SessionOptions CreateSessionOptions(string path, OnnxModelOptions options)
    {
        var session = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            IntraOpNumThreads = options.IntraOpThreads,
            InterOpNumThreads = 1,
            // It keeps a plan for every shape it has met, and every text has another length.
            EnableMemoryPattern = false,
            // One arena for all calls hands the memory that one core has just used to another: 8 to 15 % of the processor
            // time of two calls at once. malloc keeps memory by thread.
            EnableCpuMemArena = false,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        session.AddSessionConfigEntry("session.intra_op.allow_spinning", options.Spinning ? "1" : "0");
        if (options.Provider != OnnxProvider.Cuda) return session;
        try
        {
            if (!OrtEnv.Instance().GetAvailableProviders().Contains("CUDAExecutionProvider"))
                throw new ModelException(ModelError.Unsupported, path,
                    "it is set to run on CUDA, and this build has no CUDA; build with -p:Gpu=true, or set the provider to Cpu.");
            session.AppendExecutionProvider_CUDA(options.DeviceId);
            return session;
        }
        catch (OnnxRuntimeException exception)
        {
            session.Dispose();
            throw new ModelException(ModelError.Unsupported, path,
                $"CUDA device {options.DeviceId} cannot be used ({exception.Message.Trim()}). Check the driver and that "
                + "CUDA and cuDNN are installed, or set the provider to Cpu.", exception);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private static string[] FindInputs(InferenceSession session, string path)
    {
        var names = new List<string>();
        foreach (var (name, input) in session.InputMetadata)
        {
            if (name is not (InputIds or AttentionMask or TokenTypeIds))
                throw Wrong(path, $"the graph has an input '{name}', which nothing here can fill");
            if (!input.IsTensor || input.ElementType != typeof(long) || input.Dimensions.Length != 2)
                throw Wrong(path, $"input '{name}' is not int64 [batch, sequence]");
            names.Add(name);
        }
        return names.Contains(InputIds) ? [.. names] : throw Wrong(path, $"the graph has no input '{InputIds}'");
    }

    private static (string[] Names, bool[] PerToken) FindOutputs(
        InferenceSession session, string path, IReadOnlyList<OnnxOutput> outputs)
    {
        var names = new string[outputs.Count];
        var perToken = new bool[outputs.Count];
        for (var i = 0; i < names.Length; i++)
        {
            var wanted = outputs[i];
            var name = wanted.Name;
            if (!session.OutputMetadata.TryGetValue(name, out var output))
            {
                if (outputs.Count > 1 || session.OutputMetadata.Count > 1)
                    throw Wrong(path, $"the graph has no output '{name}', only {string.Join(", ", session.OutputMetadata.Keys)}");
                (name, output) = session.OutputMetadata.First();
            }
            var rank = output.Dimensions.Length;
            var shape = wanted.PerToken ? "[batch, sequence, …]" : "[batch, labels]";
            if (!output.IsTensor || (output.ElementType != typeof(float) && output.ElementType != typeof(Float16)))
                throw Wrong(path, $"output '{name}' is no tensor of floats");
            if (wanted.PerToken ? rank is not (2 or 3) : rank != 2)
                throw Wrong(path, $"output '{name}' has {rank} dimensions, needed is {shape}");
            names[i] = name;
            perToken[i] = wanted.PerToken;
        }
        return (names, perToken);
    }

    private static ModelException Wrong(string path, string what) =>
        new(ModelError.WrongShape, path, what + "; is it a model of another task?");

    private void Enter()
    {
        // Turned away once disposed, though others may still be inside: else they could keep the session alive for ever.
        for (var users = Volatile.Read(ref _users); users > 0 && Volatile.Read(ref _disposed) == 0;)
        {
            var seen = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (seen == users) return;
            users = seen;
        }
        throw new ObjectDisposedException(nameof(OnnxModel), $"Model '{_path}' is disposed.");
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _users) > 0) return;
        _session.Dispose();
        _runOptions.Dispose();
    }
}
