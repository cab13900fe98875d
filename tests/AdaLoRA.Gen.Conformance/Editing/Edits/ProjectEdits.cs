using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Conformance.Editing.Edits;

/// <summary>Options of the project and what it references.</summary>
internal static class ProjectEdits
{
    private static readonly Lazy<MetadataReference> Library = new(() =>
    {
        var library = CSharpCompilation.Create("Library", [CSharpSyntaxTree.ParseText("namespace Corpus { public static class Sizes { public const int Width = 6; } public class Block { } }")],
            [MetadataReference.CreateFromFile(typeof(object).Assembly.Location)], new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using var image = new MemoryStream();
        return library.Emit(image).Success ? MetadataReference.CreateFromImage(image.ToArray()) : throw new InvalidOperationException("The library of the edits does not compile.");
    });

    public static IReadOnlyList<EditKind> All { get; } =
    [
        new("nullable on or off", scene => scene.Compilation.WithOptions(scene.Compilation.Options.WithNullableContextOptions(
            scene.Compilation.Options.NullableContextOptions == NullableContextOptions.Enable ? NullableContextOptions.Disable : NullableContextOptions.Enable))),
        new("another kind of output", scene => scene.Compilation.WithOptions(scene.Compilation.Options.WithOutputKind(
            scene.Compilation.Options.OutputKind == OutputKind.ConsoleApplication ? OutputKind.DynamicallyLinkedLibrary : OutputKind.ConsoleApplication))),
        new("another language version or symbol", ParseOptions),
        new("a library referenced, or no more", scene => Toggle(scene, Library.Value)),
        new("a reference taken away", scene => scene.Compilation.References.FirstOrDefault(r => r.Display?.EndsWith("AdaLoRA.Gen.dll", StringComparison.Ordinal) == true) is { } reference
            ? scene.Compilation.RemoveReferences(reference) : null),
    ];

    private static CSharpCompilation ParseOptions(EditScene scene)
    {
        var now = (CSharpParseOptions)scene.Compilation.SyntaxTrees[0].Options;
        var options = scene.Random.OneIn(2)
            ? now.WithLanguageVersion(now.LanguageVersion == LanguageVersion.CSharp11 ? LanguageVersion.Latest : LanguageVersion.CSharp11)
            : now.WithPreprocessorSymbols(now.PreprocessorSymbolNames.Any() ? Array.Empty<string>() : new[] { "DEBUG" });
        return scene.Compilation.RemoveAllSyntaxTrees().AddSyntaxTrees(scene.Compilation.SyntaxTrees.Select(t => CSharpSyntaxTree.ParseText(t.GetText(), options, t.FilePath)));
    }

    private static CSharpCompilation Toggle(EditScene scene, MetadataReference reference) =>
        scene.Compilation.References.Contains(reference) ? scene.Compilation.RemoveReferences(reference) : scene.Compilation.AddReferences(reference);
}
