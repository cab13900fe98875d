using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeRefactorings;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.Generators.Tests.Ide;

/// <summary>The light-bulb on an attribute lists what can be adapted and writes what is chosen.</summary>
public sealed class AddTargetTests
{
    private const string Members = """
        private readonly ModuleList<Block> blocks = new(new Block(), new Block());
            private readonly ModuleList<Linear> experts = new(Enumerable.Range(0, 3).Select(_ => Linear(8, 8)).ToArray());
            private readonly Sequential net = Sequential(Linear(8, 8), ReLU(), Linear(8, 4));
            private readonly Linear head = Linear(8, 2);
            private readonly LSTM lstm = LSTM(8, 8);
        """;

    [Fact]
    public async Task Lists_layers_side_by_side_each_layer_and_everything_below_a_child()
    {
        var (title, actions) = await Offered("[AdaLoRA(Budget = 2)]", "Budget");
        Assert.Equal("Add layers of 'M' to Targets", title);
        Assert.Equal(
        [
            "*.{query,key,conv} (6 layers)", "net.{0,2} (2 layers)", "*.query (2 layers)", "*.key (2 layers)", "*.conv (2 layers)", "experts.* (as many layers as the run has)",
            "net.0 (1 layer)", "net.2 (1 layer)", "head (1 layer)", "blocks.* (6 layers)", "net.* (2 layers)",
        ], actions.Select(a => a.Title));
    }

    [Fact]
    public async Task Leaves_out_what_is_targeted_already()
    {
        var (_, actions) = await Offered("[LoRA(Rank = 2, Targets = [\"*.{query,conv}\", \"experts.*\", \"net.*\"])]", "Targets");
        Assert.Equal(["*.{query,key,conv} (6 layers)", "*.key (2 layers)", "head (1 layer)", "blocks.* (6 layers)"], actions.Select(a => a.Title));
    }

    [Theory]
    [InlineData("[LoRA]", "[LoRA(Targets = [\"*.key\"])]")]
    [InlineData("[LoRA()]", "[LoRA(Targets = [\"*.key\"])]")]
    [InlineData("[LoRA(Rank = 2)]", "[LoRA(Rank = 2, Targets = [\"*.key\"])]")]
    [InlineData("[LoRA(Targets = [], Rank = 2)]", "[LoRA(Targets = [\"*.key\"], Rank = 2)]")]
    [InlineData("[LoRA(Targets = [\"head\"], Rank = 2)]", "[LoRA(Targets = [\"head\", \"*.key\"], Rank = 2)]")]
    [InlineData("[LoRA(Targets = [\"head\",])]", "[LoRA(Targets = [\"head\", \"*.key\",])]")]
    [InlineData("[LoRA(Targets = new[] { \"head\" })]", "[LoRA(Targets = new[] { \"head\", \"*.key\" })]")]
    [InlineData("[LoRA(Targets = new string[] { })]", "[LoRA(Targets = new string[] { \"*.key\" })]")]
    [InlineData("[LoRA(Targets = null!)]", "[LoRA(Targets = [\"*.key\"])]")]
    [InlineData("[LoRA(\n    Targets = [\n        \"head\",\n        \"net.0\"\n    ])]", "[LoRA(\n    Targets = [\n        \"head\",\n        \"net.0\",\n        \"*.key\"\n    ])]")]
    public async Task Writes_what_is_chosen(string attribute, string expected) => Assert.Equal(expected, await Choose(attribute, "*.key", LanguageVersion.Preview));

    [Fact]
    public async Task Writes_an_array_before_there_were_collection_expressions() =>
        Assert.Equal("[LoRA(Rank = 2, Targets = new[] { \"*.key\" })]", await Choose("[LoRA(Rank = 2)]", "*.key", LanguageVersion.CSharp11));

    [Theory]
    [InlineData("[AdaLoRA(Budget = 2, Targets = [\"*\"])]", "Budget")]
    [InlineData("[Obsolete, LoRA(Rank = 2)]", "Obsolete")]
    [InlineData("[LoRA(Rank = 2)]", "partial")]
    public async Task Nothing_is_offered(string attribute, string at) => Assert.Empty((await Offered(attribute, at)).Actions);

    [Fact]
    public async Task A_large_model_offers_no_more_than_a_screen_holds()
    {
        string members = string.Concat(Enumerable.Range(0, 60).Select(i => $"private readonly Linear layer{i} = Linear(8, 8); "));
        Assert.Equal(30, (await Offered("[LoRA(Rank = 2)]", "Rank", members)).Actions.Count);
    }

    private static async Task<string> Choose(string attribute, string pattern, LanguageVersion version)
    {
        var document = Open(attribute, Members, version);
        var (_, actions) = await Offered(document, "LoRA");
        var action = Assert.Single(actions, a => a.Title.StartsWith(pattern + " ", StringComparison.Ordinal));
        var changed = (await action.GetOperationsAsync(CancellationToken.None)).OfType<ApplyChangesOperation>().Single().ChangedSolution.GetDocument(document.Id)!;
        string before = (await document.GetTextAsync()).ToString(), after = (await changed.GetTextAsync()).ToString();
        int start = before.IndexOf(attribute, StringComparison.Ordinal), tail = before.Length - start - attribute.Length;
        Assert.Equal((before[..start], before[^tail..]), (after[..start], after[^tail..]));
        return after[start..^tail];
    }

    private static Task<(string Title, IReadOnlyList<CodeAction> Actions)> Offered(string attribute, string at, string members = Members) => Offered(Open(attribute, members, LanguageVersion.Preview), at);

    private static async Task<(string Title, IReadOnlyList<CodeAction> Actions)> Offered(Document document, string at)
    {
        string text = (await document.GetTextAsync()).ToString();
        int attribute = text.IndexOf("\n[", StringComparison.Ordinal);
        var found = new List<CodeAction>();
        await new AddTargetRefactoring().ComputeRefactoringsAsync(new CodeRefactoringContext(document, new TextSpan(text.IndexOf(at, attribute, StringComparison.Ordinal), 0), found.Add, CancellationToken.None));
        return found.Count == 0 ? ("", []) : (Assert.Single(found).Title, found[0].NestedActions);
    }

    private static Document Open(string attribute, string members, LanguageVersion version)
    {
        var compilation = Compilations.Create();
        return new AdhocWorkspace().AddProject(ProjectInfo.Create(ProjectId.CreateNewId(), VersionStamp.Default, "Demo", "Demo", LanguageNames.CSharp,
            compilationOptions: compilation.Options, parseOptions: Compilations.ParseOptions.WithLanguageVersion(version), metadataReferences: compilation.References))
            .AddDocument("File0.cs", SourceText.From(Compilations.Usings + SampleModels.Annotated(attribute, members)));
    }
}
