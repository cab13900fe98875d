using AdaLoRA.Gen.Generators.Diagnostics;
using AdaLoRA.Gen.Generators.Tests.Harness;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace AdaLoRA.Gen.Generators.Tests.Regressions;

/// <summary>The analyzer of registration as an editor and a build configure it.</summary>
public sealed class RegistrationSeverityTests
{
    private const string Source = "private readonly Linear[] a = [Linear(2, 2)]; public Linear Mix { get; } = Linear(2, 2);";

    [Fact]
    public async Task Editorconfig_sets_the_severity()
    {
        var compilation = Compilations.Create(RegistrationModels.Model(Source));
        var options = compilation.Options.WithSyntaxTreeOptionsProvider(new Severities(new() { ["ADALORA023"] = ReportDiagnostic.Suppress, ["ADALORA024"] = ReportDiagnostic.Error }));
        var found = Assert.Single(await AnalyzerRun.Diagnose(GeneratorRun.On(compilation.WithOptions(options)).Updated));
        Assert.Equal(("ADALORA024", DiagnosticSeverity.Error), (found.Id, found.Severity));
    }

    /// <summary>Without an annotated model nothing is looked at, whatever its modules do.</summary>
    [Fact]
    public async Task Other_compilations_are_left_alone() => Assert.Empty(await AnalyzerRun.Diagnose(Compilations.Create(
        RegistrationModels.Block(Source + " public Block(int n) : base(\"b\") { a = [Linear(n, n)]; }"))));

    /// <summary>While a model breaks a rule on the class itself, that is the only thing to say.</summary>
    [Fact]
    public Task Nothing_of_a_class_that_cannot_be_read() => AnalyzerRun.Verify(RegistrationModels.Model(Source).Replace("partial class M", "class {|ADALORA001:M|}", StringComparison.Ordinal),
        "'M' is not partial, so the adapters of 'M' cannot be wired into it; add 'partial'");

    /// <summary>An editor asks file by file; what it gets then are the same diagnostics.</summary>
    [Fact]
    public async Task Reported_while_typing()
    {
        var compilation = GeneratorRun.On(RegistrationModels.Model(Source + " public void Reset() => q2 = Linear(2, 2); private Linear q2 = Linear(2, 2);")).Updated;
        var tree = compilation.SyntaxTrees.First(t => t.FilePath == "File0.cs");
        var analyzers = compilation.WithAnalyzers([new RegistrationAnalyzer()]);
        var semantic = await analyzers.GetAnalyzerSemanticDiagnosticsAsync(compilation.GetSemanticModel(tree), null, CancellationToken.None);
        Assert.Equal(["ADALORA023", "ADALORA024"], semantic.Select(d => d.Id).Order());
    }

    private sealed class Severities(Dictionary<string, ReportDiagnostic> severities) : SyntaxTreeOptionsProvider
    {
        public override GeneratedKind IsGenerated(SyntaxTree tree, CancellationToken cancellationToken) => GeneratedKind.Unknown;

        public override bool TryGetDiagnosticValue(SyntaxTree tree, string diagnosticId, CancellationToken cancellationToken, out ReportDiagnostic severity) => severities.TryGetValue(diagnosticId, out severity);

        public override bool TryGetGlobalDiagnosticValue(string diagnosticId, CancellationToken cancellationToken, out ReportDiagnostic severity)
        {
            severity = default;
            return false;
        }
    }
}
