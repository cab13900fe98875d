using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Diagnostics;

/// <summary>Every rule. An id is never given twice; its page is <c>generators/rules/&lt;id&gt;.md</c>.</summary>
internal static class Rules
{
    private const string Category = "AdaLoRA";
    private const string Pages = "https://github.com/adalora-gen/AdaLoRA.Gen/blob/main/generators/rules/";

    public static readonly DiagnosticDescriptor NotPartial = Error("ADALORA001",
        "An annotated class is partial",
        "'{0}' is not partial, so the adapters of '{1}' cannot be wired into it; add 'partial'",
        "The generator adds a part to the annotated class, hence it and every type around it have to be partial.");

    public static readonly DiagnosticDescriptor NotAModule = Error("ADALORA002",
        "An annotated class is a torch.nn.Module",
        "'{0}' does not derive from torch.nn.Module, so it has no layers to adapt; derive it from Module<Tensor, Tensor> or remove [{1}]",
        "Adapters go on the layers of a TorchSharp module.");

    public static readonly DiagnosticDescriptor MatchesNothing = Error("ADALORA003",
        "A pattern matches something",
        "'{0}' matches no {1} of {2}: {3}",
        "Each pattern, and each alternative in braces, has to match a registered module; the message names the nearest one.");

    public static readonly DiagnosticDescriptor NotAdaptable = Error("ADALORA004",
        "A target is a layer that can carry an adapter",
        "'{0}' matches '{1}', a {2}: adapters go on " + AdaptableLayers.Kinds + "; target one of these, or build the block from them",
        "TorchSharp's MultiheadAttention, LSTM and the like are one native layer with no Linear inside that could be adapted.");

    public static readonly DiagnosticDescriptor RankTooLarge = Error("ADALORA005",
        "The rank fits every target",
        "{0} {1} is larger than '{2}' allows ({3} × {4}); use at most {5}",
        "A matrix has no more than min(in, out) independent directions.");

    public static readonly DiagnosticDescriptor BudgetMissing = Error("ADALORA006",
        "The budget is at least 1",
        "{0} of {1} is {2}; set it to at least 1{3}",
        "The budget is the number of triplets (or of parameters) kept over all targets, the rank that of every target.");

    public static readonly DiagnosticDescriptor NoBudgetingPhase = Error("ADALORA007",
        "The schedule leaves a budgeting phase",
        "InitialWarmup {0} and FinalWarmup {1} leave no budgeting phase between them; make their sum less than 1",
        "Ranks are reallocated only between the initial and the final warmup.");

    public static readonly DiagnosticDescriptor ForwardBypasses = Warning("ADALORA008",
        "A target is called, not forwarded",
        "'{0}.forward' bypasses the adapter of '{0}'; use '{0}.call'",
        "Adapters are forward hooks, and TorchSharp runs hooks in call(), never in forward().");

    public static readonly DiagnosticDescriptor BudgetRemovesNothing = Warning("ADALORA009",
        "The budget is smaller than what the run starts with",
        "Budget {0} is not below the {1} {4} that {2} targets of rank {3} start with, so nothing is ever removed; lower it, or use [LoRA]",
        "AdaLoRA spends its budget by removing triplets where they matter least.");

    public static readonly DiagnosticDescriptor CannotEmit = Error("ADALORA010",
        "An annotated class can be extended",
        "Adapters cannot be wired into '{0}': {1}",
        "Some declarations cannot be given a generated part.");

    public static readonly DiagnosticDescriptor NoTargets = Error("ADALORA011",
        "Targets are named",
        "'{0}' names no targets; add at least one pattern, such as Targets = [\"*.query\"]",
        "Without a pattern there is nothing to adapt.");

    public static readonly DiagnosticDescriptor RankLimitUnreadable = Error("ADALORA012",
        "A rank limit is a pattern of targets and a range",
        "'{0}' in RankLimits {1}",
        "Each entry of RankLimits is 'pattern: min..max', either end of which may be left out; the pattern has to match a target.");

    public static readonly DiagnosticDescriptor RankLimitsUnsatisfiable = Error("ADALORA013",
        "The rank limits can be kept",
        "RankLimits cannot be kept: {0}",
        "A target never has more triplets than it starts with, and all targets together no more than the budget.");

    private static DiagnosticDescriptor Error(string id, string title, string message, string description) => Rule(id, DiagnosticSeverity.Error, title, message, description);

    private static DiagnosticDescriptor Warning(string id, string title, string message, string description) => Rule(id, DiagnosticSeverity.Warning, title, message, description);

    private static DiagnosticDescriptor Rule(string id, DiagnosticSeverity severity, string title, string message, string description) =>
        new(id, title, message, Category, severity, isEnabledByDefault: true, description, Pages + id + ".md");
}
