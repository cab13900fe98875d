using System.Collections.Immutable;
using AdaLoRA.Gen.Generators;
using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Benchmarks.Compiling;

/// <summary>A project with annotated models as an editor holds it: a compilation that is edited, and the driver that runs the generator on every version of it.</summary>
internal sealed class CompiledProject
{
    private static readonly CSharpParseOptions ParseOptions = CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Latest);

    private static readonly ImmutableArray<MetadataReference> References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(p => Path.GetFileName(p) is var f && (f.StartsWith("System.", StringComparison.Ordinal) || f is "netstandard.dll" or "TorchSharp.dll" or "AdaLoRA.Gen.dll"))
            .Select(p => MetadataReference.CreateFromFile(p)),
    ];

    private GeneratorDriver _driver;
    private CSharpCompilation _compilation;

    /// <param name="shape">The models.</param>
    /// <param name="remembers">Whether the generator has its memo.</param>
    public CompiledProject(CompileShape shape, bool remembers)
    {
        _compilation = CSharpCompilation.Create("Project", shape.Files().Select(f => Parse(f.Name, f.Text)), References,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        if (_compilation.GetDiagnostics().FirstOrDefault(d => d.Severity == DiagnosticSeverity.Error) is { } error) throw new InvalidOperationException(error.ToString());
        _driver = CSharpGeneratorDriver.Create([new AdaLoRAGenerator(new ReadMemo(isOff: !remembers)).AsSourceGenerator()], parseOptions: ParseOptions,
            driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));
        Run();
    }

    /// <summary>The files of models that the last run wrote anew.</summary>
    public int Rewritten { get; private set; }

    /// <summary>The files of models that there are.</summary>
    public int Written { get; private set; }

    /// <summary>Puts another text in the place of a file, as a keystroke does. Not timed: the editor parses, whatever the generator does.</summary>
    public void Edit(string file, string text)
    {
        var old = _compilation.SyntaxTrees.Single(t => t.FilePath == file);
        _compilation = _compilation.ReplaceSyntaxTree(old, old.WithChangedText(Microsoft.CodeAnalysis.Text.SourceText.From(text, System.Text.Encoding.UTF8)));
    }

    /// <summary>Runs the generator on the compilation as it is now.</summary>
    /// <returns>Milliseconds, and bytes of managed garbage.</returns>
    public (double Ms, long Bytes) Run()
    {
        long bytes = GC.GetAllocatedBytesForCurrentThread(), start = System.Diagnostics.Stopwatch.GetTimestamp();
        _driver = _driver.RunGenerators(_compilation);
        double ms = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
        var result = _driver.GetRunResult().Results.Single();
        if (result.Exception is { } failure) throw failure;
        Written = result.GeneratedSources.Count(s => s.HintName.EndsWith(".AdaLoRA.g.cs", StringComparison.Ordinal));
        Rewritten = result.TrackedOutputSteps.SelectMany(s => s.Value).SelectMany(s => s.Outputs).Count(o => o.Reason is IncrementalStepRunReason.Modified or IncrementalStepRunReason.New);
        return (ms, bytes);
    }

    private static SyntaxTree Parse(string name, string text) => CSharpSyntaxTree.ParseText(text, ParseOptions, name, System.Text.Encoding.UTF8);
}
