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
        "'{0}' matches '{1}', a {2}: adapters go on " + AdaptableLayers.Kinds + "; target one of these{3}, or build the block from them",
        "TorchSharp's MultiheadAttention, LSTM and the like are one native layer with no Linear inside that could be adapted.");

    public static readonly DiagnosticDescriptor NoTargets = Error("ADALORA011",
        "Targets are named",
        "'{0}' names no targets; {1}",
        "Without a pattern there is nothing to adapt.");

    public static readonly DiagnosticDescriptor RankLimitUnreadable = Error("ADALORA012",
        "A rank limit is a pattern of targets and a range",
        "'{0}' in RankLimits {1}",
        "Each entry of RankLimits is 'pattern: min..max', either end of which may be left out; the pattern has to match a target.");

    public static readonly DiagnosticDescriptor RankLimitsUnsatisfiable = Error("ADALORA013",
        "The rank limits can be kept",
        "RankLimits cannot be kept: {0}",
        "A target never has more triplets than it starts with, and all targets together no more than the budget.");

    public static readonly DiagnosticDescriptor NamedTwice = Warning("ADALORA017",
        "A target is named once",
        "'{0}' adds nothing to Targets: {1} before it already {2} all that it does; remove it",
        "A target gets one adapter, however many patterns match it.");

    public static readonly DiagnosticDescriptor AdaptedAndTrained = Error("ADALORA018",
        "A target is not trained in full as well",
        "'{0}' in Trainable matches {1}, which Targets adapt; leave it out of one of them",
        "A layer either carries an adapter over its frozen weight, or its weight is trained.");

    public static readonly DiagnosticDescriptor RankLimitShadowed = Error("ADALORA020",
        "A rank limit has an effect",
        "'{0}' in RankLimits has no effect, since {1} after it {2} all its targets; put it last, or remove it",
        "Where several entries of RankLimits match a target, the last one counts.");

    public static readonly DiagnosticDescriptor NotReadByPeft = Information("ADALORA028",
        "What is saved can be read by PEFT",
        "PEFT has no AdaLoRA for '{0}' ({1}), so it cannot load what SaveAdapter writes; export with SaveAsLoRA, or use [LoRA]",
        "PEFT knows AdaLoRA on Linear, Conv1D and Conv2d without groups; this library reads what it saved of every kind.");

    public static readonly DiagnosticDescriptor CheckpointRootMisplaced = Error("ADALORA036",
        "The checkpoint's root holds every target",
        "CheckpointRoot '{0}' {1}",
        "Saved keys are relative to the root, so a target outside it could not be named.");

    public static ImmutableArray<DiagnosticDescriptor> OfPatterns => ImmutableArray.Create(
        MatchesNothing, NotAdaptable, NoTargets, RankLimitUnreadable, RankLimitsUnsatisfiable, NamedTwice, AdaptedAndTrained, RankLimitShadowed, NotReadByPeft, CheckpointRootMisplaced);
}
