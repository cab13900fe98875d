using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>Every pattern and every alternative in braces matches something.</summary>
public sealed class ADALORA003Tests
{
    internal static RuleCase Case => new(Targets("""["blocks.*.{|ADALORA003:qury|}"]"""), "'blocks.*.qury' matches no adaptable layer of M: none of the modules that 'blocks.*' matches ('blocks.0', 'blocks.1') has a 'qury'; did you mean 'query'?");

    internal static FixCase[] Fixes => [new(new CorrectPatternFix(), Targets("""["blcks.0.query", "*.{qury,kye}"]"""), Targets("""["blocks.0.query", "*.{query,key}"]"""))];

    private static string Targets(string list) => SampleModels.Annotated($"[AdaLoRA(Budget = 2, Targets = {list})]");

    [Theory]
    [InlineData("""["blocks.*.{|ADALORA003:qq|}"]""", "'blocks.*.qq' matches no adaptable layer of M: none of the modules that 'blocks.*' matches ('blocks.0', 'blocks.1') has a 'qq'; choose from 'query', 'key', 'conv'")]
    [InlineData("""["blocks.*.{|ADALORA003:qury|}"]""", "'blocks.*.qury' matches no adaptable layer of M: none of the modules that 'blocks.*' matches ('blocks.0', 'blocks.1') has a 'qury'; did you mean 'query'?")]
    [InlineData("""["bl*s.?.{|ADALORA003:qury|}"]""", "'bl*s.?.qury' matches no adaptable layer of M: none of the modules that 'bl*s.?' matches ('blocks.0', 'blocks.1') has a 'qury'; did you mean 'query'?")]
    [InlineData("""["b*s.{|ADALORA003:7x|}.query"]""", "'b*s.7x.query' matches no adaptable layer of M: 'blocks', which 'b*s' matches, has no '7x'; remove it")]
    [InlineData("""["blocks.0.query.{|ADALORA003:lora|}"]""", "'blocks.0.query.lora' matches no adaptable layer of M: 'blocks.0.query' has no 'lora'; remove it")]
    [InlineData("""["*.query", "{|ADALORA003:blcks|}.0.key"]""", "'blcks.0.key' matches no adaptable layer of M: the model has no 'blcks'; did you mean 'blocks'?")]
    [InlineData("""["*.{query,{|ADALORA003:kye|}}"]""", "'*.kye' matches no adaptable layer of M: no module has a 'kye'; did you mean 'key'?")]
    [InlineData("""["blocks.{0..1}.{|ADALORA003:quer|}"]""", "'blocks.0.quer' matches no adaptable layer of M: 'blocks.0' has no 'quer'; did you mean 'query'?")]
    [InlineData("""["blocks.{|ADALORA003:7|}.query"]""", "'blocks.7.query' matches no adaptable layer of M: 'blocks' has 2 items; the last index is 1")]
    [InlineData("""["{|ADALORA003:blocks|}"]""", "'blocks' matches no adaptable layer of M: it names a block, not a layer; write 'blocks.*' for the layers in it")]
    [InlineData("""["{|ADALORA003:*.{query|}"]""", "'*.{query' matches no module of M: it opens a brace that it never closes; add the '}'")]
    [InlineData("""["{|ADALORA003:*.query}|}"]""", "'*.query}' matches no module of M: it closes a brace that it never opens; remove the '}'")]
    [InlineData("""[{|ADALORA003:""|}]""", "'' matches no module of M: it is empty; remove it")]
    public Task Pattern_without_a_match(string list, string message) => AnalyzerRun.Verify(Targets(list), message);

    [Theory]
    [InlineData("""new string[] { "*.{|ADALORA003:qury|}" }""")]
    [InlineData("""new[] { "*.{|ADALORA003:qury|}" }""")]
    [InlineData("""[@"*.{|ADALORA003:qury|}"]""")]
    [InlineData(""""["""*.{|ADALORA003:qury|}"""]"""")]
    [InlineData("""[{|ADALORA003:"\u002A.qury"|}]""")]
    [InlineData("""[{|ADALORA003:"*." + "qury"|}]""")]
    [InlineData("""[{|ADALORA003:Paths.Query|}]""")]
    public Task Place_in_every_way_of_writing_it(string list) =>
        AnalyzerRun.Verify(Targets(list) + "\npublic static class Paths { public const string Query = \"*.qury\"; }", "'*.qury' matches no adaptable layer of M: no module has a 'qury'; did you mean 'query'?");

    [Theory]
    [InlineData("private readonly Linear head = Linear(8, 8); private readonly Norms norms = new();", ", such as 'head'")]
    [InlineData("private readonly Norms norms = new();", "")]
    public Task Block_without_such_a_layer(string members, string near) => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["{|ADALORA003:norms|}"])]""", members) + """

        public sealed class Norms : Module<Tensor, Tensor>
        {
            private readonly LayerNorm first = LayerNorm(8);
            public Norms() : base("n") => RegisterComponents();
            public override Tensor forward(Tensor x) => first.call(x);
        }
        """, $"'norms' matches no adaptable layer of M: 'norms' holds no such layer; choose one{near}, or remove it");

    /// <summary>A null is an empty pattern, and the run time refuses it, too.</summary>
    [Fact]
    public Task Null() => AnalyzerRun.Verify(Targets("""["*.query", {|ADALORA003:null!|}]"""), "'' matches no module of M: it is empty; remove it");

    [Fact]
    public Task Both_alternatives_without_a_match_are_two_mistakes() => AnalyzerRun.Verify(
        Targets("""["*.{{|ADALORA003:qury|},{|ADALORA003:kye|}}"]"""),
        "'*.qury' matches no adaptable layer of M: no module has a 'qury'; did you mean 'query'?",
        "'*.kye' matches no adaptable layer of M: no module has a 'kye'; did you mean 'key'?");

    [Fact]
    public Task Trainable_and_checkpoint_root_name_modules() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["*.query"], Trainable = ["blocks.0.conv", "{|ADALORA003:head|}"], CheckpointRoot = "{|ADALORA003:block|}")]"""),
        "'head' matches no module of M: the model has no 'head'; choose from 'blocks'",
        "'block' matches no module of M: the model has no 'block'; did you mean 'blocks'?");

    [Fact]
    public Task Trainable_may_name_parameters() => AnalyzerRun.Verify(
        SampleModels.Annotated("[AdaLoRA(Budget = 2, Targets = [\"*.query\"], Trainable = [\"token\", \"*.key.bias\", \"blocks.*.conv.weight\", \"{|ADALORA003:tokn|}\"])]",
            "private readonly ModuleList<Block> blocks = new(new Block(), new Block()); private readonly Parameter token = Parameter(zeros(8));"),
        "'tokn' matches no module of M: the model has no 'tokn'; choose from 'blocks'");

    [Fact]
    public Task Parameters_of_other_kinds_of_layers() => AnalyzerRun.Verify(
        SampleModels.Annotated("[LoRA(Rank = 1, Targets = [\"q\"], Trainable = [\"tokens.weight\", \"conv.bias\", \"t.bias\", \"int8.bias\", \"table.weight\", \"tokens.{|ADALORA003:bias|}\"])]",
            "private readonly Linear q = Linear(8, 8); private readonly Embedding tokens = Embedding(8, 2); private readonly Conv2d conv = Conv2d(2, 2, 1); private readonly TransposedLinear t = new(2, 2); private readonly QuantizableLinear int8 = new(2, 2); private readonly QuantizableEmbedding table = new(8, 2);"),
        "'tokens.bias' matches no module of M: 'tokens' has no 'bias'; remove it");

    [Fact]
    public Task Nothing_is_said_of_what_the_compiler_cannot_see() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["{|ADALORA026:backbone.layer.0.attn|}", "{|ADALORA026:*.anything|}"])]""", "private readonly Module<Tensor, Tensor> backbone = Make(); static Module<Tensor, Tensor> Make() => ReLU();"),
        "'backbone.layer.0.attn' may match a module below 'backbone' that the compiler cannot see; it is resolved when adapters are attached",
        "'*.anything' may match a module below 'backbone' that the compiler cannot see; it is resolved when adapters are attached");

    /// <summary>While a class is not written yet the compiler says so, and nothing else is said.</summary>
    [Fact]
    public async Task Nothing_is_said_below_a_type_that_does_not_compile()
    {
        var compilation = Compilations.Create(SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["backbone.layer.q"])]""", "private readonly Backbone backbone = null!;"));
        Assert.Empty(await AnalyzerRun.Diagnose(compilation));
    }

    [Fact]
    public Task Pragma_is_honoured() => AnalyzerRun.Verify("#pragma warning disable ADALORA003\n" + Targets("""["*.qury"]"""));

    [Fact]
    public Task Fix_writes_the_nearest_name_into_the_alternative() => FixRun.Verify(new CorrectPatternFix(), Targets("""["blocks.*.{qury,key}"]"""), Targets("""["blocks.*.{query,key}"]"""));

    [Fact]
    public Task Fix_for_all() => FixRun.VerifyAll(new CorrectPatternFix(), Targets("""["blcks.0.query", "*.{qury,kye}"]"""), Targets("""["blocks.0.query", "*.{query,key}"]"""));

    [Fact]
    public Task No_fix_where_the_text_stands_elsewhere() => FixRun.VerifyNone(new CorrectPatternFix(), Targets("[Paths.Query]") + "\npublic static class Paths { public const string Query = \"*.qury\"; }");
}
