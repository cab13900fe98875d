namespace AdaLoRA.Gen.Generators;

/// <summary>Names of the pipeline's steps, for the tests that assert what is cached.</summary>
internal static class TrackingNames
{
    /// <summary>Classes with <c>[AdaLoRA]</c>, read.</summary>
    public const string AdaLoRAModels = nameof(AdaLoRAModels);

    /// <summary>Classes with <c>[LoRA]</c>, read.</summary>
    public const string LoRAModels = nameof(LoRAModels);

    /// <summary>Whether the run time's native loader is referenced.</summary>
    public const string NativeBackend = nameof(NativeBackend);
}
