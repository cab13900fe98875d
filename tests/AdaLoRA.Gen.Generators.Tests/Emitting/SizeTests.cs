using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Emitting;

/// <summary>The text grows with what the model's source says, not with how many layers it makes.</summary>
public sealed class SizeTests
{
    private static string Model(string layers, string targets = "\"*\"") => $$"""
        public sealed class Block : Module<Tensor, Tensor>
        {
            private readonly Linear q = Linear(2, 2), k = Linear(2, 2), v = Linear(2, 2), o = Linear(2, 2), up = Linear(2, 2), down = Linear(2, 2);
            public Block() : base("block") => RegisterComponents();
            public override Tensor forward(Tensor x) => x;
        }

        [AdaLoRA(Budget = 1152, Targets = [{{targets}}])]
        public partial class M : Module<Tensor, Tensor>
        {
            private readonly ModuleList<Block> layers = new({{layers}});
            public M() : base("m") { RegisterComponents(); }
            public override Tensor forward(Tensor x) => x;
        }
        """;

    private static string Blocks(int count) => string.Join(", ", Enumerable.Repeat("new Block()", count));

    [Fact]
    public void A_model_of_1152_targets_has_the_text_of_one_of_12()
    {
        var large = GeneratorRun.On(Model(Blocks(192)));
        // A list whose length the source says shows each item in the plan; nowhere else.
        string[] small = Lines(GeneratorRun.On(Model(Blocks(2))).Model), text = Lines(large.Model);
        Assert.Equal(small, text.Select(line => line.Replace("1152 layers", "12 layers", StringComparison.Ordinal).Replace("a list of 192", "a list of 2", StringComparison.Ordinal)));
        Assert.Equal(1152, AttachedModel.Paths(large, "M").Count);

        static string[] Lines(string model) => [.. model.Split('\n').Where(line => !line.TrimStart().StartsWith("new(\"layers.", StringComparison.Ordinal))];
    }

    [Theory]
    [InlineData("layers.{2..61}.{q,k}", "if (i is >= 2 and <= 61)", 120)]
    [InlineData("layers.{0,1,3,5..9}.{q,k,v}", "if (i is 0 or 1 or 3 or (>= 5 and <= 9))", 24)]
    [InlineData("layers.{4,5}.q", "if (i is 4 or 5) targets.Add(", 2)]
    public void Some_items_of_a_list_are_one_condition(string target, string condition, int count)
    {
        var run = GeneratorRun.On(Model(Blocks(64), $"\"{target}\""));
        Assert.Equal(2, run.Model.Split(condition).Length);
        Assert.DoesNotContain("if (i is", run.Model.Replace(condition, "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(count, AttachedModel.Paths(run, "M").Count);
    }
}
