using AdaLoRA.Gen.Generators.Models;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>What one annotated class says, and every rule that it breaks.</summary>
/// <param name="Spec">What to emit; null where nothing can be.</param>
/// <param name="Findings">Broken rules.</param>
/// <param name="Members">Members that hold adapted layers.</param>
/// <param name="Visited">Syntax trees that this depends on.</param>
internal sealed record ModelReading(ModelSpec? Spec, IReadOnlyList<Finding> Findings, TargetMembers Members, IReadOnlyCollection<SyntaxTree> Visited)
{
    /// <summary>The module tree behind it; null where a class rule is broken.</summary>
    public ModelGraph? Graph { get; init; }
}

/// <summary>Reads an annotated class. Generator and analyzers both come here, so what is reported and what is emitted cannot drift apart.</summary>
internal static class ModelReader
{
    public static ModelReading Read(INamedTypeSymbol type, Compilation compilation, CancellationToken cancellation)
    {
        var context = new ReadContext(compilation, type, cancellation);
        var findings = new List<Finding>();
        var attributes = AdapterAttribute.On(type, cancellation);
        if (attributes.Count == 0) return new ModelReading(null, findings, TargetMembers.None, context.Visited);
        var attribute = attributes[0];
        VisitDeclarations(attributes, context);

        ClassRules.Check(type, attributes, findings);
        if (findings.Count > 0) return new ModelReading(null, findings, TargetMembers.None, context.Visited);

        var graph = new ModuleGraphReader(context);
        var root = graph.Read(type);
        var targets = new TargetReader(attribute, type.Name, root, findings);
        var selection = targets.ReadTargets(node => SpecBuilder.IsReachable(node, context));
        targets.CheckModules("Trainable");
        targets.CheckModules("CheckpointRoot");

        BudgetRules.Check(attribute, selection, findings);
        RankRules.Check(attribute, selection, findings);
        RankLimitRules.Check(attribute, type.Name, root, targets, selection, findings);
        ScheduleRules.Check(attribute, findings);
        RangeRules.Check(attribute, findings);
        EffectRules.Check(attribute, findings);
        DuplicateRules.Check(attribute, selection, findings);
        TrainableRules.Check(attribute, root, selection, findings);
        CheckpointRootRules.Check(attribute, root, selection, findings);
        PeftRules.Check(attribute, selection, findings);

        return new ModelReading(SpecBuilder.Build(attribute, root, selection, graph.Classes, context), findings, TargetMembers.Of(selection), context.Visited)
        {
            Graph = new ModelGraph(attribute, type.Name, root, selection, graph.Classes, context),
        };
    }

    private static void VisitDeclarations(List<AdapterAttribute> attributes, ReadContext context)
    {
        for (INamedTypeSymbol? t = context.Model; t is not null; t = t.ContainingType) context.Visit(t);
        foreach (var attribute in attributes)
            if (attribute.Syntax?.ArgumentList is { } arguments) context.VisitNames(arguments);
    }
}
