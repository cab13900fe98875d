using AdaLoRA.Gen.Generators.Tests.Harness;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Tests.Incrementality;

/// <summary>What an edit costs, as claims. (That an unchanged compilation costs nothing is asserted by the harness in every generator test.)</summary>
public sealed class CachingTests
{
    private const string Other = "public static class Other { public static int F() => 1; }";

    private static string Model(string name) => $$"""
        [AdaLoRA(Budget = 2, Targets = ["{{name}}_q", "block{{name}}.*"])]
        public partial class {{name}} : Module<Tensor, Tensor>
        {
            private readonly Linear {{name}}_q = Linear(8, Sizes.Out);
            private readonly Block{{name}} block{{name}} = new();
            public {{name}}() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => x;
        }
        """;

    private static string Block(string name) => $$"""
        public sealed class Block{{name}} : Module<Tensor, Tensor>
        {
            internal readonly Linear key = Linear(8, 8);
            public Block{{name}}() : base("b") => RegisterComponents();
            public override Tensor forward(Tensor x) => x;
        }
        """;

    private static GeneratorRun Run() => GeneratorRun.On(Model("A"), Model("B"), Other, Block("A"), Block("B"), "public static class Sizes { public const int Out = Deeper.Out; }", "public static class Deeper { public const int Out = 8; }");

    private static void AssertOutputs(GeneratorRun run, int modified)
    {
        Assert.Equal(modified, run.OutputReasons().Count(r => r == IncrementalStepRunReason.Modified));
        Assert.Equal(run.OutputReasons().Length - modified, run.OutputReasons().Count(r => r == IncrementalStepRunReason.Cached));
    }

    [Fact]
    public void Edit_of_an_unrelated_body_leaves_every_output_cached()
    {
        var run = Run().Edit("File2.cs", "=> 1", "=> 2");
        Assert.All(run.Reasons(TrackingNames.AdaLoRAModels), r => Assert.True(r is IncrementalStepRunReason.Unchanged or IncrementalStepRunReason.Cached));
        AssertOutputs(run, modified: 0);
    }

    [Fact]
    public void Comment_in_a_models_file_leaves_every_output_cached()
    {
        var run = Run().Edit("File0.cs", "private readonly", "/* why */ private readonly");
        AssertOutputs(run, modified: 0);
        Assert.All(run.Reasons(TrackingNames.AdaLoRAModels), r => Assert.True(r is IncrementalStepRunReason.Unchanged or IncrementalStepRunReason.Cached));
    }

    [Fact]
    public void New_file_leaves_every_output_cached() => AssertOutputs(Run().Edit(c => c.AddSyntaxTrees(Compilations.Parse("public class New { }", "New.cs"))), modified: 0);

    [Fact]
    public void Renamed_field_modifies_the_output_of_its_model_only() => AssertOutputs(Run().Edit("File3.cs", "key", "value"), modified: 1);

    [Fact]
    public void Constant_behind_a_constant_modifies_the_outputs_of_the_models_that_read_it()
    {
        var run = Run().Edit("File6.cs", "Out = 8", "Out = 16");
        AssertOutputs(run, modified: 2);
        Assert.All(run.ModelSources, s => Assert.Contains("8, 16)", s.SourceText.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void Model_added_later_is_emitted_and_the_others_stay_cached()
    {
        var run = Run().Edit(c => c.AddSyntaxTrees(Compilations.Parse(Model("C"), "New.cs"), Compilations.Parse(Block("C"), "NewBlock.cs")));
        Assert.Equal(3, run.ModelSources.Count());
        AssertOutputs(run.Edit("File2.cs", "=> 1", "=> 2"), modified: 0);
    }
}
