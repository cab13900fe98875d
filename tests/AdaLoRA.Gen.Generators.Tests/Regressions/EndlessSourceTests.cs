using AdaLoRA.Gen.Generators.Reading;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Regressions;

/// <summary>Source that leads round in a circle, as it does for a moment while it is written. A stack that overflows ends the compiler, and with it the editor.</summary>
public sealed class EndlessSourceTests
{
    [Theory]
    [InlineData("public const int Width = Width;")]
    [InlineData("public const int Width = Half * 2, Half = Width / 2;")]
    public void A_constant_that_names_itself_has_no_value(string constants)
    {
        var compilation = Compilations.Create(SampleModels.Annotated("[LoRA(Rank = Width, Targets = [\"q\"])]", "private readonly Linear q = Linear(Width, 8); " + constants));
        var slot = Assert.Single(ModelReader.Read(compilation.GetTypeByMetadataName("M")!, compilation, CancellationToken.None).Spec!.Slots);
        Assert.Equal(("q", -1, 8), (slot.Path, slot.InFeatures, slot.OutFeatures));
    }

    [Fact]
    public void A_generic_class_that_holds_itself_of_itself_has_a_last_level()
    {
        var run = GeneratorRun.On("""
            public sealed class Node<T> : Module<Tensor, Tensor>
            {
                private readonly Linear q = Linear(2, 2);
                private readonly Node<Node<T>>? next = null;
                public Node() : base("node") { RegisterComponents(); }
                public override Tensor forward(Tensor x) => next is null ? q.call(x) : next.call(x);
            }
            [LoRA(Rank = 1, Targets = ["first.q", "first.next.*"])]
            public sealed partial class M : Module<Tensor, Tensor>
            {
                private readonly Node<int> first = new();
                public M() : base("m") { RegisterComponents(); }
                public override Tensor forward(Tensor x) => first.call(x);
            }
            """);
        Assert.Contains("\"first.q\"", run.Model, StringComparison.Ordinal);
        Assert.Contains("\"first.next.*\"", run.Model, StringComparison.Ordinal);
    }
}
