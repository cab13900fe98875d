using System.Runtime.InteropServices;
using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Tool.Files;
using AdaLoRA.Gen.Tool.Output;
using Microsoft.Win32.SafeHandles;
using TorchSharp;

namespace AdaLoRA.Gen.Tool.Merging;

/// <summary>Writes a base model with ΔW in its weights, tensor by tensor and block by block: W + scale·B·diag(E)·A, added in float32 (float64 for F64) and rounded once, as the run time's Merge does.</summary>
internal sealed class Merger(AdapterFolder adapter, HuggingFaceCheckpoint checkpoint, string? wanted, Action<long> report, CancellationToken stop)
{
    /// <summary>Elements of a block: 16 MB of float32, which stay in the caches of most machines.</summary>
    private const int BlockElements = 1 << 22;

    private long _done;

    /// <summary>Bytes of all tensors as written.</summary>
    public static long Total(MergePlan plan, string? wanted) => plan.Tensors.Sum(t => Count(t) * Elements.Size(t.DType(wanted)));

    /// <summary>The tensors; their bytes are made while they are written.</summary>
    public List<WrittenTensor> Tensors(MergePlan plan) => [.. plan.Tensors.Select(t => new WrittenTensor(t.Name, SafetensorsDType.Find(t.DType(wanted))!, t.Entry.Shape, (file, position) => Write(t, file, position)))];

    /// <summary>The type that most floats have, for config.json.</summary>
    public static torch.ScalarType? MainType(MergePlan plan, string? wanted) => plan.Tensors.Where(t => Elements.IsFloat(t.DType(wanted))).GroupBy(t => t.DType(wanted)).OrderByDescending(g => g.Sum(Count)).FirstOrDefault() is { } most
        ? SafetensorsDType.Find(most.Key)!.Scalar
        : null;

    private static long Count(PlannedTensor tensor) => tensor.Entry.Shape.Aggregate(1L, (a, b) => a * b);

    private void Write(PlannedTensor tensor, SafeFileHandle file, long position)
    {
        string dtype = tensor.DType(wanted);
        if (tensor.Target is null && dtype == SourceType(tensor) && (tensor.Saved is not null || tensor.ScaleName is null)) Copy(tensor, file, position);
        else if (dtype == "F64" || SourceType(tensor) == "F64" || (tensor.Target is { } target && adapter.Entry(target.KeyA).DType == "F64")) WriteDouble(tensor, dtype, file, position);
        else WriteSingle(tensor, dtype, file, position);
    }

    private string SourceType(PlannedTensor tensor) => tensor.Saved is { } saved ? adapter.Entry(saved.Key, saved.Beside).DType : tensor.Entry.DType;

    private void Copy(PlannedTensor tensor, SafeFileHandle file, long position)
    {
        int size = Elements.Size(SourceType(tensor));
        for (long first = 0, count = Count(tensor); first < count; first += BlockElements) Put(Raw(tensor, first, (int)Math.Min(BlockElements, count - first), size), file, position + first * size);
    }

    private void WriteSingle(PlannedTensor tensor, string dtype, SafeFileHandle file, long position)
    {
        var (delta, columns, rows) = Blocks(tensor);
        int size = Elements.Size(dtype), block = (int)Math.Clamp(BlockElements / columns, 1, Math.Max(1, rows));
        float[] weight = new float[checked(block * columns)], sum = delta is null ? [] : new float[weight.Length];
        byte[] bytes = new byte[weight.Length * size];
        for (long row = 0; row < rows; row += block)
        {
            int count = (int)Math.Min(block, rows - row), length = checked((int)(count * columns));
            ReadSingle(tensor, row * columns, columns, weight.AsSpan(0, length));
            delta?.AddTo(weight, (int)row, count, sum);
            Elements.Write(dtype, weight.AsSpan(0, length), bytes);
            RequireFinite(tensor, dtype, bytes.AsSpan(0, length * size));
            Put(bytes.AsSpan(0, length * size), file, position + row * columns * size);
        }
    }

    private void WriteDouble(PlannedTensor tensor, string dtype, SafeFileHandle file, long position)
    {
        var (delta, columns, rows) = Blocks(tensor);
        int size = Elements.Size(dtype), block = (int)Math.Clamp(BlockElements / columns, 1, Math.Max(1, rows));
        float[] single = new float[checked(block * columns)];
        double[] weight = new double[single.Length];
        byte[] bytes = new byte[weight.Length * 8];
        for (long row = 0; row < rows; row += block)
        {
            int count = (int)Math.Min(block, rows - row), length = checked((int)(count * columns));
            if (SourceType(tensor) == "F64") Elements.Read("F64", Raw(tensor, row * columns, length, 8), weight.AsSpan(0, length));
            else
            {
                ReadSingle(tensor, row * columns, columns, single.AsSpan(0, length));
                for (int i = 0; i < length; i++) weight[i] = single[i];
            }
            delta?.AddTo(weight, (int)row, count);
            Elements.Write(dtype, weight.AsSpan(0, length), bytes.AsSpan(0, length * size));
            RequireFinite(tensor, dtype, bytes.AsSpan(0, length * size));
            Put(bytes.AsSpan(0, length * size), file, position + row * columns * size);
        }
    }

    /// <summary>ΔW of a tensor, and the rows into which it is cut.</summary>
    private (DeltaRows? Delta, long Columns, long Rows) Blocks(PlannedTensor tensor)
    {
        var shape = tensor.Entry.Shape;
        long count = Count(tensor), rows = shape.Count == 0 ? 1 : shape[0], columns = rows == 0 ? 1 : Math.Max(1, count / rows);
        if (tensor.Target is not { } target) return (null, columns, count == 0 ? 0 : rows);
        return (new DeltaRows(adapter.Factors(target), target.Scale, WeightForms.Of(adapter, target, shape)), columns, rows);
    }

    private void ReadSingle(PlannedTensor tensor, long first, long columns, Span<float> to)
    {
        string dtype = SourceType(tensor);
        if (tensor.Saved is null && tensor.ScaleName is { } scales)
        {
            ReadInt8(tensor, scales, first, columns, to);
            return;
        }
        Elements.Read(dtype, Raw(tensor, first, to.Length, Elements.Size(dtype)), to);
    }

    /// <summary>int8 rows times their scales, as FromPretrained reads them.</summary>
    private void ReadInt8(PlannedTensor tensor, string scales, long first, long columns, Span<float> to)
    {
        var entry = checkpoint.EntryOf(scales);
        if (tensor.Entry.Shape.Count != 2 || !entry.Shape.SequenceEqual([tensor.Entry.Shape[0], 1]) || !Elements.IsFloat(entry.DType)) throw new AdaLoRAException($"'{scales}' of '{checkpoint.Path}' is {entry}, which is not one float a row of '{tensor.Name}' {tensor.Entry}.");
        byte[] bytes = new byte[to.Length];
        checkpoint.ReadBytes(tensor.Entry.Name, first, bytes);
        int rows = (int)(to.Length / columns), size = Elements.Size(entry.DType);
        byte[] raw = new byte[rows * size];
        checkpoint.ReadBytes(scales, first / columns * size, raw);
        float[] factors = new float[rows];
        Elements.Read(entry.DType, raw, factors);
        var values = MemoryMarshal.Cast<byte, sbyte>(bytes);
        for (int i = 0; i < values.Length; i++) to[i] = values[i] * factors[(int)(i / columns)];
    }

    private byte[] Raw(PlannedTensor tensor, long first, int count, int size)
    {
        byte[] bytes = new byte[(long)count * size];
        if (tensor.Saved is { } saved) adapter.ReadBytes(saved.Key, saved.Beside, first * size, bytes);
        else checkpoint.ReadBytes(tensor.Entry.Name, first * size, bytes);
        return bytes;
    }

    private static void RequireFinite(PlannedTensor tensor, string dtype, ReadOnlySpan<byte> bytes)
    {
        if (tensor.Target is { } target && !Inspection.FiniteScan.IsFinite(dtype, bytes)) throw new AdaLoRAException($"Merging would make the weight of '{target.Path}' NaN or infinite in {dtype}; nothing was written: look for a diverged training, or take a wider --dtype.");
    }

    private void Put(ReadOnlySpan<byte> bytes, SafeFileHandle file, long position)
    {
        stop.ThrowIfCancellationRequested();
        RandomAccess.Write(file, bytes, position);
        report(_done += bytes.Length);
    }
}
