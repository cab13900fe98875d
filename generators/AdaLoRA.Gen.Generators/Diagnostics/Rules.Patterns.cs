using System.Collections.Immutable;
using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Diagnostics;

// What a pattern has to match.
internal static partial class Rules
{
    public static readonly DiagnosticDescriptor MatchesNothing = Error("ADALORA003",
        "A pattern matches something",
        "'{0}' matches no {1} of {2}: {3}",
        "Each pattern, and each alternative in braces, has to match a registered module; the message names the nearest one.");

    public static readonly DiagnosticDescriptor NotAdaptable = Error("ADALORA004",
        "A target is a layer that can carry an adapter",
        "'{0}' matches '{1}', a {2}: adapters go on " + AdaptableLayers.Kinds + "; target one of these, or build the block from them",
        "TorchSharp's MultiheadAttention, LSTM and the like are one native layer with no Linear inside that could be adapted.");

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

    public static ImmutableArray<DiagnosticDescriptor> OfPatterns => ImmutableArray.Create(
        MatchesNothing, NotAdaptable, NoTargets, RankLimitUnreadable, RankLimitsUnsatisfiable);
}
