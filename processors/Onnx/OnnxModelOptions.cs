namespace StreamScoring.Processors.Onnx;

/// <summary>What runs a model.</summary>
public enum OnnxProvider
{
    /// <summary>ONNX Runtime's own kernels, on the processor.</summary>
    Cpu,

    /// <summary>An NVIDIA GPU, with the packages of <c>-p:Gpu=true</c>.</summary>
    Cuda,
}

/// <summary>How a model is run.</summary>
public sealed record OnnxModelOptions
{
    /// <summary>What runs it. Default: the processor.</summary>
    public OnnxProvider Provider { get; init; } = OnnxProvider.Cpu;

    /// <summary>Which GPU, from 0. Default: 0.</summary>
    public int DeviceId { get; init; }

    /// <summary>
    /// Threads that share the work of one run. 1 to 256, default: 1, because calls come from several threads at once and
    /// use the cores that way.
    /// </summary>
    public int IntraOpThreads { get; init; } = 1;

    /// <summary>
    /// Threads of a run wait for work by spinning: some percent faster alone, far slower where cores are shared. Without
    /// effect where <see cref="IntraOpThreads"/> is 1. Default: false.
    /// </summary>
    public bool Spinning { get; init; }

    /// <summary>
    /// Rows computed in one run. 1 to 1,024, default: 1, which pads nothing and makes a row's result depend on that row
    /// alone, bit for bit: 8-bit models take one scale for the whole input, so that neighbours and padding move their
    /// results. More pays off on a GPU.
    /// </summary>
    public int RowsPerRun { get; init; } = 1;

    /// <summary>
    /// Tokens computed in one run, padding counted, where rows go together; a longer row runs alone. It bounds the memory
    /// of a run. 16 to 16,777,216, default: 16,384.
    /// </summary>
    public int TokensPerRun { get; init; } = 16_384;
}
