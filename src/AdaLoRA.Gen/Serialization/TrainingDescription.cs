using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AdaLoRA.Gen.Serialization;

/// <summary>The readable half of a training state: where the run stands, and the plan that its buffers belong to, with a fingerprint over it.</summary>
internal static class TrainingDescription
{
    public const string Step = "step";
    private const int FormatVersion = 2;
    private const string Targets = "targets";
    private const string Room = "room";

    /// <summary>Trained parameters that have had a gradient: from then on every step updates them, with a gradient of zero where there is none.</summary>
    private const string Gradients = "with_gradient";

    /// <summary>Where the run stands, which may differ between two states of one plan.</summary>
    private static readonly string[] s_progress = ["format", Step, "skipped", "skipped_in_a_row", Gradients, "fingerprint", Targets];

    public static JsonObject Of(AdaLoRAOptimizer optimizer)
    {
        var set = optimizer.Set;
        var o = set.Options;
        var targets = new JsonArray();
        foreach (var adapter in set.Adapters)
        {
            targets.Add((JsonNode)new JsonObject
            {
                ["path"] = adapter.Path,
                ["rank"] = adapter.Slots.Length,
                ["in"] = adapter.InFeatures,
                ["out"] = adapter.OutFeatures,
                ["scale"] = adapter.Scale,
                [Room] = string.Concat(adapter.Slots.Select(s => s ? '1' : '0')),
            });
        }
        var description = new JsonObject
        {
            ["format"] = FormatVersion,
            [Step] = optimizer.StepsCompleted,
            ["skipped"] = optimizer.SkippedSteps,
            ["skipped_in_a_row"] = optimizer.SkippedInARow,
            [Gradients] = new JsonArray([.. optimizer.NamesWithGradient.Select(n => (JsonNode)n)]),
            ["model"] = set.ModelName,
            ["method"] = o.Method.ToString(),
            ["fidelity"] = o.Fidelity.ToString(),
            ["score"] = o.Score.ToString(),
            ["optimizer"] = optimizer.Options.Kind.ToString(),
            ["budget"] = set.Sizing.Budget,
            ["budget_unit"] = o.BudgetUnit.ToString(),
            ["rank_limits"] = string.Join("; ", o.RankLimits),
            ["compact"] = o.Compact,
            ["total_steps"] = set.Phases.TotalSteps,
            ["initial_warmup"] = set.Phases.InitialWarmup,
            ["final_warmup"] = set.Phases.FinalWarmup,
            ["interval"] = o.Interval,
            ["beta1"] = o.Beta1,
            ["beta2"] = o.Beta2,
            ["orthogonal_weight"] = o.OrthogonalWeight,
            ["dropout"] = o.Dropout,
            ["trained"] = string.Join("; ", set.TrainableNames),
            [Targets] = targets,
        };
        description["fingerprint"] = Fingerprint(description);
        return description;
    }

    /// <summary>Reads a <c>training.json</c>.</summary>
    /// <exception cref="AdaLoRAException">It is none.</exception>
    public static JsonObject Read(string path)
    {
        try
        {
            if (StrictJson.ReadObject(path) is { } o && o["format"]?.GetValue<int>() == FormatVersion && o[Step]?.GetValue<int>() >= 0) return o;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new AdaLoRAException($"'{path}' is no training state: {e.Message}", e);
        }
        throw new AdaLoRAException($"'{path}' is no training state of format {FormatVersion.ToString(CultureInfo.InvariantCulture)}.");
    }

    public static long Skipped(JsonObject found) => Count(found, "skipped");

    public static long SkippedInARow(JsonObject found) => Count(found, "skipped_in_a_row");

    public static IReadOnlyCollection<string> WithGradient(JsonObject found) => found[Gradients] is JsonArray names ? names.Select(Text).OfType<string>().ToHashSet(StringComparer.Ordinal) : [];

    /// <summary>Refuses the state of another plan; the first target or value that differs is named.</summary>
    public static void RequireSame(AdaLoRAOptimizer optimizer, JsonObject found, string folder)
    {
        var expected = Of(optimizer);
        int count = Math.Max((found[Targets] as JsonArray)?.Count ?? 0, optimizer.Set.Adapters.Count);
        for (int i = 0; i < count; i++)
        {
            string theirs = Target(found, i), ours = Target(expected, i);
            if (theirs != ours) throw new AdaLoRAException($"'{folder}' was written by another plan: its target {i + 1} is {theirs}, this run's is {ours}; start anew in another folder, or restore the plan.");
        }
        foreach (var (name, value) in expected.Where(f => !s_progress.Contains(f.Key)))
        {
            string theirs = found[name]?.ToJsonString() ?? "nothing", ours = value?.ToJsonString() ?? "nothing";
            if (theirs != ours) throw new AdaLoRAException($"'{folder}' was written with {name} {theirs}, this run has {ours}; start anew in another folder, or restore the value.");
        }
    }

    /// <summary>The triplets that a compacted state still has, among those that this run has room for; null when both have the same.</summary>
    public static int[][]? Compaction(AdaLoRAOptimizer optimizer, JsonObject found, string folder)
    {
        var adapters = optimizer.Set.Adapters;
        var kept = new int[adapters.Count][];
        bool same = true;
        for (int i = 0; i < kept.Length; i++)
        {
            var adapter = adapters[i];
            string? room = Text(((JsonArray)found[Targets]!)[i]?[Room]);
            if (room is null || room.Length != adapter.Slots.Length || room.AsSpan().ContainsAnyExcept('0', '1')) throw new AdaLoRAException($"'{folder}': {Room} of '{adapter.Path}' is {room ?? "missing"}; it must be {adapter.Slots.Length} digits 0 or 1.");
            int next = 0;
            var list = new List<int>();
            for (int k = 0; k < room.Length; k++)
            {
                if (room[k] == '1' && !adapter.Slots[k]) throw new AdaLoRAException($"'{folder}' has triplet {k + 1} of '{adapter.Path}', for which this run has no room any more; load it into a run that was not compacted yet.");
                if (room[k] == '1') list.Add(next);
                if (adapter.Slots[k]) next++;
            }
            kept[i] = [.. list];
            same &= list.Count == next;
        }
        return same ? null : kept;
    }

    private static string Target(JsonObject description, int i)
    {
        if (description[Targets] is not JsonArray targets || i >= targets.Count || targets[i] is not JsonObject target) return "nothing";
        var comparable = (JsonObject)target.DeepClone();
        comparable.Remove(Room);
        return comparable.ToJsonString();
    }

    /// <summary>SHA-256 over the plan, without what changes while it runs.</summary>
    private static string Fingerprint(JsonObject description)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in description.Where(f => !s_progress.Contains(f.Key))) text.Append(name).Append('=').Append(value?.ToJsonString()).Append('\n');
        for (int i = 0; i < ((JsonArray)description[Targets]!).Count; i++) text.Append(Target(description, i)).Append('\n');
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static long Count(JsonObject found, string name) => found[name] is JsonValue v && v.TryGetValue(out long count) && count >= 0 ? count : 0;

    private static string? Text(JsonNode? node) => node is JsonValue v && v.TryGetValue(out string? text) ? text : null;
}
