using System.Globalization;
using System.Text.Json.Nodes;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Tool.Output;

namespace AdaLoRA.Gen.Tool.Inspection;

/// <summary>A report for people: what it is, the rank map, and a line a target.</summary>
internal static class InspectText
{
    /// <summary>Tensors of a model that are named; the rest is counted.</summary>
    private const int MostTensors = 20;

    public static void Write(InspectReport report, bool all, Terminal terminal)
    {
        var to = terminal.Out;
        to.WriteLine($"{report.Path}: {Kind(report)}");
        if (report.Output is { } output) Output(output, terminal);
        if (report.Checkpoint is { } checkpoint) Checkpoint(checkpoint, terminal);
        if (report.Adapter is { } adapter) Adapter(adapter, terminal);
        if (report.Tensors is { } tensors) Tensors(tensors, all, terminal);
        to.WriteLine(report.Finite switch { true => "Every value is finite.", false => "There are NaN or infinite values: look for a diverged training.", null => "Values were not read." });
    }

    private static string Kind(InspectReport report) => report.Kind switch
    {
        "adapter" => "an adapter",
        "checkpoint" => "a checkpoint of a hosted run, with its adapter",
        "output" => "the output of a hosted run",
        "model" => "a model" + (report.Tensors?.Architecture is { } name ? $" ({name})" : ""),
        _ => "a safetensors file",
    };

    private static void Adapter(AdapterReport adapter, Terminal terminal)
    {
        var to = terminal.Out;
        to.WriteLine($"{adapter.Method}{(adapter.BaseModel is { } model ? $" of {model}" : "")}: {adapter.Targets.Count} targets, {adapter.Rank} of {adapter.InitialRank} triplets, "
            + $"{Text.Count(adapter.Parameters)} parameters{(adapter.TrainedParameters > 0 ? $" and {Text.Count(adapter.TrainedParameters)} in modules trained in full" : "")}, {Text.Bytes(adapter.Bytes)}.");
        if (adapter.TrainedModules.Count > 0) to.WriteLine($"Trained in full: {Some(adapter.TrainedModules)}.");
        if (adapter.Variants is { } variants) to.WriteLine(variants);
        if (adapter.NonFinite is { Count: > 0 } wrong) to.WriteLine($"Not finite: {Some(wrong)}.");
        to.WriteLine();
        RankMapOf(adapter).Write(terminal);
        to.WriteLine();
        bool lambda = adapter.Targets.Any(t => t.Lambda is not null);
        var grid = lambda
            ? new Grid("targets", "target", "rank", "in", "out", "type", "scale", "|dW|", "|P'P-I|", "|QQ'-I|", "lambda largest", "median", "smallest") { LeftAligned = [0, 4] }
            : new Grid("targets", "target", "rank", "in", "out", "type", "scale", "|dW|") { LeftAligned = [0, 4] };
        foreach (var t in adapter.Targets)
        {
            string[] cells = [t.Path, t.Rank == t.InitialRank ? $"{t.Rank}" : $"{t.Rank}/{t.InitialRank}", $"{t.In}", $"{t.Out}", t.DType, Text.Number(t.Scale), Text.Number(t.DeltaNorm)];
            grid.Add(lambda ? [.. cells, Text.Number(t.DriftP), Text.Number(t.DriftQ), At(t, 0), At(t, 0.5), At(t, 1)] : cells);
        }
        grid.Write(terminal);
        if (adapter.DriftP is { } p && adapter.DriftQ is { } q) to.WriteLine($"Drift from orthogonality, at most: |P'P-I| {Text.Number(p)}, |QQ'-I| {Text.Number(q)}.");
    }

    /// <summary>The λ at a share of the way from the largest magnitude to the smallest.</summary>
    private static string At(TargetReport target, double share) => target.Lambda is { Count: > 0 } lambda ? Text.Number(lambda[(int)Math.Round((lambda.Count - 1) * share)]) : "-";

    /// <summary>One row a kind of layer, one column an index of the list they stand in.</summary>
    private static Grid RankMapOf(AdapterReport adapter)
    {
        var cells = adapter.Targets.Select(t => (Position: RankMap.Split(t.Path), t.Rank)).ToList();
        int[] columns = [.. cells.Select(c => c.Position.Index).Distinct().Order()];
        var grid = new Grid("ranks", ["layer", .. columns.Select(c => c < 0 ? "rank" : c.ToString(CultureInfo.InvariantCulture)), "sum"]);
        foreach (var row in cells.GroupBy(c => c.Position.Kind))
        {
            var byIndex = row.GroupBy(c => c.Position.Index).ToDictionary(g => g.Key, g => g.Sum(c => c.Rank));
            grid.Add([row.Key, .. columns.Select(c => byIndex.TryGetValue(c, out int rank) ? $"{rank}" : ""), $"{row.Sum(c => c.Rank)}"]);
        }
        return grid;
    }

    private static void Checkpoint(CheckpointReport checkpoint, Terminal terminal)
    {
        terminal.Out.WriteLine(checkpoint.Complete ? "It is complete: a run can be resumed from it." : checkpoint.WhyNot);
        if (checkpoint.State is not { } state) return;
        var grid = new Grid("state", "field", "value") { LeftAligned = [0, 1] };
        foreach (string name in (string[])["model", "step", "total_steps", "attempts", "seed", "threads", "last_loss", "step_seconds", "written"])
        {
            if (state[name] is { } value) grid.Add(name, value.ToString());
        }
        foreach (var (name, value) in Pairs(state["versions"])) grid.Add($"versions.{name}", value);
        foreach (var (name, value) in Pairs(state["options"])) grid.Add($"options.{name}", value);
        grid.Write(terminal);
    }

    private static void Output(OutputReport output, Terminal terminal)
    {
        var grid = new Grid("checkpoints", "checkpoint", "complete", "size") { LeftAligned = [0, 1] };
        foreach (var line in output.Checkpoints) grid.Add(line.Name, line.Complete ? "yes" : "no", Text.Bytes(line.Bytes));
        grid.Write(terminal);
        if (output.Best) terminal.Out.WriteLine("best/ holds the adapter of the best evaluation.");
        if (output.Metrics is not { } metrics) return;
        var table = new Grid("metrics", "field", "value") { LeftAligned = [0, 1] };
        foreach (var (name, value) in Pairs(metrics)) table.Add(name, value);
        table.Write(terminal);
    }

    private static void Tensors(TensorsReport tensors, bool all, Terminal terminal)
    {
        terminal.Out.WriteLine($"{tensors.Count} tensors, {Text.Count(tensors.Parameters)} parameters, {Text.Bytes(tensors.Bytes)}: {string.Join(", ", tensors.DTypes.Select(d => $"{d.Value} {d.Key}"))}.");
        if (tensors.NonFinite is { Count: > 0 } wrong) terminal.Out.WriteLine($"Not finite: {Some(wrong)}.");
        var grid = new Grid(null, "tensor", "type", "shape") { LeftAligned = [0, 1, 2] };
        foreach (var entry in all ? tensors.Entries : tensors.Entries.Take(MostTensors)) grid.Add(entry.Name, entry.DType, Text.Shape(entry.Shape));
        grid.Write(terminal);
        if (!all && tensors.Entries.Count > MostTensors) terminal.Out.WriteLine($"and {tensors.Entries.Count - MostTensors} more (--all names them)");
    }

    /// <summary>The simple values of an object; lists and objects are in the JSON.</summary>
    private static IEnumerable<(string Name, string Value)> Pairs(JsonNode? node) =>
        node is JsonObject fields ? fields.Where(f => f.Value is JsonValue).Select(f => (f.Key, f.Value!.ToString())) : [];

    private static string Some(IReadOnlyList<string> names) => string.Join(", ", names.Take(5)) + (names.Count > 5 ? $" and {names.Count - 5} more" : "");
}
