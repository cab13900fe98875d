using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Conformance.Editing;

/// <summary>
/// Compiles a project from its text alone: trees parsed anew, a driver and analyzers that have seen nothing. Shared is what cannot change: the files of the references, and the symbols that
/// the compiler made of them (making those again would take most of the time).
/// </summary>
/// <param name="generator">Makes the generator that is checked.</param>
internal sealed class FreshRun(Func<IIncrementalGenerator> generator)
{
    private readonly List<CSharpCompilation> _empty = [];

    public GeneratorDriver NewDriver(CSharpParseOptions options) => CSharpGeneratorDriver.Create([generator().AsSourceGenerator()], parseOptions: options);

    /// <param name="compilation">The project.</param>
    /// <param name="analyze">Whether analyzers run, too.</param>
    public Outcome Of(CSharpCompilation compilation, bool analyze)
    {
        var fresh = EmptyLike(compilation).AddSyntaxTrees(compilation.SyntaxTrees.Select(t => CSharpSyntaxTree.ParseText(t.GetText().ToString(), (CSharpParseOptions)t.Options, t.FilePath, System.Text.Encoding.UTF8)));
        return Outcome.Of(NewDriver(OptionsOf(compilation)), fresh, analyze ? Outcome.NewAnalyzers() : []).Outcome;
    }

    public static CSharpParseOptions OptionsOf(CSharpCompilation compilation) => (CSharpParseOptions?)compilation.SyntaxTrees.FirstOrDefault()?.Options ?? CSharpParseOptions.Default;

    private CSharpCompilation EmptyLike(CSharpCompilation compilation)
    {
        var known = _empty.Find(c => c.Options.Equals(compilation.Options) && c.References.SequenceEqual(compilation.References));
        if (known is not null) return known;
        var empty = CSharpCompilation.Create(compilation.AssemblyName, [], compilation.References, compilation.Options);
        // References are bound when they are first asked for.
        _ = empty.Assembly;
        _empty.Add(empty);
        return empty;
    }
}
