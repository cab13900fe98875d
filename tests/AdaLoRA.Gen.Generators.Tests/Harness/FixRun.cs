using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.Generators.Tests.Harness;

/// <summary>Applies a code fix in a workspace; the fixed source compiles with its generated part and is free of the diagnostic.</summary>
internal static class FixRun
{
    /// <summary>Fixes the first diagnostic that the fix knows.</summary>
    public static Task Verify(CodeFixProvider fix, string source, string expected) => Verify(fix, [source], [expected], scope: null, key: null, fix.FixableDiagnosticIds);

    /// <summary>Fixes every diagnostic of the document at once.</summary>
    public static Task VerifyAll(CodeFixProvider fix, string source, string expected) => Verify(fix, [source], [expected], FixAllScope.Document, key: null, fix.FixableDiagnosticIds);

    /// <summary>Fixes every diagnostic of one rule in a project of two documents at once.</summary>
    public static Task VerifyProject(FixCase c, string id)
    {
        var other = c.Other ?? (InNamespace(c.Before), InNamespace(c.After));
        return Verify(c.Fix, [c.Before, other.Before], [c.After, other.After], FixAllScope.Project, c.EquivalenceKey, [id]);
    }

    /// <summary>The diagnostic is there, and nothing is offered for it.</summary>
    public static async Task VerifyNone(CodeFixProvider fix, string source)
    {
        var project = Open([source], fix.FixableDiagnosticIds);
        var diagnostics = await Diagnose(project, fix.FixableDiagnosticIds);
        Assert.NotEmpty(diagnostics);
        Assert.Empty(await Offered(fix, project, diagnostics[0]));
    }

    private static string InNamespace(string source) => "namespace Second;\n" + source;

    /// <param name="scope">Null for the first diagnostic alone.</param>
    private static async Task Verify(CodeFixProvider fix, string[] sources, string[] expected, FixAllScope? scope, string? key, ImmutableArray<string> ids)
    {
        var project = Open(sources, ids);
        var diagnostics = await Diagnose(project, ids);
        Assert.NotEmpty(diagnostics);
        var offered = await Offered(fix, project, diagnostics[0]);
        var action = Assert.Single(key is null ? offered : offered.Where(a => a.EquivalenceKey == key));
        if (scope is { } all)
        {
            Assert.True(diagnostics.Length > 1, "Fix-all wants several diagnostics.");
            Assert.True(all != FixAllScope.Project || diagnostics.Select(d => d.Location.SourceTree).Distinct().Count() == sources.Length, "Fix-all over a project wants a diagnostic in each document.");
            Assert.Contains(all, fix.GetFixAllProvider()!.GetSupportedFixAllScopes());
            var fixAll = new FixAllContext(project.GetDocument(diagnostics[0].Location.SourceTree)!, fix, all, action.EquivalenceKey!, ids, new Known(diagnostics), CancellationToken.None);
            action = await fix.GetFixAllProvider()!.GetFixAsync(fixAll) ?? throw new InvalidOperationException("No fix for all.");
        }
        var operation = (await action.GetOperationsAsync(CancellationToken.None)).OfType<ApplyChangesOperation>().Single();
        var fixedProject = operation.ChangedSolution.GetProject(project.Id)!;
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(Compilations.Usings + expected[i], (await fixedProject.Documents.Single(d => d.Name == $"File{i}.cs").GetTextAsync()).ToString());
        var left = await Diagnose(fixedProject, ids);
        Assert.True(left.Length < diagnostics.Length && (scope is null || left.IsEmpty), string.Join("\n", left));
        if (left.IsEmpty) GeneratorRun.On((CSharpCompilation)(await fixedProject.GetCompilationAsync())!);
    }

    private static Project Open(string[] sources, ImmutableArray<string> ids)
    {
        // A rule that is off by default is on where its fix is looked at.
        var compilation = AnalyzerRun.WithRules(Compilations.Create(), RuleTests.Descriptors.Where(d => !d.IsEnabledByDefault && ids.Contains(d.Id)).Select(d => d.Id));
        var project = new AdhocWorkspace().AddProject(ProjectInfo.Create(ProjectId.CreateNewId(), VersionStamp.Default, "Demo", "Demo", LanguageNames.CSharp,
            compilationOptions: compilation.Options, parseOptions: Compilations.ParseOptions, metadataReferences: compilation.References));
        foreach (var tree in compilation.SyntaxTrees) project = project.AddDocument(tree.FilePath, tree.GetText()).Project;
        for (int i = 0; i < sources.Length; i++) project = project.AddDocument($"File{i}.cs", SourceText.From(Compilations.Usings + sources[i])).Project;
        return project;
    }

    private static async Task<ImmutableArray<Diagnostic>> Diagnose(Project project, ImmutableArray<string> ids)
    {
        var compilation = (CSharpCompilation)(await project.GetCompilationAsync())!;
        CSharpGeneratorDriver.Create([new AdaLoRAGenerator().AsSourceGenerator()], parseOptions: Compilations.ParseOptions).RunGeneratorsAndUpdateCompilation(compilation, out var updated, out _);
        return [.. (await AnalyzerRun.Diagnose(updated)).Where(d => ids.Contains(d.Id)).OrderBy(d => d.Location.SourceTree!.FilePath, StringComparer.Ordinal).ThenBy(d => d.Location.SourceSpan.Start)];
    }

    private static async Task<List<CodeAction>> Offered(CodeFixProvider fix, Project project, Diagnostic diagnostic)
    {
        var actions = new List<CodeAction>();
        await fix.RegisterCodeFixesAsync(new CodeFixContext(project.GetDocument(diagnostic.Location.SourceTree)!, diagnostic, (action, _) => actions.Add(action), CancellationToken.None));
        return actions;
    }

    private sealed class Known(ImmutableArray<Diagnostic> diagnostics) : FixAllContext.DiagnosticProvider
    {
        public override Task<IEnumerable<Diagnostic>> GetAllDiagnosticsAsync(Project project, CancellationToken cancellationToken) => Task.FromResult<IEnumerable<Diagnostic>>(diagnostics);

        public override async Task<IEnumerable<Diagnostic>> GetDocumentDiagnosticsAsync(Document document, CancellationToken cancellationToken)
        {
            var tree = await document.GetSyntaxTreeAsync(cancellationToken);
            return diagnostics.Where(d => d.Location.SourceTree == tree);
        }

        /// <summary>Those that lie in no document.</summary>
        public override Task<IEnumerable<Diagnostic>> GetProjectDiagnosticsAsync(Project project, CancellationToken cancellationToken) => Task.FromResult<IEnumerable<Diagnostic>>([]);
    }
}
