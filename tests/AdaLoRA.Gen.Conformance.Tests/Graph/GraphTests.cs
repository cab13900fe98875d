using System.Text.Json;
using AdaLoRA.Gen.Conformance.Graph;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Conformance.Tests.Graph;

/// <summary>The compiler's paths are TorchSharp's for every model of the corpus, and a difference would be found.</summary>
public sealed class GraphTests
{
    private const string Head = """
        using AdaLoRA.Gen;
        using TorchSharp;
        using TorchSharp.Modules;
        using static TorchSharp.torch;
        using static TorchSharp.torch.nn;

        """;

    private static string Folder(string name) => RepositoryRoot.Combine("tests", "AdaLoRA.Gen.Conformance", "Graph", name);

    [Fact]
    public void The_corpus_has_no_difference()
    {
        var (code, models) = Run(Folder("Corpus"));
        Assert.All(models, m => Assert.True(m.GetProperty("ok").GetBoolean(), m.GetRawText()));
        Assert.Equal(0, code);
        Assert.True(models.Count >= 60, $"{models.Count} models");
        var verdicts = models.SelectMany(m => m.GetProperty("paths").EnumerateArray()).CountBy(p => p.GetProperty("verdict").GetString()!).ToDictionary();
        Assert.Equal(["hidden", "null", "same", "unregistered"], verdicts.Keys.Order());
        // What the compiler cannot see is the exception.
        Assert.True(verdicts["same"] > 5 * verdicts["hidden"], $"{verdicts["same"]} same, {verdicts["hidden"]} hidden");
    }

    [Fact]
    public void Models_of_the_library_have_no_difference()
    {
        var (code, models) = Run(Folder("Library"));
        Assert.All(models, m => Assert.True(m.GetProperty("ok").GetBoolean(), m.GetRawText()));
        Assert.Equal((0, 2), (code, models.Count));
    }

    /// <summary>Reflection does what no reader can follow; each line is one that the command has to find.</summary>
    [Theory]
    [InlineData("public M() : base(\"m\") { RegisterComponents(); _internal_submodules.Add(\"x\", Linear(2, 2)); }", "x", "missed")]
    [InlineData("public M() : base(\"m\") { RegisterComponents(); _internal_submodules.Remove(\"q\"); }", "q", "invented")]
    [InlineData("public M() : base(\"m\") { _internal_submodules.Add(\"q\", Embedding(2, 2)); RegisterComponents(); }", "q", "different")]
    [InlineData("public M() : base(\"m\") { _internal_submodules.Add(\"q\", Linear(2, 4)); RegisterComponents(); }", "q", "different")]
    public void A_difference_is_found(string constructor, string path, string verdict)
    {
        var (code, models) = Run(Model(constructor));
        Assert.Equal(1, code);
        var found = Assert.Single(models).GetProperty("paths").EnumerateArray().Single(p => p.GetProperty("path").GetString() == path);
        Assert.Equal(verdict, found.GetProperty("verdict").GetString());
        Assert.False(models[0].GetProperty("ok").GetBoolean());
    }

    [Theory]
    [InlineData("[LoRA(Rank = 1, Targets = [\"q\"])]", 0)]
    [InlineData("[LoRA(Rank = 1, Targets = [\"q\"])] // expect: ADALORA003", 1)]
    [InlineData("[LoRA(Rank = 1, Targets = [\"p\"])] // expect: ADALORA003", 0)]
    [InlineData("[LoRA(Rank = 1, Targets = [\"p\"])] // expect: ADALORA004", 1)]
    [InlineData("[LoRA(Rank = 1, Targets = [\"q\"])] // expect: ADALORA999", 0)]
    public void Expectations_are_checked(string attribute, int code) => Assert.Equal(code, Run(Model("public M() : base(\"m\") { RegisterComponents(); }", attribute)).Code);

    [Fact]
    public void Diagnostics_have_their_place()
    {
        var (_, models) = Run(Model("public M() : base(\"m\") { RegisterComponents(); }", "[LoRA(Rank = 1, Targets = [\"q\", \"qq\"])]"));
        var diagnostic = Assert.Single(models[0].GetProperty("diagnostics").EnumerateArray());
        Assert.Equal(("ADALORA003", "error", 6, 34), (diagnostic.GetProperty("id").GetString(), diagnostic.GetProperty("severity").GetString(), diagnostic.GetProperty("line").GetInt32(), diagnostic.GetProperty("column").GetInt32()));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("public sealed class NothingAnnotated { }")]
    [InlineData("public sealed class Broken { int }")]
    public void A_folder_that_cannot_be_checked_is_refused(string? source)
    {
        using var folder = new TemporaryFolder();
        if (source is not null) File.WriteAllText(folder.File("M.cs"), source);
        Assert.Equal(2, GraphCommand.Run(folder.Path, json: true, new StringWriter()));
    }

    [Fact]
    public void A_model_that_cannot_be_made_fails() => Assert.Equal(1, Run(Model("public M(int n) : base(\"m\") { RegisterComponents(); }")).Code);

    private static string Model(string constructor, string attribute = "[LoRA(Rank = 1, Targets = [\"*\"])]") => Head + attribute + "\n" + $$"""
        public sealed partial class M : Module<Tensor, Tensor>
        {
            private readonly Linear q = Linear(2, 2);
            private readonly Linear r = Linear(2, 2);
            {{constructor}}
            public override Tensor forward(Tensor x) => r.call(q.call(x));
        }
        """;

    /// <param name="folderOrSource">A folder, or the text of one file.</param>
    private static (int Code, List<JsonElement> Models) Run(string folderOrSource)
    {
        using var made = new TemporaryFolder();
        bool isFolder = Directory.Exists(folderOrSource);
        if (!isFolder) File.WriteAllText(made.File("M.cs"), folderOrSource);
        var output = new StringWriter();
        int code = GraphCommand.Run(isFolder ? folderOrSource : made.Path, json: true, output);
        return (code, [.. output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)]);
    }
}
