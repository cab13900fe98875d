using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Generators.Tests.Harness;

/// <summary>Makes compilations as a user's project would: this run time's own assemblies, TorchSharp and AdaLoRA.Gen, every warning on.</summary>
internal static class Compilations
{
    public const string Usings = """
        using System;
        using System.Collections.Generic;
        using System.Linq;
        using AdaLoRA.Gen;
        using TorchSharp;
        using TorchSharp.Modules;
        using static TorchSharp.torch;
        using static TorchSharp.torch.nn;

        """;

    public static readonly CSharpParseOptions ParseOptions = CSharpParseOptions.Default
        .WithLanguageVersion(LanguageVersion.Preview).WithDocumentationMode(DocumentationMode.Diagnose);

    public static readonly ImmutableArray<MetadataReference> References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(p => Path.GetFileName(p) is var f && (f.StartsWith("System.", StringComparison.Ordinal) || f is "mscorlib.dll" or "netstandard.dll" or "TorchSharp.dll" or "AdaLoRA.Gen.dll"))
            .Select(p => MetadataReference.CreateFromFile(p)),
    ];

    /// <summary>One file per text; each gets the usual usings.</summary>
    public static CSharpCompilation Create(params string[] sources) => Create(NullableContextOptions.Enable, sources);

    public static CSharpCompilation Create(NullableContextOptions nullable, params string[] sources)
    {
        var compilation = CSharpCompilation.Create("Demo", [.. sources.Select((s, i) => Parse(s, $"File{i}.cs"))], References,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, nullableContextOptions: nullable, warningLevel: 9999,
                // They are about the run time's assembly versions.
                specificDiagnosticOptions: [new("CS1701", ReportDiagnostic.Suppress), new("CS1702", ReportDiagnostic.Suppress)]));
        return compilation.GetTypeByMetadataName("AdaLoRA.Gen.AdapterSet") is null ? compilation.AddSyntaxTrees(RuntimeStandIn) : compilation;
    }

    public static SyntaxTree Parse(string source, string path) => CSharpSyntaxTree.ParseText(Usings + source, ParseOptions, path, System.Text.Encoding.UTF8);

    /// <summary>A library in its own assembly, as the compiler hands it to a project that references it.</summary>
    public static MetadataReference Library(string source)
    {
        var library = Create(source).WithAssemblyName("Library");
        if (library.ContainsSyntaxTree(RuntimeStandIn)) library = library.RemoveSyntaxTrees(RuntimeStandIn);
        using var image = new MemoryStream();
        var result = library.Emit(image, options: new Microsoft.CodeAnalysis.Emit.EmitOptions(metadataOnly: true, includePrivateMembers: false));
        Assert.True(result.Success, string.Join("\n", result.Diagnostics));
        return MetadataReference.CreateFromImage(image.ToArray());
    }

    /// <summary>What generated code needs of the run time, for as long as the referenced AdaLoRA.Gen does not have it.</summary>
    private static readonly SyntaxTree RuntimeStandIn = CSharpSyntaxTree.ParseText("""
        namespace AdaLoRA.Gen
        {
            public sealed class Adapter { public string Path = ""; }
            public sealed class AdapterSet
            {
                public static AdapterSet? Of(TorchSharp.torch.nn.Module model) => new();
                public Adapter Find(string path) => new Adapter { Path = path };
            }
        }
        """, ParseOptions, "RuntimeStandIn.cs", System.Text.Encoding.UTF8);
}
