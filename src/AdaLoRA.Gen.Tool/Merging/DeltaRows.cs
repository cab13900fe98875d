using System.Numerics;
using System.Runtime.InteropServices;
using AdaLoRA.Gen.Autograd;
using AdaLoRA.Gen.Tool.Files;

namespace AdaLoRA.Gen.Tool.Merging;

/// <summary>Rows of ΔW as the weight has them, made a block at a time: Left [rows, r] · Right [r, columns].</summary>
internal sealed unsafe class DeltaRows
{
    /// <summary>Multiply-adds below which a second thread costs more than it saves.</summary>
    private const long PerThread = 1 << 22;

    private readonly double[] _left, _right;
    private readonly float[] _narrowLeft, _narrowRight;
    private readonly int _rank, _columns;

    public DeltaRows(Factors factors, double scale, WeightForm form)
    {
        double[] folded = factors.RoundedFoldedA(scale);
        (_rank, Rows, _columns) = form == WeightForm.RowsAreOutputs ? (factors.Rank, factors.Out, factors.In) : (factors.Rank, factors.In, factors.Out);
        (_left, _right) = form == WeightForm.RowsAreOutputs
            ? (factors.B, folded)
            : (Factors.Transposed(folded, factors.Rank, factors.In), Factors.Transposed(factors.B, factors.Out, factors.Rank));
        (_narrowLeft, _narrowRight) = (Factors.Narrow(_left), Factors.Narrow(_right));
    }

    public int Rows { get; }

    /// <summary>Adds whole rows to a block of the weight: ΔW is summed by itself and added once, as the run time does.</summary>
    /// <param name="weight">Rows from <paramref name="first"/> on.</param>
    /// <param name="first">The first row.</param>
    /// <param name="count">How many rows.</param>
    /// <param name="delta">Room for as many.</param>
    public void AddTo(float[] weight, int first, int count, float[] delta)
    {
        int threads = (int)Math.Clamp((long)count * _columns * _rank / PerThread, 1, Environment.ProcessorCount), each = (count + threads - 1) / threads;
        if (threads == 1) Add(weight, first, 0, count, delta);
        else Parallel.For(0, threads, i => Add(weight, first, i * each, Math.Min(each, count - i * each), delta));
    }

    private void Add(float[] weight, int first, int from, int count, float[] delta)
    {
        if (count <= 0) return;
        int start = from * _columns, length = count * _columns;
        delta.AsSpan(start, length).Clear();
        fixed (float* left = _narrowLeft)
        fixed (float* right = _narrowRight)
        fixed (float* sum = delta)
        {
            ThinProducts.Add(new Matrix(sum + start, _columns), new Matrix(left + (long)(first + from) * _rank, _rank), new Matrix(right, _columns), count, _columns, _rank);
        }
        var to = MemoryMarshal.Cast<float, Vector<float>>(weight.AsSpan(start, length));
        var of = MemoryMarshal.Cast<float, Vector<float>>(delta.AsSpan(start, length));
        for (int i = 0; i < to.Length; i++) to[i] += of[i];
        for (int i = start + to.Length * Vector<float>.Count; i < start + length; i++) weight[i] += delta[i];
    }

    /// <summary>The same in float64.</summary>
    public void AddTo(double[] weight, int first, int count)
    {
        for (int i = 0; i < count; i++)
        {
            var row = weight.AsSpan(i * _columns, _columns);
            double[] sum = new double[_columns];
            for (int k = 0; k < _rank; k++)
            {
                double factor = _left[(long)(first + i) * _rank + k];
                for (int j = 0; j < _columns; j++) sum[j] += factor * _right[(long)k * _columns + j];
            }
            for (int j = 0; j < _columns; j++) row[j] += sum[j];
        }
    }
}
