using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Tool.Output;

namespace AdaLoRA.Gen.Tool.Inspection;

/// <summary>Looks at the weights of a model folder, sharded or not, or at one safetensors file.</summary>
internal static class TensorsInspector
{
    private const int Piece = 1 << 24;

    public static TensorsReport Inspect(string path, bool readValues, Terminal terminal, bool quiet, CancellationToken stop)
    {
        using var checkpoint = HuggingFaceCheckpoint.Open(path);
        string[] names = [.. checkpoint.NamesInFileOrder];
        var entries = names.Select(checkpoint.EntryOf).ToList();
        long bytes = entries.Sum(e => e.ByteCount);
        List<string>? wrong = readValues ? [] : null;
        if (wrong is not null)
        {
            using var progress = new Progress(terminal, "looking at", bytes, quiet);
            long done = 0;
            byte[] buffer = new byte[Piece];
            foreach (var entry in entries)
            {
                bool finite = true;
                for (long first = 0; first < entry.ByteCount; first += Piece)
                {
                    stop.ThrowIfCancellationRequested();
                    var piece = buffer.AsSpan(0, (int)Math.Min(Piece, entry.ByteCount - first));
                    checkpoint.ReadBytes(entry.Name, first, piece);
                    finite &= FiniteScan.IsFinite(entry.DType, piece);
                    progress.Report(done += piece.Length);
                }
                if (!finite) wrong.Add(entry.Name);
            }
        }
        return new TensorsReport(
            entries.Count,
            entries.Sum(e => e.Shape.Aggregate(1L, (a, b) => a * b)),
            bytes,
            Architecture(path),
            entries.GroupBy(e => e.DType).OrderByDescending(g => g.Sum(e => e.ByteCount)).ToDictionary(g => g.Key, g => g.Count()),
            wrong,
            [.. entries.Select(e => new TensorLine(e.Name, e.DType, e.Shape))]);
    }

    private static string? Architecture(string folder)
    {
        string path = Path.Combine(folder, FolderConfig.FileName);
        if (!File.Exists(path)) return null;
        try
        {
            return StrictJson.ReadObject(path)?["architectures"] is JsonArray { Count: > 0 } list && list[0] is JsonValue first && first.TryGetValue(out string? name) ? name : null;
        }
        catch (JsonException)
        {
            // The weights are what was asked about; a config that is no JSON says nothing of them.
            return null;
        }
    }
}
