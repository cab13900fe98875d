using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Tool.Inspection;

/// <summary>Finds out what a path is, and looks at it.</summary>
internal static class Inspector
{
    private const string Schema = "adalora.inspect/1", AdapterFolder = "adapter", BestFolder = "best", CheckpointsFolder = "checkpoints", MetricsFile = "metrics.json";

    public static InspectReport Inspect(string path, bool readValues, Terminal terminal, bool quiet, CancellationToken stop)
    {
        string Inside(string name) => Path.Combine(path, name);
        if (File.Exists(path)) return OfFile();
        if (!Directory.Exists(path)) throw new AdaLoRAException($"There is no file or folder '{path}'.");
        if (File.Exists(Inside(CheckpointFolder.StateFile)) || File.Exists(Inside(TrainingStateFolder.JsonFile))) return OfCheckpoint();
        if (File.Exists(Inside(PeftConfig.FileName))) return OfAdapter("adapter", path);
        if (Directory.Exists(Inside(AdapterFolder)) || Directory.Exists(Inside(CheckpointsFolder)) || File.Exists(Inside(MetricsFile))) return OfOutput();
        if (HuggingFaceCheckpoint.IsIn(path)) return OfTensors("model");
        throw new AdaLoRAException($"'{path}' is nothing that can be inspected: an adapter folder holds {PeftConfig.FileName}, a checkpoint {CheckpointFolder.StateFile}, the output of a run {AdapterFolder}/ or {CheckpointsFolder}/, a model model.safetensors or its index.");

        InspectReport OfFile()
        {
            try
            {
                return OfTensors("safetensors");
            }
            catch (Exception e) when (e is SafetensorsException or AdaLoRAException && !path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            {
                throw new AdaLoRAException($"'{path}' is nothing that can be inspected: of single files, inspect reads .safetensors, and read as one: {e.Message}", e);
            }
        }

        InspectReport OfTensors(string kind)
        {
            var tensors = TensorsInspector.Inspect(path, readValues, terminal, quiet, stop);
            return new InspectReport(Schema, path, kind, tensors.NonFinite is { } wrong ? wrong.Count == 0 : null) { Tensors = tensors };
        }

        InspectReport OfAdapter(string kind, string folder)
        {
            var adapter = AdapterInspector.Inspect(folder, readValues, stop);
            return new InspectReport(Schema, path, kind, adapter.NonFinite is { } wrong ? wrong.Count == 0 : null) { Adapter = adapter };
        }

        InspectReport OfCheckpoint()
        {
            string? why = WhyIncomplete(path);
            var checkpoint = new CheckpointReport(why is null, why, ReadIfPossible(Inside(CheckpointFolder.StateFile)));
            string adapter = Inside(CheckpointFolder.AdapterFolder);
            // An incomplete checkpoint may lack its adapter, or have half of one: what stands of it is still told.
            if (why is not null && !File.Exists(Path.Combine(adapter, PeftKeys.TensorFile))) return new InspectReport(Schema, path, "checkpoint", null) { Checkpoint = checkpoint };
            return OfAdapter("checkpoint", adapter) with { Checkpoint = checkpoint };
        }

        InspectReport OfOutput()
        {
            string checkpoints = Inside(CheckpointsFolder);
            List<CheckpointLine> lines = [];
            if (Directory.Exists(checkpoints))
            {
                lines.AddRange(Directory.GetDirectories(checkpoints, "step-*").OrderBy(StepOf).Select(folder =>
                    new CheckpointLine(Path.GetFileName(folder), WhyIncomplete(folder) is null, new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length))));
            }
            var output = new OutputReport(ReadIfPossible(Inside(MetricsFile)), Directory.Exists(Inside(BestFolder)), lines);
            return (File.Exists(Path.Combine(Inside(AdapterFolder), PeftConfig.FileName)) ? OfAdapter("output", Inside(AdapterFolder)) : new InspectReport(Schema, path, "output", null)) with { Output = output };
        }
    }

    private static string? WhyIncomplete(string folder)
    {
        try
        {
            _ = CheckpointFolder.Read(folder);
            return null;
        }
        catch (Exception e) when (e is AdaLoRAException or IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    private static JsonObject? ReadIfPossible(string path)
    {
        try
        {
            return File.Exists(path) ? StrictJson.ReadObject(path) : null;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static int StepOf(string folder) => int.TryParse(Path.GetFileName(folder).AsSpan("step-".Length), NumberStyles.None, CultureInfo.InvariantCulture, out int step) ? step : -1;
}
