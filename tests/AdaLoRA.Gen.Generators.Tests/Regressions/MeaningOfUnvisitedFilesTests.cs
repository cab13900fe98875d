using AdaLoRA.Gen.Generators.Reading;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Regressions;

/// <summary>What a file that no reading visits says can change what one means: every such change is read.</summary>
public sealed class MeaningOfUnvisitedFilesTests
{
    private static string Model(string size) => $$"""
        [LoRA(Rank = 1, Targets = ["q"])]
        public partial class M : Module<Tensor, Tensor>
        {
            private readonly Linear q = Linear(8, {{size}});
            public M() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => x;
        }
        """;

    [Fact]
    public void Enum_behind_an_enum()
    {
        var run = GeneratorRun.On(Model("(int)Near.Out"), "public enum Near { Out = (int)Far.Out }", "public enum Far { Out = 16 }").Edit("File2.cs", "16", "32");
        Assert.Contains("8, 32)", run.Model, StringComparison.Ordinal);
    }

    [Fact]
    public void Enum_behind_a_constant()
    {
        var run = GeneratorRun.On(Model("Near.Out"), "public static class Near { public const int Out = Deeper.Out; }", "public static class Deeper { public const int Out = (int)Far.Out; }", "public enum Far { Before = Start.Value, Out } public static class Start { public const int Value = (int)Zero.Value; }", "public enum Zero { Value = 15 }").Edit("File4.cs", "15", "31");
        Assert.Contains("8, 32)", run.Model, StringComparison.Ordinal);
    }

    /// <summary>The same letters, cut into words elsewhere, is another declaration.</summary>
    [Fact]
    public void Letter_that_moves_from_one_word_to_the_next()
    {
        const string Source = "public class A { } public class AB { } public static class Other { public static AB C = null!; }";
        var run = Compilations.Create(Source);
        var tree = run.SyntaxTrees.Single(t => t.FilePath == "File0.cs");
        var after = run.ReplaceSyntaxTree(tree, tree.WithChangedText(Microsoft.CodeAnalysis.Text.SourceText.From(tree.ToString().Replace("AB C", "A BC", StringComparison.Ordinal))));
        Assert.NotEqual(Declarations.EnvironmentOf(run, CancellationToken.None), Declarations.EnvironmentOf(after, CancellationToken.None));
    }

    /// <summary>Such code does not compile, but an editor has it open while it is written; the reader must come back from it.</summary>
    [Fact]
    public void Constants_in_a_circle()
    {
        var memo = new ReadMemo();
        var compilation = Compilations.Create(Model("Near.Out"), "public static class Near { public const int Out = Far.Out; }", "public static class Far { public const int Out = Near.Out; }");
        Assert.NotNull(memo.Read(compilation.GetTypeByMetadataName("M")!, AdapterAttribute.LoRAName, compilation, CancellationToken.None));
    }
}
