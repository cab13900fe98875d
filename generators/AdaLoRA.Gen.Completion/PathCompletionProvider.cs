using System.Collections.Immutable;
using System.Composition;
using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Completion;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Options;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.Completion;

/// <summary>In the strings of <c>Targets</c>, <c>Trainable</c>, <c>CheckpointRoot</c> and <c>RankLimits</c>: the module paths of the annotated class. Roslyn finds it in the project's analyzers.</summary>
[ExportCompletionProvider(nameof(PathCompletionProvider), LanguageNames.CSharp), Shared]
public sealed class PathCompletionProvider : CompletionProvider
{
    // A path is typed through its dots, and a pattern through its stars and braces; only the end of the string ends it.
    private static readonly CompletionItemRules ItemRules = CompletionItemRules.Create(
        filterCharacterRules: ImmutableArray.Create(CharacterSetModificationRule.Create(CharacterSetModificationKind.Add, '.', '*', '?', '{', '}', ',', ':', ' ')),
        commitCharacterRules: ImmutableArray.Create(CharacterSetModificationRule.Create(CharacterSetModificationKind.Replace, '"')));

    /// <inheritdoc/>
    public override bool ShouldTriggerCompletion(SourceText text, int caretPosition, CompletionTrigger trigger, OptionSet options) =>
        trigger.Kind is CompletionTriggerKind.Insertion && (trigger.Character is '"' or '.' or '*' or '{' || char.IsLetter(trigger.Character));

    /// <inheritdoc/>
    public override async Task ProvideCompletionsAsync(CompletionContext context)
    {
        var (document, cancellation) = (context.Document, context.CancellationToken);
        // Cheap first: this is asked at every letter that is typed anywhere.
        if (await document.GetSyntaxRootAsync(cancellation).ConfigureAwait(false) is not { } root || AttributeText.At(root, context.Position) is not { } place) return;
        if (await document.GetSemanticModelAsync(cancellation).ConfigureAwait(false) is not { } semantics || semantics.GetDeclaredSymbol(place.Class, cancellation) is not { } type) return;
        if (ModelReader.Read(type, semantics.Compilation, cancellation).Graph is not { } graph || graph.Attribute.Syntax != place.Attribute) return;

        context.IsExclusive = true;
        context.CompletionListSpan = place.Content;
        int order = 0;
        foreach (var (text, description) in Texts(place.Argument, graph))
        {
            // In the order of the model, which the alphabet would break.
            string sort = (order++).ToString("D5", System.Globalization.CultureInfo.InvariantCulture);
            context.AddItem(CompletionItem.Create(text, sortText: sort, rules: ItemRules, inlineDescription: description));
        }
    }

    private static IEnumerable<(string Text, string Description)> Texts(string argument, ModelGraph graph) => argument switch
    {
        "Targets" => PathSuggestions.Targets(graph).Select(s => (s.Text, s.Count)),
        "Trainable" => PathSuggestions.Modules(graph).Select(path => (path, "")),
        "CheckpointRoot" => PathSuggestions.Roots(graph).Select(path => (path, "")),
        "RankLimits" => PathSuggestions.RankLimits(graph).Select(limit => (limit, "at least 1")),
        _ => [],
    };
}
