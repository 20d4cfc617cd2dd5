using System.Buffers;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using StreamScoring.Processors.Models;

namespace StreamScoring.Processors.Onnx;

/// <summary>An output of one run, copied out of ONNX Runtime's memory into a pooled array.</summary>
internal readonly struct OnnxBlock : IDisposable
{
    private readonly float[]? _values;
    private readonly int _count;

    private OnnxBlock(float[] values, int count, int rowSize, int width, bool perToken)
    {
        _values = values;
        _count = count;
        RowSize = rowSize;
        Width = width;
        PerToken = perToken;
    }

    /// <summary>The numbers of all rows, row-major.</summary>
    public ReadOnlySpan<float> Values => _values.AsSpan(0, _count);

    /// <summary>Numbers in a row, padding included.</summary>
    public int RowSize { get; }

    /// <summary>Numbers for a row, or for a token.</summary>
    public int Width { get; }

    /// <summary>Whether <see cref="Width"/> counts for a token.</summary>
    public bool PerToken { get; }

    /// <summary>Copies an output tensor, halves widened to floats.</summary>
    /// <exception cref="ModelException">Its shape does not follow from that of the input.</exception>
    public static OnnxBlock Read(OrtValue value, int rows, int length, bool perToken, string path, string name)
    {
        var information = value.GetTensorTypeAndShape();
        var shape = information.Shape;
        if (shape[0] != rows || (perToken && shape[1] != length))
        {
            throw new ModelException(ModelError.WrongShape, path,
                $"output '{name}' came as [{string.Join(", ", shape)}] for an input of [{rows}, {length}].");
        }
        var width = perToken ? (shape.Length == 3 ? (int)shape[2] : 1) : (int)shape[1];
        var rowSize = perToken ? length * width : width;
        var count = rows * rowSize;
        var values = ArrayPool<float>.Shared.Rent(count);
        if (information.ElementDataType == TensorElementType.Float16)
        {
            var halves = value.GetTensorDataAsSpan<Float16>();
            for (var i = 0; i < count; i++) values[i] = (float)halves[i];
        }
        else
        {
            value.GetTensorDataAsSpan<float>().CopyTo(values);
        }
        return new OnnxBlock(values, count, rowSize, width, perToken);
    }

    /// <summary>Gives the array back to the pool.</summary>
    public void Dispose()
    {
        if (_values is not null) ArrayPool<float>.Shared.Return(_values);
    }
}
