namespace AdaLoRA.Gen.Generators.Diagnostics;

/// <summary>Keys under which an analyzer hands data to a code fix.</summary>
internal static class FixProperties
{
    /// <summary>Text that takes the place of the diagnostic's span.</summary>
    public const string Replacement = nameof(Replacement);

    /// <summary>What is to be taken out at the diagnostic's span: the name of a <c>Removal</c>.</summary>
    public const string Removal = nameof(Removal);

    /// <summary>An argument of the attribute that is to be stated, and its value.</summary>
    public const string Argument = nameof(Argument), Value = nameof(Value);

    /// <summary>Names of members that the fix is about, with commas between them.</summary>
    public const string Members = nameof(Members);
}
