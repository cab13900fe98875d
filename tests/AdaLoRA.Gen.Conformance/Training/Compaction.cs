namespace AdaLoRA.Gen.Conformance.Training;

/// <summary>When a run shrinks its arena, seen from the step at which it is cut.</summary>
internal enum Compaction
{
    /// <summary>Never.</summary>
    None,

    /// <summary>The second part does.</summary>
    AfterCut,

    /// <summary>The first part does; the second begins with a small arena.</summary>
    BeforeCut,
}
