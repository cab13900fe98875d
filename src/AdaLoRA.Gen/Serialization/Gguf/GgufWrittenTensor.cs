using Microsoft.Win32.SafeHandles;

namespace AdaLoRA.Gen.Serialization;

/// <summary>A tensor of a GGUF file that is written.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Sizes of its dimensions, in torch's order.</param>
/// <param name="Type">Its element type, one whose blocks are single elements.</param>
/// <param name="WriteData">Writes exactly <see cref="ByteCount"/> bytes from a position of the file on.</param>
internal sealed record GgufWrittenTensor(string Name, long[] Shape, GgmlType Type, Action<SafeFileHandle, long> WriteData)
{
    /// <summary>Bytes of its data.</summary>
    public long ByteCount => Shape.Aggregate(1L, (product, size) => checked(product * size)) * Type.BlockBytes;

    /// <summary>One of floats that are in memory.</summary>
    public static GgufWrittenTensor Of(string name, FloatMatrix matrix) => new(name, [matrix.Rows, matrix.Columns], GgmlType.Find(TorchSharp.torch.ScalarType.Float32)!, (file, position) => WrittenTensor.WriteAll(file, matrix.Values, position));
}

/// <summary>A matrix of floats in memory.</summary>
/// <param name="Values">Row by row.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Columns">Its columns.</param>
internal sealed record FloatMatrix(float[] Values, int Rows, int Columns)
{
    /// <summary>Rows and columns exchanged: a new matrix.</summary>
    public FloatMatrix Transposed()
    {
        float[] turned = new float[Values.Length];
        for (int i = 0; i < Rows; i++)
        {
            for (int j = 0; j < Columns; j++) turned[j * Rows + i] = Values[i * Columns + j];
        }
        return new FloatMatrix(turned, Columns, Rows);
    }
}
