namespace AdaLoRA.Gen;

/// <summary>How a layer stores a weight that adapters go on top of.</summary>
public enum BaseWeights
{
    /// <summary>As floats, in the type that the layer is built with.</summary>
    Floats,

    /// <summary>One byte a weight and one float32 scale a row: a quarter of float32. The weight is frozen; adapters, biases and norms stay floats and train.</summary>
    Int8Rows,
}
