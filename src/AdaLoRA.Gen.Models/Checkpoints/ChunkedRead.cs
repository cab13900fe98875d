using AdaLoRA.Gen.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>
/// Reads a stored tensor into memory that is there already, converted on the way in pieces that stay in the cache: a whole tensor in the file's type beside the wanted one would cost a second
/// pass over memory that the system has to find first, which is what loading time is made of.
/// </summary>
internal static class ChunkedRead
{
    /// <summary>Elements of a piece: 1 MB of 16-bit values, a few microseconds of calls against 100 of reading.</summary>
    private const long Piece = 1L << 19;

    /// <summary>Fills a tensor.</summary>
    /// <param name="target">On the CPU and contiguous, as many elements as the stored tensor; of any type.</param>
    /// <param name="file">File of the tensor.</param>
    /// <param name="name">Its name.</param>
    /// <param name="scales">Floats by which rows of the stored tensor are multiplied, float32 [rows, 1]; null: none.</param>
    internal static void Fill(Tensor target, SafetensorsFile file, string name, Tensor? scales)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        ScalarType stored = file.Entries[name].ScalarType!.Value;
        Tensor flat = target.detach().view(-1);
        long count = flat.shape[0];
        if (count == 0) return;
        if (stored == flat.dtype && scales is null)
        {
            file.ReadInto(name, 0, flat);
            return;
        }
        // Whole rows where rows have scales.
        long width = scales is null ? 1 : count / scales.shape[0], step = Math.Max(1, Piece / width) * width;
        Tensor raw = torch.empty(Math.Min(step, count), stored, torch.CPU);
        Tensor? product = scales is null || flat.dtype == ScalarType.Float32 ? null : torch.empty(raw.shape, ScalarType.Float32, torch.CPU);
        for (long first = 0; first < count; first += step)
        {
            using var piece = torch.NewDisposeScope();
            long length = Math.Min(step, count - first);
            Tensor read = raw.narrow(0, 0, length), into = flat.narrow(0, first, length);
            file.ReadInto(name, first, read);
            if (scales is null)
            {
                into.copy_(read);
                continue;
            }
            // Multiplied in float32 and rounded once.
            Tensor scaled = product?.narrow(0, 0, length) ?? into;
            scaled.copy_(read);
            scaled.view(-1, width).mul_(scales.narrow(0, first / width, length / width));
            if (product is not null) into.copy_(scaled);
        }
    }
}
