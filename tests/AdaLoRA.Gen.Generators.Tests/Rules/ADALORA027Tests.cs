using System.Globalization;
using AdaLoRA.Gen.Generators.Diagnostics;
using AdaLoRA.Gen.Generators.Reading;
using AdaLoRA.Gen.Generators.Tests.Harness;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>What a pattern matches is stated, where an editorconfig asks for it.</summary>
public sealed class ADALORA027Tests
{
    // Two blocks of 8 × 8 + 8, 8 × 4 + 4 and 8 × 8 + 8: 360 parameters.
    private const string Blocks = "private readonly ModuleList<Block> blocks = new(new Block(), new Block());";
    private const string Open = "private readonly ModuleList<Block> blocks = new(Enumerable.Range(0, 3).Select(_ => new Block()).ToArray());";

    internal static RuleCase Case => new(SampleModels.Annotated("[LoRA(Rank = 2, Targets = [\"{|ADALORA027:blocks.1.key|}\"])]", Blocks),
        "'blocks.1.key' matches 1 layer: rank 2, 24 trainable parameters, 6.7 % of the model");

    [Theory]
    [InlineData("AdaLoRA(Budget = 4, InitialRank = 3, Targets = [\"*.query\"])", Blocks, "'*.query' matches 2 layers: 6 triplets, 102 trainable parameters, 28.3 % of the model")]
    [InlineData("LoRA(Rank = 2, Targets = [\"blocks.1.key\"])", Blocks, "'blocks.1.key' matches 1 layer: rank 2, 24 trainable parameters, 6.7 % of the model")]
    [InlineData("AdaLoRA(Budget = 3, Targets = [\"*.{query,key}\"])", Blocks, "'*.{query,key}' matches 4 layers: 16 triplets, 240 trainable parameters, 66.7 % of the model")]
    [InlineData("AdaLoRA(Budget = 3, Targets = [\"*.query\"])", Blocks, "'*.query' matches 2 layers: 16 triplets, 272 trainable parameters, 75.6 % of the model")]
    [InlineData("AdaLoRA(Budget = 35, BudgetUnit = BudgetUnit.Parameters, Targets = [\"*.query\"])", Blocks, "'*.query' matches 2 layers: 16 triplets, 272 trainable parameters, 75.6 % of the model")]
    [InlineData("AdaLoRA(Budget = 3, Method = AdapterMethod.LoRA, Targets = [\"*.query\"])", Blocks, "'*.query' matches 2 layers: rank 2, 64 trainable parameters, 17.8 % of the model")]
    [InlineData("LoRA(Rank = 1, Targets = [\"small\"])", "private readonly Linear small = Linear(4, 4); private readonly Embedding table = Embedding(30000, 100);",
        "'small' matches 1 layer: rank 1, 8 trainable parameters, less than 0.1 % of the model")]
    public Task Numbers(string attribute, string members, string message) => Verify(attribute, members, message);

    [Theory]
    [InlineData("AdaLoRA(Budget = 4, InitialRank = 3, Targets = [\"*.query\"])", Open, "'*.query' matches layers; how many is known only at run time")]
    [InlineData("LoRA(Rank = 2, Targets = [\"*.query\"])", Open + " private readonly Block first = new();", "'*.query' matches at least 1 layer; how many more is known only at run time")]
    [InlineData("LoRA(Rank = 2, Targets = [\"blocks.{0,2}.query\"])", Open, "'blocks.{0,2}.query' matches 2 layers: rank 2, 64 trainable parameters")]
    [InlineData("LoRA(Rank = 2, Targets = [\"head\"])", "private readonly Linear head = Linear(8, Environment.ProcessorCount);", "'head' matches 1 layer: rank 2; its size is known only at run time")]
    [InlineData("LoRA(Rank = 2, Targets = [\"head*\"])", "private readonly Linear head = Linear(8, Environment.ProcessorCount), head2 = Linear(8, 8);", "'head*' matches 2 layers: rank 2; not all of their sizes are known before run time")]
    [InlineData("AdaLoRA(Budget = 2, Targets = [\"head\"])", "private readonly Linear head = Linear(8, Environment.ProcessorCount);", "'head' matches 1 layer; its rank is known only at run time")]
    [InlineData("LoRA(Rank = 2, Targets = [\"head\"])", "private readonly Linear head = Linear(8, 4); private readonly LSTM lstm = LSTM(8, 8);", "'head' matches 1 layer: rank 2, 24 trainable parameters")]
    [InlineData("LoRA(Rank = 2, Targets = [\"head\"])", "private readonly Linear head = Linear(8, 4); private readonly Parameter scale = new(ones(3));", "'head' matches 1 layer: rank 2, 24 trainable parameters")]
    public Task What_only_the_run_knows(string attribute, string members, string message) => Verify(attribute, members, message);

    [Fact]
    public Task One_for_each_pattern() => Verify("LoRA(Rank = 2, Targets = [\"*.query\", \"*.key\"])", Blocks,
        "'*.query' matches 2 layers: rank 2, 64 trainable parameters, 17.8 % of the model", "'*.key' matches 2 layers: rank 2, 48 trainable parameters, 13.3 % of the model");

    [Fact]
    public async Task A_pattern_in_error_is_not_counted()
    {
        var found = await Diagnose(SampleModels.Annotated("[LoRA(Rank = 2, Targets = [\"*.qury\"])]", Blocks), ReportDiagnostic.Info);
        Assert.Empty(found);
    }

    [Fact]
    public async Task Off_by_default()
    {
        Assert.False(Diagnostics.Rules.PatternMatches.IsEnabledByDefault);
        Assert.Empty(await Diagnose(SampleModels.Annotated("[LoRA(Rank = 2, Targets = [\"*.query\"])]", Blocks), null));
    }

    [Theory]
    [InlineData("Linear(8, 4)", "Linear")]
    [InlineData("Linear(8, 4, hasBias: false)", "Linear")]
    [InlineData("new TransposedLinear(8, 4)", "TransposedLinear")]
    [InlineData("new TransposedLinear(8, 4, false)", "TransposedLinear")]
    [InlineData("new QuantizableLinear(8, 4)", "QuantizableLinear")]
    [InlineData("new QuantizableLinear(8, 4, false, BaseWeights.Int8Rows)", "QuantizableLinear")]
    [InlineData("Embedding(7, 4)", "Embedding")]
    [InlineData("new QuantizableEmbedding(7, 4)", "QuantizableEmbedding")]
    [InlineData("Conv1d(8, 4, 3)", "Conv1d")]
    [InlineData("Conv2d(8, 4, (3, 2), groups: 2)", "Conv2d")]
    [InlineData("Conv3d(8, 4, 2, bias: false)", "Conv3d")]
    [InlineData("LayerNorm(8)", "LayerNorm")]
    [InlineData("LayerNorm([8, 3])", "LayerNorm", false)]
    [InlineData("LayerNorm(new long[] { 8, 3 })", "LayerNorm")]
    [InlineData("LayerNorm(8, bias: false)", "LayerNorm")]
    [InlineData("LayerNorm(8, elementwise_affine: false)", "LayerNorm")]
    [InlineData("BatchNorm1d(8)", "BatchNorm1d")]
    [InlineData("BatchNorm2d(8, affine: false)", "BatchNorm2d")]
    [InlineData("BatchNorm3d(8)", "BatchNorm3d")]
    [InlineData("InstanceNorm1d(8)", "InstanceNorm1d")]
    [InlineData("InstanceNorm2d(8, affine: true)", "InstanceNorm2d")]
    [InlineData("GroupNorm(2, 8)", "GroupNorm")]
    [InlineData("Dropout(0.1)", "Dropout")]
    [InlineData("GELU()", "GELU")]
    [InlineData("Flatten()", "Flatten")]
    [InlineData("MaxPool2d(2)", "MaxPool2d")]
    [InlineData("AdaptiveAvgPool2d(1)", "AdaptiveAvgPool2d")]
    [InlineData("Upsample([2])", "Upsample")]
    [InlineData("Sequential(Linear(8, 4), Tanh(), LayerNorm(4))", "Sequential")]
    [InlineData("LSTM(8, 8)", "LSTM", false)]
    [InlineData("PReLU(1)", "PReLU", false)]
    public void Parameters_are_counted_as_the_layer_has_them(string value, string type, bool isKnown = true)
    {
        string source = $$"""
            [LoRA(Rank = 1, Targets = ["target"])]
            public partial class M : Module<Tensor, Tensor>
            {
                private readonly Linear target = Linear(2, 2);
                private readonly {{type}} layer = {{value}};
                public M() : base("m") => RegisterComponents();
                public override Tensor forward(Tensor x) => x;
            }
            """;
        var compilation = Compilations.Create(source);
        var graph = ModelReader.Read(compilation.GetTypeByMetadataName("M")!, compilation, CancellationToken.None).Graph!;
        decimal? counted = ParameterCounts.Of(graph.Root, graph.Context);
        if (!isKnown) Assert.Null(counted);
        else Assert.Equal(LoadedModel.From(source).Model.parameters().Sum(p => p.numel()), counted);
    }

    private static async Task Verify(string attribute, string members, params string[] messages)
    {
        string source = SampleModels.Annotated($"[{attribute}]", members);
        var found = (await Diagnose(source, ReportDiagnostic.Info)).OrderBy(d => d.Location.SourceSpan.Start).ToList();
        Assert.Equal(messages, found.Select(d => d.GetMessage(CultureInfo.InvariantCulture)));
        Assert.All(found, d =>
        {
            Assert.Equal(("ADALORA027", DiagnosticSeverity.Info), (d.Id, d.Severity));
            string pattern = d.Location.SourceTree!.GetText().ToString(d.Location.SourceSpan);
            Assert.StartsWith($"'{pattern}' ", d.GetMessage(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        });
    }

    /// <param name="source">The model.</param>
    /// <param name="severity">What an editorconfig says of the rule, or null for nothing.</param>
    private static async Task<IEnumerable<Diagnostic>> Diagnose(string source, ReportDiagnostic? severity)
    {
        var compilation = Compilations.Create(source);
        compilation = compilation.WithOptions(compilation.Options.WithSyntaxTreeOptionsProvider(new Severity(severity)));
        var found = await GeneratorRun.On(compilation).Updated.WithAnalyzers([new InformationAnalyzer()]).GetAnalyzerDiagnosticsAsync();
        return found.Where(d => !d.IsSuppressed);
    }

    private sealed class Severity(ReportDiagnostic? stated) : SyntaxTreeOptionsProvider
    {
        public override GeneratedKind IsGenerated(SyntaxTree tree, CancellationToken cancellationToken) => GeneratedKind.Unknown;

        public override bool TryGetDiagnosticValue(SyntaxTree tree, string diagnosticId, CancellationToken cancellationToken, out ReportDiagnostic severity)
        {
            severity = stated ?? ReportDiagnostic.Default;
            return stated is not null && diagnosticId == "ADALORA027";
        }

        public override bool TryGetGlobalDiagnosticValue(string diagnosticId, CancellationToken cancellationToken, out ReportDiagnostic severity)
        {
            severity = ReportDiagnostic.Default;
            return false;
        }
    }
}
