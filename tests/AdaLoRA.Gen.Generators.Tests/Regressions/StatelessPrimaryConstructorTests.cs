using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Regressions;

/// <summary>A module whose primary constructor takes numbers only has no more to lose than one that keeps them in fields.</summary>
public sealed class StatelessPrimaryConstructorTests
{
    private static string Scale(string parameter, string body) => RegistrationModels.Block("", constructor: "", head: $"public sealed class Block({parameter}) : Module<Tensor, Tensor>(\"block\")")
        .Replace("=> x;", "=> " + body, StringComparison.Ordinal);

    [Fact]
    public Task Numbers_are_no_state() =>
        AnalyzerRun.Verify(Scale("float by", "x * by;") + RegistrationModels.Model("private readonly Block[] scales = [new(1f), new(2f)];"));

    [Fact]
    public Task Modules_are() =>
        AnalyzerRun.Verify(Scale("Linear by", "by.call(x);") + RegistrationModels.Model("private readonly Block[] {|ADALORA023:scales|} = [new(Linear(8, 8))];"),
            "TorchSharp registers nothing of 'scales', which is of type Block[], so its modules are not adapted, moved or saved; make it a ModuleList<Block>");
}
