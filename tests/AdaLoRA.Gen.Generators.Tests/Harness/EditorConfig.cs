using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace AdaLoRA.Gen.Generators.Tests.Harness;

/// <summary>An <c>.editorconfig</c> in the folder of the sources, read and applied by the compiler's own code.</summary>
internal sealed class EditorConfig
{
    private readonly AnalyzerConfigSet _set;

    private EditorConfig(string text) => _set = AnalyzerConfigSet.Create(new[] { AnalyzerConfig.Parse(text, "/.editorconfig") }, out _);

    /// <summary>What the analyzers report of a compilation under the file's severities.</summary>
    public static async Task<ImmutableArray<Diagnostic>> Diagnose(string text, CSharpCompilation compilation)
    {
        var config = new EditorConfig(text);
        var configured = (CSharpCompilation)compilation.WithOptions(compilation.Options.WithSyntaxTreeOptionsProvider(new Severities(config._set)));
        var options = new AnalyzerOptions([], new Values(config._set));
        return [.. (await configured.WithAnalyzers(AnalyzerRun.Analyzers, options).GetAnalyzerDiagnosticsAsync()).Where(d => !d.IsSuppressed)];
    }

    private static AnalyzerConfigOptionsResult Of(AnalyzerConfigSet set, SyntaxTree tree) => set.GetOptionsForSourcePath("/" + tree.FilePath);

    /// <summary><c>dotnet_diagnostic.ID.severity</c>.</summary>
    private sealed class Severities(AnalyzerConfigSet set) : SyntaxTreeOptionsProvider
    {
        public override GeneratedKind IsGenerated(SyntaxTree tree, CancellationToken cancellationToken) => GeneratedKind.Unknown;

        public override bool TryGetDiagnosticValue(SyntaxTree tree, string diagnosticId, CancellationToken cancellationToken, out ReportDiagnostic severity) =>
            Of(set, tree).TreeOptions.TryGetValue(diagnosticId, out severity);

        public override bool TryGetGlobalDiagnosticValue(string diagnosticId, CancellationToken cancellationToken, out ReportDiagnostic severity)
        {
            severity = ReportDiagnostic.Default;
            return false;
        }
    }

    /// <summary>Everything else, such as the severity of a whole category.</summary>
    private sealed class Values(AnalyzerConfigSet set) : AnalyzerConfigOptionsProvider
    {
        public override AnalyzerConfigOptions GlobalOptions { get; } = new Options(ImmutableDictionary<string, string>.Empty);

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => new Options(Of(set, tree).AnalyzerOptions);

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => GlobalOptions;
    }

    private sealed class Options(ImmutableDictionary<string, string> values) : AnalyzerConfigOptions
    {
        public override bool TryGetValue(string key, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? value) => values.TryGetValue(key, out value);
    }
}
