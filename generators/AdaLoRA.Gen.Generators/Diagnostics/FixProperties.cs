namespace AdaLoRA.Gen.Generators.Diagnostics;

/// <summary>Keys under which an analyzer hands data to a code fix.</summary>
internal static class FixProperties
{
    /// <summary>Text that takes the place of the diagnostic's span.</summary>
    public const string Replacement = nameof(Replacement);

    /// <summary>Names of members that the fix is about, with commas between them.</summary>
    public const string Members = nameof(Members);
}
