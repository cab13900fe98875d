using AdaLoRA.Gen.Conformance.Editing.Edits;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Conformance.Editing;

/// <summary>A way of editing a project.</summary>
/// <param name="Name">What reports call it.</param>
/// <param name="Apply">The project afterwards; null where the scene has nothing that could be edited this way.</param>
internal sealed record EditKind(string Name, Func<EditScene, CSharpCompilation?> Apply)
{
    public static IReadOnlyList<EditKind> All { get; } =
    [
        .. NameEdits.All, .. TypeEdits.All, .. ValueEdits.All, .. AttributeEdits.All, .. MemberEdits.All, .. BodyEdits.All, .. TextEdits.All, .. FileEdits.All, .. ScopeEdits.All, .. ProjectEdits.All,
    ];

    /// <summary>Tries this often to find a kind that the scene allows.</summary>
    private const int Attempts = 8;

    /// <summary>One edit of a kind that the dice choose.</summary>
    public static (string Name, CSharpCompilation After) Throw(EditScene scene)
    {
        for (int i = 0; i < Attempts; i++)
        {
            var kind = scene.Random.Pick(All);
            if (scene.Compilation.SyntaxTrees.Length > 0 && kind.Apply(scene) is { } after) return (kind.Name, after);
        }
        return ("nothing", scene.Compilation);
    }
}
