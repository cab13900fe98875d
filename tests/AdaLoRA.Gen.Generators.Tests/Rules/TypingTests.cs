using AdaLoRA.Gen.Generators.Tests.Harness;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>Rules look at attributes that are half written, too.</summary>
public sealed class TypingTests
{
    [Theory]
    [InlineData("""[AdaLoRA(Budget = 8, InitialRank = 2, Beta1 = 0.5, Score = ImportanceScore.Magnitude, Targets = ["*.{query,key}", "blocks.0.query"], RankLimits = ["*.query: 1..2", "*: ..4"], Trainable = ["*.conv"], CheckpointRoot = "blocks")]""")]
    [InlineData("""[LoRA(Rank = 2, Bias = (BiasTraining)7, Dropout = -1, Targets = new[] { "*.{query,key}" }, Trainable = null)]""")]
    public async Task No_rule_fails_while_it_is_typed(string attribute)
    {
        for (int length = 1; length <= attribute.Length; length += 2)
        {
            // As an editor leaves it: the rest is not there, or the brackets are closed already.
            foreach (string close in new[] { "", ")]", "\"])]" })
            {
                if (close.Length > 0 && length % 5 != 0) continue;
                var compilation = Compilations.Create(SampleModels.Annotated(attribute[..length] + close));
                var driver = CSharpGeneratorDriver.Create([new AdaLoRAGenerator().AsSourceGenerator()], parseOptions: Compilations.ParseOptions).RunGeneratorsAndUpdateCompilation(compilation, out var updated, out var diagnostics);
                Assert.Empty(diagnostics);
                Assert.Null(driver.GetRunResult().Results.Single().Exception);
                Assert.DoesNotContain(await AnalyzerRun.Diagnose(updated), d => d.Id == "AD0001");
            }
        }
    }

    [Theory]
    [InlineData("Budget = \"x\"")]
    [InlineData("Budget = 1, InitialRank = Missing")]
    [InlineData("Budget = 1, Score = (ImportanceScore)\"x\"")]
    [InlineData("Budget = 1, RankLimits = [1, Missing]")]
    [InlineData("Budget = 1, Beta1 = Missing, Dropout = \"\"")]
    [InlineData("Budget = 1, CheckpointRoot = 5")]
    [InlineData("Budget = 1, Trainable = [1]")]
    [InlineData("Budget = 1, Interval = 1.5")]
    public async Task Nothing_is_said_where_the_compiler_says_something(string arguments)
    {
        var compilation = Compilations.Create(SampleModels.Annotated($"[AdaLoRA({arguments}, Targets = [\"*.query\"])]"));
        Assert.Contains(compilation.GetDiagnostics(), d => d.Severity == DiagnosticSeverity.Error);
        Assert.Empty(await AnalyzerRun.Diagnose(compilation));
    }
}
