namespace AdaLoRA.Gen.Generators.Models;

/// <summary>The annotated class as a partial declaration has to repeat it.</summary>
/// <param name="Namespace">Empty in the global namespace.</param>
/// <param name="Declarations">From the outermost containing type to the class itself: keyword and name with type parameters.</param>
/// <param name="SelfType">The class as seen from inside itself, with <c>global::</c>.</param>
/// <param name="Name">Short name, for the plan's messages.</param>
/// <param name="DisplayName">Full name with type parameters, for comments.</param>
/// <param name="HintName">Name of the file; no other class has it, nor one that differs in upper and lower case only.</param>
internal sealed record TypeSpec(string Namespace, EquatableArray<string> Declarations, string SelfType, string Name, string DisplayName, string HintName);
