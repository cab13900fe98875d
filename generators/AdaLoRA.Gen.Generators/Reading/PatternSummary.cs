using System.Globalization;
using AdaLoRA.Gen.Generators.Diagnostics;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Says in numbers what each pattern of <c>Targets</c> matches, as far as the source states them.</summary>
internal static class PatternSummary
{
    /// <summary>Initial rank ÷ mean final rank where the attribute says nothing; must agree with <c>AdapterSizing</c>.</summary>
    private const int InitialOverFinal = 4;

    public static IEnumerable<Finding> Of(ModelGraph graph)
    {
        var reader = new TargetReader(graph.Attribute, graph.ModelName, graph.Root, []);
        var patterns = graph.Attribute.Texts("Targets");
        int? rank = InitialRank(graph);
        var total = new Lazy<decimal?>(() => ParameterCounts.Of(graph.Root, graph.Context));
        for (int i = 0; i < patterns.Count; i++)
        {
            if (patterns[i] is not { Length: > 0 } text) continue;
            var selection = reader.ReadTarget(i, n => SpecBuilder.IsReachable(n, graph.Context));
            if (selection.IsBroken) continue;
            yield return new Finding(Rules.PatternMatches, FindingPlace.InPattern(graph.Attribute, "Targets", i, (0, text.Length)), text, Sentence(graph.Attribute, selection, rank, total));
        }
    }

    private static string Sentence(AdapterAttribute attribute, TargetSelection selection, int? rank, Lazy<decimal?> total)
    {
        if (selection.Matrices() is not { } matrices)
        {
            int known = selection.Chosen.SelectMany(l => l.Paths()).Count(p => p.IndexOf(ModuleNode.IndexMark) < 0);
            return known > 0 ? $"at least {Layers(known)}; how many more is known only at run time" : "layers; how many is known only at run time";
        }
        string text = Layers(matrices.Count);
        if (rank is not { } r) return text + $"; {(matrices.Count == 1 ? "its" : "their")} rank is known only at run time";
        text += attribute.UsesLoRA ? $": rank {Number(r)}" : $": {Number((decimal)r * matrices.Count)} triplets";
        if (matrices.Any(m => m.Node is not { InFeatures: > 0, OutFeatures: > 0 })) return text + (matrices.Count == 1 ? "; its size is known only at run time" : "; not all of their sizes are known before run time");
        // Plain LoRA has no λ.
        decimal trainable = matrices.Sum(m => (decimal)r * ((decimal)m.Node.InFeatures + m.Node.OutFeatures + (attribute.UsesLoRA ? 0 : 1)));
        text += $", {Number(trainable)} trainable parameters";
        return total.Value is > 0 and var all ? text + $", {Share(trainable / all)} of the model" : text;
    }

    /// <summary>The rank that every target starts with; null where only the run knows.</summary>
    private static int? InitialRank(ModelGraph graph)
    {
        var attribute = graph.Attribute;
        if (attribute.Int(attribute.RankArgument) is > 0 and var stated) return stated;
        int budget = attribute.Int("Budget");
        if (attribute.IsLoRA || budget < 1 || attribute.IsBroken("BudgetUnit") || attribute.IsBroken("InitialRank") || graph.Selection.Matrices() is not { Count: > 0 } matrices) return null;
        if (matrices.Any(m => m.Node is not { InFeatures: > 0, OutFeatures: > 0 }) || BudgetRules.Cost(attribute, matrices, _ => 1) is not { } unit) return null;
        decimal mean = Math.Ceiling(budget / unit);
        return (int)Math.Min(attribute.UsesLoRA ? mean : InitialOverFinal * mean, matrices.Min(m => Math.Min(m.Node.InFeatures, m.Node.OutFeatures)));
    }

    private static string Layers(int count) => count == 1 ? "1 layer" : Number(count) + " layers";

    private static string Number(decimal value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Share(decimal share) => share < 0.001m ? "less than 0.1 %" : (share * 100).ToString("0.0", CultureInfo.InvariantCulture) + " %";
}
