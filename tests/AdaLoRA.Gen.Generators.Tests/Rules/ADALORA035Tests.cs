using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>The budget pays for a triplet.</summary>
public sealed class ADALORA035Tests
{
    private static string With(string arguments, string targets = "[\"*.query\", \"*.key\"]") => SampleModels.Annotated($"[AdaLoRA({arguments}, Targets = {targets})]");

    /// <summary>A triplet of a query (8 × 8) costs 17, of a key (8 × 4) 13.</summary>
    internal static RuleCase Case => new(With("Budget = {|ADALORA035:12|}, BudgetUnit = BudgetUnit.Parameters"),
        "Budget 12 pays for no triplet: the cheapest, of 'blocks.*.key', has 13 parameters; raise it");

    internal static FixCase[] Fixes => [new(new CorrectValueFix(), With("Budget = 12, BudgetUnit = BudgetUnit.Parameters"), With("Budget = 13, BudgetUnit = BudgetUnit.Parameters"))];

    [Theory]
    [InlineData("Budget = 13, BudgetUnit = BudgetUnit.Parameters")]
    [InlineData("Budget = 1")]
    public Task Fine(string arguments) => AnalyzerRun.Verify(With(arguments));

    [Theory]
    [InlineData("private readonly Linear q = Linear(8, 8), r = Linear(D, 8); static readonly int D = 2;")]
    [InlineData("private readonly Linear q = Linear(8, 8); private readonly Module<Tensor, Tensor> r = Make(); static Module<Tensor, Tensor> Make() => ReLU();")]
    public Task A_cheaper_one_may_be_there(string members) => AnalyzerRun.Verify("#pragma warning disable ADALORA026\n" + SampleModels.Annotated("""[AdaLoRA(Budget = 16, BudgetUnit = BudgetUnit.Parameters, Targets = ["q", "r"])]""", members));

    [Fact]
    public Task Length_of_the_list_does_not_matter() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = {|ADALORA035:16|}, BudgetUnit = BudgetUnit.Parameters, Targets = ["*.query"])]""", "private readonly ModuleList<Block> blocks = new(Enumerable.Range(0, 3).Select(_ => new Block()).ToArray());"),
        "Budget 16 pays for no triplet: the cheapest, of 'blocks.*.query', has 17 parameters; raise it");
}
