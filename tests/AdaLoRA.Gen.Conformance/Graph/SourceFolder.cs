using System.Collections.Immutable;
using System.Runtime.Loader;
using AdaLoRA.Gen.Generators;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.Conformance.Graph;

/// <summary>The folder cannot be checked: it holds no sources, or they do not compile.</summary>
internal sealed class UnusableFolderException(string message) : AdaLoRAException(message);

/// <summary>All C# files of a folder, compiled as a project of a user's would be: generator and analyzers run over them.</summary>
internal sealed class SourceFolder
{
    /// <summary>What the SDK adds to a project with <c>ImplicitUsings</c>.</summary>
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private static readonly CSharpParseOptions Parsing = CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Latest);

    private static readonly Lazy<ImmutableArray<MetadataReference>> References = new(() =>
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(p => Path.GetFileName(p) is var f && (f.StartsWith("System.", StringComparison.Ordinal)
                || f is "mscorlib.dll" or "netstandard.dll" or "Microsoft.CSharp.dll" or "TorchSharp.dll" or "AdaLoRA.Gen.dll" or "AdaLoRA.Gen.Models.dll"))
            .Select(p => MetadataReference.CreateFromFile(p)),
    ]);

    private static readonly Lazy<ImmutableArray<DiagnosticAnalyzer>> Analyzers = new(() =>
        [.. typeof(ModelAnalyzer).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(DiagnosticAnalyzer)) && !t.IsAbstract).Select(t => (DiagnosticAnalyzer)Activator.CreateInstance(t)!)]);

    private SourceFolder(string path, CSharpCompilation written, CSharpCompilation complete, ImmutableArray<Diagnostic> diagnostics)
    {
        Path_ = path;
        Written = written;
        Complete = complete;
        Diagnostics = diagnostics;
    }

    private string Path_ { get; }

    /// <summary>What the user wrote.</summary>
    public CSharpCompilation Written { get; }

    /// <summary>That with what was generated.</summary>
    public CSharpCompilation Complete { get; }

    /// <summary>What the analyzers report.</summary>
    public ImmutableArray<Diagnostic> Diagnostics { get; }

    /// <summary>Ids that the analyzers can report.</summary>
    public static IReadOnlySet<string> KnownIds => Analyzers.Value.SelectMany(a => a.SupportedDiagnostics).Select(d => d.Id).ToHashSet(StringComparer.Ordinal);

    /// <summary>Reads and compiles a folder, with the folders in it; <c>bin</c> and <c>obj</c> are left out.</summary>
    /// <exception cref="UnusableFolderException">There is no such folder, or no C# file in it.</exception>
    public static SourceFolder Open(string folder)
    {
        if (!Directory.Exists(folder)) throw new UnusableFolderException($"There is no folder '{folder}'; name one that holds C# files with annotated models.");
        string[] files = [.. Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(f => !Path.GetRelativePath(folder, f).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj")).Order(StringComparer.Ordinal)];
        if (files.Length == 0) throw new UnusableFolderException($"'{folder}' holds no C# file; name a folder that holds annotated models.");
        var trees = files.Select(f => CSharpSyntaxTree.ParseText(SourceText.From(File.ReadAllText(f), System.Text.Encoding.UTF8), Parsing, Path.GetRelativePath(folder, f)))
            .Append(CSharpSyntaxTree.ParseText(SourceText.From(ImplicitUsings, System.Text.Encoding.UTF8), Parsing, "ImplicitUsings.g.cs")).ToList();
        bool isProgram = trees.Exists(t => t.GetCompilationUnitRoot().Members.Any(m => m is GlobalStatementSyntax));
        var written = CSharpCompilation.Create("Graph", trees, References.Value, new CSharpCompilationOptions(
            isProgram ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable,
            // The run time's own assembly versions; and these two are about the user's own style.
            specificDiagnosticOptions: [new("CS1701", ReportDiagnostic.Suppress), new("CS1702", ReportDiagnostic.Suppress)]));
        CSharpGeneratorDriver.Create([new AdaLoRAGenerator().AsSourceGenerator()], parseOptions: Parsing).RunGeneratorsAndUpdateCompilation(written, out var complete, out var failures);
        if (failures.FirstOrDefault() is { } failure) throw new UnusableFolderException($"The generator failed on '{folder}': {failure.GetMessage(System.Globalization.CultureInfo.InvariantCulture)}");
        var diagnostics = complete.WithAnalyzers(Analyzers.Value).GetAnalyzerDiagnosticsAsync().GetAwaiter().GetResult();
        return new SourceFolder(folder, written, (CSharpCompilation)complete, [.. diagnostics.Where(d => !d.IsSuppressed)]);
    }

    /// <summary>Loads the compiled folder; it goes when the context is unloaded.</summary>
    /// <exception cref="UnusableFolderException">It does not compile.</exception>
    public System.Reflection.Assembly Load(AssemblyLoadContext context)
    {
        using var image = new MemoryStream();
        var result = Complete.Emit(image);
        if (!result.Success)
        {
            throw new UnusableFolderException($"'{Path_}' does not compile:\n" + string.Join("\n", result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => "  " + d)));
        }
        image.Position = 0;
        return context.LoadFromStream(image);
    }
}
