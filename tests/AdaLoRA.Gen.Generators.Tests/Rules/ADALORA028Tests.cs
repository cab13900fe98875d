using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>PEFT reads what is saved.</summary>
public sealed class ADALORA028Tests
{
    private const string Members = "private readonly Embedding tokens = Embedding(8, 8); private readonly Conv1d conv = Conv1d(8, 8, 1); private readonly Linear q = Linear(8, 8); private readonly TransposedLinear t = new(8, 8); private readonly QuantizableLinear bytes = new(8, 8); private readonly QuantizableEmbedding table = new(8, 8); private readonly Conv2d image = Conv2d(8, 8, 1);";

    private static string Message(string path, string type) => $"PEFT has no AdaLoRA for '{path}' ({type}), so it cannot load what SaveAdapter writes; export with SaveAsLoRA, or use [LoRA]";

    internal static RuleCase Case => new(SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["q", "{|ADALORA028:tok*|}"])]""", Members), Message("tokens", "Embedding"));

    [Theory]
    [InlineData("""["{|ADALORA028:*|}"]""", "tokens", "Embedding")]
    [InlineData("""["{|ADALORA028:{q,conv}|}", "tokens"]""", "conv", "Conv1d")]
    [InlineData("""["{|ADALORA028:table|}"]""", "table", "QuantizableEmbedding")]
    public Task Once_a_model(string targets, string path, string type) => AnalyzerRun.Verify(SampleModels.Annotated($"[AdaLoRA(Budget = 2, Targets = {targets})]", Members), Message(path, type));

    [Theory]
    [InlineData("""["{|ADALORA028:image|}"]""", "groups: 2", " with groups")]
    [InlineData("""["image"]""", "groups: 1", null)]
    [InlineData("""["image"]""", "groups: Make()", null)]
    public Task Groups(string targets, string groups, string? shown) => AnalyzerRun.Verify(
        SampleModels.Annotated($"[AdaLoRA(Budget = 2, Targets = {targets})]", $"private readonly Conv2d image = Conv2d(8, 8, 1, {groups}); static int Make() => 2;"),
        shown is null ? [] : [Message("image", "Conv2d" + shown)]);

    [Theory]
    [InlineData("""[AdaLoRA(Budget = 2, Targets = ["q", "t", "image", "bytes"])]""")]
    [InlineData("""[LoRA(Rank = 2, Targets = ["*"])]""")]
    [InlineData("""[AdaLoRA(Method = AdapterMethod.LoRA, InitialRank = 2, Targets = ["*"])]""")]
    public Task Fine(string attribute) => AnalyzerRun.Verify(SampleModels.Annotated(attribute, Members));
}
