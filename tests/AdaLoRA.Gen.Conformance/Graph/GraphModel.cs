using System.Reflection;
using AdaLoRA.Gen.Adapters;
using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using TorchSharp;

namespace AdaLoRA.Gen.Conformance.Graph;

/// <summary>What was found of one annotated model.</summary>
/// <param name="Name">Full name of the class.</param>
/// <param name="File">Where its attribute stands.</param>
/// <param name="Line">The line of its name.</param>
/// <param name="Diagnostics">Those that lie in its declarations.</param>
/// <param name="Paths">Every adaptable layer; empty where the model was not made.</param>
/// <param name="Failures">Sentences: what does not hold. The differences among the paths come first.</param>
internal sealed record GraphModel(string Name, string File, int Line, IReadOnlyList<Diagnostic> Diagnostics, IReadOnlyList<GraphPath> Paths, IReadOnlyList<string> Failures)
{
    private const string Invisible = "ADALORA026";

    /// <summary>Rules that tell of a module which is never registered.</summary>
    private static readonly string[] NotRegistered = ["ADALORA022", "ADALORA023", "ADALORA024", "ADALORA025", "ADALORA029", "ADALORA030", "ADALORA031", "ADALORA032", "ADALORA033"];

    /// <summary>The models of a folder, in the order of its files.</summary>
    public static IEnumerable<INamedTypeSymbol> In(SourceFolder folder) =>
        AnnotatedTypes.In(folder.Written, CancellationToken.None).OrderBy(t => Place(t).File, StringComparer.Ordinal).ThenBy(t => Place(t).Line);

    /// <summary>What can be said without making it.</summary>
    public static GraphModel Describe(SourceFolder folder, INamedTypeSymbol type)
    {
        var (file, line) = Place(type);
        return new GraphModel(Names.Metadata(type), file, line, [.. folder.Diagnostics.Where(d => IsIn(d, [type])).OrderBy(d => d.Location.SourceSpan.Start)], [], []);
    }

    /// <summary>Makes the model and compares.</summary>
    public static GraphModel Check(SourceFolder folder, INamedTypeSymbol type, Assembly assembly)
    {
        var described = Describe(folder, type);
        var reader = new ModuleGraphReader(new ReadContext(folder.Written, type, CancellationToken.None));
        if (ModelReader.Read(type, folder.Written, CancellationToken.None).Spec is null) return described with { Failures = described.Diagnostics.Count > 0 ? [] : ["nothing is generated for it, and no diagnostic says why"] };
        var root = reader.Read(type);
        try
        {
            using var scope = torch.NewDisposeScope();
            using var model = ModelFactory.Make(assembly.GetType(described.Name, throwOnError: true)!);
            var paths = GraphPaths.Compare(root, model);
            var attribute = AdapterAttribute.On(type, CancellationToken.None)[0];
            return described with
            {
                Paths = paths,
                Failures =
                [
                    .. paths.Where(p => p.IsDifference).Select(p => $"{p.Path} is {p.Verdict.ToString().ToLowerInvariant()}"),
                    .. Untold(described, attribute, paths),
                    .. folder.Diagnostics.Any(d => IsIn(d, [type, .. reader.Classes]) && NotRegistered.Contains(d.Id)) || !NotRegistered.Any(SourceFolder.KnownIds.Contains) ? []
                        : paths.Where(p => p.Verdict == PathVerdict.Unregistered).Select(p => $"{p.Path} is never registered, and no diagnostic says so"),
                    .. described.Diagnostics.Any(d => d.Severity == DiagnosticSeverity.Error) ? [] : ModelFactory.Attach(model, attribute, paths),
                ],
            };
        }
        catch (Exception e) when (CaseResult.IsOfTheCase(e) || e is TargetInvocationException or MissingMethodException)
        {
            return described with { Failures = [$"it cannot be made: {CaseResult.Sentence(e is TargetInvocationException { InnerException: { } inner } ? inner : e)}"] };
        }
    }

    /// <summary>Layers that only the run knows, that a pattern would choose, and of which no diagnostic on that pattern tells.</summary>
    private static IEnumerable<string> Untold(GraphModel model, AdapterAttribute attribute, IReadOnlyList<GraphPath> paths)
    {
        var texts = attribute.Texts("Targets");
        var places = Elements(attribute);
        for (int i = 0; i < texts.Count; i++)
        {
            if (texts[i] is not { } text) continue;
            var pattern = Adapters.PathPattern.Parse(text);
            bool told = model.Diagnostics.Any(d => d.Id == Invisible && (places.Count != texts.Count || places[i].Contains(d.Location.SourceSpan)));
            if (told) continue;
            foreach (var path in paths.Where(p => p.Verdict == PathVerdict.Hidden && pattern.Matches(p.Path))) yield return $"'{text}' chooses {path.Path} at run time only, and no diagnostic says so";
        }
    }

    private static List<Microsoft.CodeAnalysis.Text.TextSpan> Elements(AdapterAttribute attribute) =>
        attribute.Syntax?.ArgumentList?.Arguments.FirstOrDefault(a => a.NameEquals?.Name.Identifier.ValueText == "Targets")?.Expression switch
        {
            CollectionExpressionSyntax collection => [.. collection.Elements.Select(e => e.Span)],
            ArrayCreationExpressionSyntax { Initializer: { } items } => [.. items.Expressions.Select(e => e.Span)],
            ImplicitArrayCreationExpressionSyntax array => [.. array.Initializer.Expressions.Select(e => e.Span)],
            _ => [],
        };

    private static bool IsIn(Diagnostic diagnostic, IEnumerable<INamedTypeSymbol> types) => types.SelectMany(t => t.DeclaringSyntaxReferences)
        .Any(r => r.SyntaxTree == diagnostic.Location.SourceTree && r.Span.Contains(diagnostic.Location.SourceSpan));

    private static (string File, int Line) Place(INamedTypeSymbol type)
    {
        var declaration = type.DeclaringSyntaxReferences.Select(r => r.GetSyntax()).OfType<TypeDeclarationSyntax>().OrderByDescending(d => d.AttributeLists.Count).First();
        return (declaration.SyntaxTree.FilePath, declaration.Identifier.GetLocation().GetLineSpan().StartLinePosition.Line + 1);
    }
}
