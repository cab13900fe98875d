using System.Reflection;
using AdaLoRA.Gen.Completion;
using AdaLoRA.Gen.Generators.Tests.Harness;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Completion;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Host.Mef;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.Generators.Tests.Ide;

/// <summary>Roslyn's own completion service finds the provider in the project's analyzers, as in an editor. <c>$$</c> is the caret.</summary>
public sealed class PathCompletionTests
{
    private const string Members = """
        private readonly ModuleList<Block> blocks = new(new Block(), new Block());
            private readonly Sequential net = Sequential(Linear(8, 8), ReLU());
            private readonly Linear head = Linear(8, 2);
        """;

    private static readonly string[] Targets = ["*.{query,key,conv}", "*.query", "*.key", "*.conv", "net.0", "head", "blocks.*", "net.*"];

    [Theory]
    [InlineData("[LoRA(Rank = 2, Targets = [\"$$\"])]")]
    [InlineData("[LoRA(Rank = 2, Targets = [\"*.$$\"])]")]
    [InlineData("[LoRA(Rank = 2, Targets = [\"head\", @\"$$\"])]")]
    [InlineData("[LoRA(Rank = 2, Targets = new[] { \"\"\"a$$\"\"\" })]")]
    [InlineData("[LoRA(Rank = 2, Targets = [\"$$")]
    public async Task Patterns_of_targets(string attribute) => Assert.Equal(Targets, (await Items(attribute)).Select(i => i.DisplayText));

    [Theory]
    [InlineData("[LoRA(Rank = 2, Targets = [\"head\"], Trainable = [\"$$\"])]", "blocks blocks.* blocks.*.query blocks.*.key blocks.*.conv net net.0 net.1 head")]
    [InlineData("[LoRA(Rank = 2, Targets = [\"head\"], CheckpointRoot = \"$$\")]", "net")]
    [InlineData("[AdaLoRA(Budget = 2, Targets = [\"*.{query,key}\", \"head\"], RankLimits = [\"$$\"])]", "*.query: 1..|*.key: 1..|head: 1..", '|')]
    public async Task Paths_of_the_other_arguments(string attribute, string paths, char between = ' ') => Assert.Equal(paths.Split(between), (await Items(attribute)).Select(i => i.DisplayText));

    [Theory]
    [InlineData("[LoRA(Rank = $$2, Targets = [\"head\"])]")]
    [InlineData("[LoRA(Rank = 2, Targets = [\"head\"$$])]")]
    [InlineData("[Obsolete(\"$$\"), LoRA(Rank = 2, Targets = [\"head\"])]")]
    [InlineData("[Obsolete(\"x\", DiagnosticId = \"$$\"), LoRA(Rank = 2, Targets = [\"head\"])]")]
    public async Task Nothing_elsewhere(string attribute)
    {
        // The provider itself is asked: the service would wait for the others.
        var (document, position) = Open(attribute);
        var context = new CompletionContext(new PathCompletionProvider(), document, position, new TextSpan(position, 0), CompletionTrigger.Invoke, document.Project.Solution.Options, CancellationToken.None);
        await new PathCompletionProvider().ProvideCompletionsAsync(context);
        Assert.False(context.IsExclusive);
    }

    [Theory]
    [InlineData("[LoRA(Rank = 2, Targets = [\"*.k$$\"])]", "[LoRA(Rank = 2, Targets = [\"*.key\"])]")]
    [InlineData("[LoRA(Rank = 2, Targets = [\"head\", @\"$$\"])]", "[LoRA(Rank = 2, Targets = [\"head\", @\"*.key\"])]")]
    public async Task Writes_what_is_chosen(string attribute, string expected)
    {
        var (document, position) = Open(attribute);
        var service = CompletionService.GetService(document)!;
        var item = Assert.Single(await Items(service, document, position), i => i.DisplayText == "*.key");
        Assert.Equal("2 layers", item.InlineDescription);
        var change = await service.GetChangeAsync(document, item);
        string text = (await document.GetTextAsync()).WithChanges(change.TextChange).ToString();
        Assert.Contains("\n" + expected + "\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData('"', true)]
    [InlineData('.', true)]
    [InlineData('q', true)]
    [InlineData(';', false)]
    public void Typing_opens_the_list(char typed, bool opens) =>
        Assert.Equal(opens, new PathCompletionProvider().ShouldTriggerCompletion(SourceText.From("\""), 1, CompletionTrigger.CreateInsertionTrigger(typed), new AdhocWorkspace().Options));

    private static async Task<IReadOnlyList<CompletionItem>> Items(string attribute)
    {
        var (document, position) = Open(attribute);
        return await Items(CompletionService.GetService(document)!, document, position);
    }

    private static async Task<IReadOnlyList<CompletionItem>> Items(CompletionService service, Document document, int position)
    {
        // The service loads the providers of a project's analyzers in the background and does not wait for them.
        for (var patience = System.Diagnostics.Stopwatch.StartNew(); patience.Elapsed < TimeSpan.FromSeconds(60); await Task.Delay(50))
            if (await service.GetCompletionsAsync(document, position) is { ItemsList: { Count: > 0 } items } && items.Any(i => i.Rules.CommitCharacterRules.Length > 0 && Targets.Concat(["net", "head: 1.."]).Contains(i.DisplayText)))
                return [.. items.OrderBy(i => i.SortText, StringComparer.Ordinal)];
        return [];
    }

    private static (Document Document, int Position) Open(string attribute)
    {
        var compilation = Compilations.Create();
        string marked = Compilations.Usings + SampleModels.Annotated(attribute, Members);
        int position = marked.IndexOf("$$", StringComparison.Ordinal);
        var project = new AdhocWorkspace(MefHostServices.DefaultHost).AddProject(ProjectInfo.Create(ProjectId.CreateNewId(), VersionStamp.Default, "Demo", "Demo", LanguageNames.CSharp,
            compilationOptions: compilation.Options, parseOptions: Compilations.ParseOptions, metadataReferences: compilation.References,
            analyzerReferences: [new AnalyzerFileReference(typeof(PathCompletionProvider).Assembly.Location, new Loader())]));
        return (project.AddDocument("File0.cs", SourceText.From(marked.Remove(position, 2))), position);
    }

    private sealed class Loader : IAnalyzerAssemblyLoader
    {
        public void AddDependencyLocation(string fullPath)
        {
        }

        public Assembly LoadFromPath(string fullPath) => Assembly.LoadFrom(fullPath);
    }
}
