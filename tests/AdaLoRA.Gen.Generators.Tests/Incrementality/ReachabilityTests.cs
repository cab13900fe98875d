using AdaLoRA.Gen.Generators.Tests.Harness;
using Microsoft.CodeAnalysis;
using Xunit.Sdk;

namespace AdaLoRA.Gen.Generators.Tests.Incrementality;

/// <summary>The walk over what the pipeline holds can fail: a check that never could proves nothing.</summary>
public sealed class ReachabilityTests
{
    public static TheoryData<string> Kinds => ["symbol", "compilation", "node", "tree", "location"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Finds_what_keeps_a_compilation_alive(string kind)
    {
        var compilation = Compilations.Create("public class C { }");
        object held = kind switch
        {
            "symbol" => compilation.GetTypeByMetadataName("C")!,
            "compilation" => compilation,
            "node" => compilation.SyntaxTrees[0].GetRoot(),
            "tree" => compilation.SyntaxTrees[0],
            _ => compilation.SyntaxTrees[0].GetRoot().GetLocation(),
        };
        Assert.Throws<FailException>(() => Reachability.AssertHoldsNoRoslynObjects(new Holder([new Inner(held)]), "root"));
    }

    [Fact]
    public void Lets_values_pass() => Reachability.AssertHoldsNoRoslynObjects(new Holder([new Inner("text"), new Inner(1)]), "root");

    private sealed record Holder(Inner[] Items);

    private sealed record Inner(object Value);
}
