using AdaLoRA.Gen.Generators.Diagnostics;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Targets of AdaLoRA of which PEFT has only plain LoRA. (This library reads back what it saved of every kind.)</summary>
internal static class PeftRules
{
    public static void Check(AdapterAttribute attribute, TargetSelection selection, List<Finding> findings)
    {
        if (attribute.UsesLoRA || selection.IsBroken) return;
        foreach (var pattern in selection.Uses.GroupBy(u => u.Element))
        {
            var layer = pattern.SelectMany(u => u.Layers).FirstOrDefault(l => !IsKnownToPeft(l.Node));
            if (layer?.Node is not { Type: { } type } node) continue;
            string text = pattern.First().Pattern.Text;
            findings.Add(new Finding(Rules.NotReadByPeft, FindingPlace.InPattern(attribute, "Targets", pattern.Key, (0, text.Length)), PatternAdvice.Shown(node.Path), Names.Short(type) + (node.IsGrouped ? " with groups" : "")));
            return;
        }
    }

    /// <summary>A Conv2d whose groups only the run knows counts as known: most have none.</summary>
    private static bool IsKnownToPeft(ModuleNode node) =>
        node.Type is null || (!node.IsGrouped && AdaptableLayers.KindOf(node.Type) is not (LayerKind.Embedding or LayerKind.QuantizableEmbedding or LayerKind.Conv1d or LayerKind.Conv3d));
}
