namespace AdaLoRA.Gen.Generators.Models;

/// <summary>The annotated class as a partial declaration has to repeat it.</summary>
/// <param name="Namespace">Empty in the global namespace.</param>
/// <param name="Declarations">From the outermost containing type to the class itself: keyword and name with type parameters.</param>
/// <param name="SelfType">The class as seen from inside itself, with <c>global::</c>.</param>
/// <param name="DisplayName">Short name for messages and the plan.</param>
/// <param name="HintName">Full metadata name, for the file.</param>
internal sealed record TypeSpec(string Namespace, EquatableArray<string> Declarations, string SelfType, string DisplayName, string HintName);
