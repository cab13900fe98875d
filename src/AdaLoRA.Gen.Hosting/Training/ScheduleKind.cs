namespace AdaLoRA.Gen.Hosting;

/// <summary>The learning-rate schedules of Hugging Face transformers; configuration also takes their spelling (<c>cosine_with_restarts</c>).</summary>
public enum ScheduleKind
{
    /// <summary>The peak rate throughout.</summary>
    Constant,

    /// <summary>Linear rise over the warm-up, then the peak rate.</summary>
    ConstantWithWarmup,

    /// <summary>Rise, then a straight line to 0 at the end of the run.</summary>
    Linear,

    /// <summary>Rise, then half a cosine wave down to 0.</summary>
    Cosine,

    /// <summary>Rise, then cosine waves that each start at the peak again.</summary>
    CosineWithRestarts,

    /// <summary>Rise, then a power of the remaining share down to an end rate.</summary>
    Polynomial,

    /// <summary>Rise, then the inverse square root of the step.</summary>
    InverseSqrt,
}
