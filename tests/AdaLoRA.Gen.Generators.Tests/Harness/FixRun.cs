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
    public static Task Verify(CodeFixProvider fix, string source, string expected) => Verify(fix, source, expected, all: false);

    /// <summary>Fixes every diagnostic of the document at once.</summary>
    public static Task VerifyAll(CodeFixProvider fix, string source, string expected) => Verify(fix, source, expected, all: true);

    /// <summary>The diagnostic is there, and nothing is offered for it.</summary>
    public static async Task VerifyNone(CodeFixProvider fix, string source)
    {
        var document = Open(source);
        var diagnostics = await Diagnose(document, fix);
        Assert.NotEmpty(diagnostics);
        Assert.Empty(await Offered(fix, document, diagnostics[0]));
    }

    private static async Task Verify(CodeFixProvider fix, string source, string expected, bool all)
    {
        var document = Open(source);
        var diagnostics = await Diagnose(document, fix);
        Assert.NotEmpty(diagnostics);
        var action = Assert.Single(await Offered(fix, document, diagnostics[0]));
        if (all)
        {
            Assert.True(diagnostics.Length > 1, "Fix-all wants several diagnostics.");
            var fixAll = new FixAllContext(document, fix, FixAllScope.Document, action.EquivalenceKey!, fix.FixableDiagnosticIds, new Known(diagnostics), CancellationToken.None);
            action = await fix.GetFixAllProvider()!.GetFixAsync(fixAll) ?? throw new InvalidOperationException("No fix for all.");
        }
        var operation = (await action.GetOperationsAsync(CancellationToken.None)).OfType<ApplyChangesOperation>().Single();
        var fixedDocument = operation.ChangedSolution.GetDocument(document.Id)!;
        string text = (await fixedDocument.GetTextAsync()).ToString();
        Assert.Equal(Compilations.Usings + expected, text);
        var left = await Diagnose(fixedDocument, fix);
        Assert.True(left.Length < diagnostics.Length && (!all || left.IsEmpty), string.Join("\n", left));
        if (left.IsEmpty) GeneratorRun.On((CSharpCompilation)(await fixedDocument.Project.GetCompilationAsync())!);
    }

    private static Document Open(string source)
    {
        var compilation = Compilations.Create();
        var project = new AdhocWorkspace().AddProject(ProjectInfo.Create(ProjectId.CreateNewId(), VersionStamp.Default, "Demo", "Demo", LanguageNames.CSharp,
            compilationOptions: compilation.Options, parseOptions: Compilations.ParseOptions, metadataReferences: compilation.References));
        foreach (var tree in compilation.SyntaxTrees) project = project.AddDocument(tree.FilePath, tree.GetText()).Project;
        return project.AddDocument("File0.cs", SourceText.From(Compilations.Usings + source));
    }

    private static async Task<ImmutableArray<Diagnostic>> Diagnose(Document document, CodeFixProvider fix)
    {
        var compilation = (CSharpCompilation)(await document.Project.GetCompilationAsync())!;
        CSharpGeneratorDriver.Create([new AdaLoRAGenerator().AsSourceGenerator()], parseOptions: Compilations.ParseOptions).RunGeneratorsAndUpdateCompilation(compilation, out var updated, out _);
        return [.. (await AnalyzerRun.Diagnose(updated)).Where(d => fix.FixableDiagnosticIds.Contains(d.Id)).OrderBy(d => d.Location.SourceSpan.Start)];
    }

    private static async Task<List<CodeAction>> Offered(CodeFixProvider fix, Document document, Diagnostic diagnostic)
    {
        var actions = new List<CodeAction>();
        await fix.RegisterCodeFixesAsync(new CodeFixContext(document, diagnostic, (action, _) => actions.Add(action), CancellationToken.None));
        return actions;
    }

    private sealed class Known(ImmutableArray<Diagnostic> diagnostics) : FixAllContext.DiagnosticProvider
    {
        public override Task<IEnumerable<Diagnostic>> GetAllDiagnosticsAsync(Project project, CancellationToken cancellationToken) => Task.FromResult<IEnumerable<Diagnostic>>(diagnostics);

        public override Task<IEnumerable<Diagnostic>> GetDocumentDiagnosticsAsync(Document document, CancellationToken cancellationToken) => Task.FromResult<IEnumerable<Diagnostic>>(diagnostics);

        public override Task<IEnumerable<Diagnostic>> GetProjectDiagnosticsAsync(Project project, CancellationToken cancellationToken) => Task.FromResult<IEnumerable<Diagnostic>>(diagnostics);
    }
}
