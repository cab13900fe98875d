using Microsoft.CodeAnalysis.CodeFixes;

namespace AdaLoRA.Gen.Generators.Tests.Harness;

/// <summary>What a fix makes of a source. <see cref="FixRun.VerifyProject"/> applies it to a project of two documents at once, the second of which is the source again in a namespace of its own.</summary>
internal sealed record FixCase(CodeFixProvider Fix, string Before, string After)
{
    /// <summary>Which action is meant, where the fix offers several for one diagnostic.</summary>
    public string? EquivalenceKey { get; init; }

    /// <summary>The second document where the source cannot stand in another namespace.</summary>
    public (string Before, string After)? Other { get; init; }
}
