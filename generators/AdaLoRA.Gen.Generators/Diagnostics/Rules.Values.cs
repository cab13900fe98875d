using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Diagnostics;

// What the values of the attribute have to keep to.
internal static partial class Rules
{
    public static readonly DiagnosticDescriptor RankTooLarge = Error("ADALORA005",
        "The rank fits every target",
        "{0} {1} is larger than a side of {2}; use at most {3}",
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
        "Budget {0} is not below the {1} that {2} of rank {3} {4} with, so nothing is ever removed; lower it, or use [LoRA]",
        "AdaLoRA spends its budget by removing triplets where they matter least.");

    public static readonly DiagnosticDescriptor BetaOutOfRange = Error("ADALORA014",
        "The smoothing of the importance lies between 0 and 1",
        "{0} is {1}; it must lie between 0 and 1, both excluded",
        "Beta1 and Beta2 weigh what was against what is: at 0 there is no memory, at 1 nothing else.");

    public static readonly DiagnosticDescriptor IntervalTooSmall = Error("ADALORA015",
        "The interval is at least one step",
        "Interval is {0}; it must be at least 1 step",
        "Interval is the number of steps between two allocations of the budgeting phase.");

    public static readonly DiagnosticDescriptor OutOfRange = Error("ADALORA016",
        "An option is in its range",
        "{0} is {1}; it must be {2}",
        "The run time refuses the same values when the adapters are attached.");

    public static readonly DiagnosticDescriptor NoEffect = Warning("ADALORA019",
        "An option has an effect",
        "{0} has no effect with {1}; remove it",
        "Plain LoRA keeps every triplet of one rank, so what steers an allocation means nothing there.");

    public static readonly DiagnosticDescriptor BudgetPaysForNothing = Error("ADALORA035",
        "The budget pays for a triplet",
        "Budget {0} pays for no triplet: the cheapest, of '{1}', has {2} parameters; raise it",
        "With BudgetUnit.Parameters a triplet costs in + out + 1.");

    public static ImmutableArray<DiagnosticDescriptor> OfValues => ImmutableArray.Create(
        RankTooLarge, BudgetMissing, NoBudgetingPhase, BudgetRemovesNothing, BetaOutOfRange, IntervalTooSmall, OutOfRange, NoEffect, BudgetPaysForNothing);
}
