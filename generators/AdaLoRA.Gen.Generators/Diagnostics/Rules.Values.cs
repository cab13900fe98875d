using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Diagnostics;

// What the values of the attribute have to keep to.
internal static partial class Rules
{
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

    public static readonly DiagnosticDescriptor BudgetRemovesNothing = Warning("ADALORA009",
        "The budget is smaller than what the run starts with",
        "Budget {0} is not below the {1} {4} that {2} targets of rank {3} start with, so nothing is ever removed; lower it, or use [LoRA]",
        "AdaLoRA spends its budget by removing triplets where they matter least.");

    public static ImmutableArray<DiagnosticDescriptor> OfValues => ImmutableArray.Create(
        RankTooLarge, BudgetMissing, NoBudgetingPhase, BudgetRemovesNothing);
}
