using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Generators.Tests.Harness;

/// <summary>A run of the generator. Every run, whatever the test is about, is repeated on a clone of the compilation and has to come wholly from the cache.</summary>
internal sealed class GeneratorRun
{
    private GeneratorRun(GeneratorDriver driver, CSharpCompilation compilation, CSharpCompilation updated)
    {
        Driver = driver;
        Compilation = compilation;
        Updated = updated;
    }

    public GeneratorDriver Driver { get; private set; }

    public CSharpCompilation Compilation { get; private set; }

    /// <summary>The compilation with what was generated.</summary>
    public CSharpCompilation Updated { get; private set; }

    public GeneratorRunResult Result => Driver.GetRunResult().Results.Single();

    public ImmutableArray<GeneratedSourceResult> Sources => Result.GeneratedSources;

    /// <summary>The generated part of the only annotated class.</summary>
    public string Model => ModelSources.Single().SourceText.ToString();

    public IEnumerable<GeneratedSourceResult> ModelSources => Sources.Where(s => s.HintName.EndsWith(".AdaLoRA.g.cs", StringComparison.Ordinal));

    /// <summary>Runs on a correct or broken model; what is generated has to compile where the source does.</summary>
    public static GeneratorRun On(params string[] sources) => On(Compilations.Create(sources));

    public static GeneratorRun On(CSharpCompilation compilation)
    {
        GeneratorDriver driver = CSharpGeneratorDriver.Create([new AdaLoRAGenerator().AsSourceGenerator()], parseOptions: Compilations.ParseOptions,
            driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));
        driver = driver.RunGeneratorsAndUpdateCompilation(compilation, out var updated, out var diagnostics);
        Assert.Empty(diagnostics);
        var run = new GeneratorRun(driver, compilation, (CSharpCompilation)updated);
        Assert.Null(run.Result.Exception);
        run.AssertCompiles();
        run.AssertText();
        run.AssertCached();
        Reachability.AssertHoldsNoRoslynObjects(run.Result);
        return run;
    }

    /// <summary>The same driver on an edited compilation.</summary>
    public GeneratorRun Edit(Func<CSharpCompilation, CSharpCompilation> edit)
    {
        var edited = edit(Compilation);
        Driver = Driver.RunGeneratorsAndUpdateCompilation(edited, out var updated, out _);
        Compilation = edited;
        Updated = (CSharpCompilation)updated;
        Reachability.AssertHoldsNoRoslynObjects(Result);
        return this;
    }

    /// <summary>Replaces text in one file, as a person types.</summary>
    public GeneratorRun Edit(string file, string old, string with) => Edit(compilation =>
    {
        var tree = compilation.SyntaxTrees.Single(t => t.FilePath == file);
        string text = tree.GetText().ToString();
        Assert.Contains(old, text, StringComparison.Ordinal);
        return compilation.ReplaceSyntaxTree(tree, tree.WithChangedText(Microsoft.CodeAnalysis.Text.SourceText.From(text.Replace(old, with, StringComparison.Ordinal), System.Text.Encoding.UTF8)));
    });

    /// <summary>Why each output of a named step is what it is.</summary>
    public IncrementalStepRunReason[] Reasons(string step) =>
        [.. Result.TrackedSteps[step].SelectMany(s => s.Outputs).Select(o => o.Reason)];

    public IncrementalStepRunReason[] OutputReasons() =>
        [.. Result.TrackedOutputSteps.SelectMany(s => s.Value).SelectMany(s => s.Outputs).Select(o => o.Reason)];

    /// <summary>Source and generated code as a project with an older language version compiles them.</summary>
    public GeneratorRun AssertCompilesAs(LanguageVersion version)
    {
        var options = Compilations.ParseOptions.WithLanguageVersion(version);
        Updated = Updated.RemoveAllSyntaxTrees().AddSyntaxTrees(Updated.SyntaxTrees.Select(t => CSharpSyntaxTree.ParseText(t.GetText(), options, t.FilePath)));
        AssertCompiles();
        return this;
    }

    private void AssertCompiles()
    {
        var problems = Updated.GetDiagnostics().Where(d => d.Severity is DiagnosticSeverity.Error or DiagnosticSeverity.Warning)
            .Where(d => d.Location.SourceTree is not { } tree || tree.FilePath.EndsWith(".g.cs", StringComparison.Ordinal) || d.Severity == DiagnosticSeverity.Error);
        Assert.True(!problems.Any(), string.Join("\n", problems) + "\n" + string.Join("\n", Sources.Select(s => s.SourceText)));
    }

    /// <summary>For every consumer: C# 12 is what net8.0 projects get. And the same bytes on every machine.</summary>
    private void AssertText()
    {
        foreach (var source in Sources)
        {
            string text = source.SourceText.ToString();
            Assert.Empty(CSharpSyntaxTree.ParseText(text, CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.CSharp12)).GetDiagnostics());
            Assert.DoesNotContain('\r', text);
            Assert.DoesNotContain('\t', text);
            Assert.EndsWith("}\n", text, StringComparison.Ordinal);
            Assert.All(text.Split('\n'), line => Assert.Equal(line.TrimEnd(), line));
        }
    }

    private void AssertCached()
    {
        var again = Driver.RunGenerators(Compilation.Clone()).GetRunResult().Results.Single();
        foreach (string name in TrackingNamesByReflection.All)
            if (again.TrackedSteps.TryGetValue(name, out var steps))
                Assert.All(steps.SelectMany(s => s.Outputs), o => Assert.True(o.Reason is IncrementalStepRunReason.Cached or IncrementalStepRunReason.Unchanged, $"{name}: {o.Reason}"));
        Assert.All(again.TrackedOutputSteps.SelectMany(s => s.Value).SelectMany(s => s.Outputs), o => Assert.Equal(IncrementalStepRunReason.Cached, o.Reason));
    }
}

internal static class TrackingNamesByReflection
{
    public static readonly string[] All = [.. typeof(TrackingNames).GetFields().Select(f => (string)f.GetRawConstantValue()!)];
}
