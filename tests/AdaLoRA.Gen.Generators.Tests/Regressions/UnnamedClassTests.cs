using AdaLoRA.Gen.Generators.Tests.Harness;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Generators.Tests.Regressions;

/// <summary>A class, or one around it, whose name is not typed yet: the compiler says so, and no generated code adds errors of its own.</summary>
public sealed class UnnamedClassTests
{
    private const string Body = " : Module<Tensor, Tensor> { private readonly Linear fc = Linear(8, 8); public override Tensor forward(Tensor x) => fc.call(x); }";

    [Theory]
    [InlineData("[LoRA(Rank = 2, Targets = [\"fc\"])] public sealed partial class" + Body)]
    [InlineData("public partial class { [LoRA(Rank = 2, Targets = [\"fc\"])] public sealed partial class M" + Body + " }")]
    [InlineData("[LoRA(Rank = 2, Targets = [\"fc\"])] public sealed partial class M<>" + Body)]
    public void Nothing_is_emitted(string source)
    {
        var driver = CSharpGeneratorDriver.Create([new AdaLoRAGenerator().AsSourceGenerator()], parseOptions: Compilations.ParseOptions)
            .RunGeneratorsAndUpdateCompilation(Compilations.Create(source), out _, out var diagnostics);
        Assert.Empty(diagnostics);
        Assert.DoesNotContain(driver.GetRunResult().Results.Single().GeneratedSources, s => s.HintName.EndsWith(".AdaLoRA.g.cs", StringComparison.Ordinal));
    }
}
