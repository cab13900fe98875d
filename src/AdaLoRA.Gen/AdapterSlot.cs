namespace AdaLoRA.Gen;

/// <summary>One adapted layer, or one adapted layer of every item of a list, as the generator resolved it at compile time.</summary>
/// <param name="Path">Registered module path; <c>*</c> stands for the index of a list whose length only the run knows.</param>
/// <param name="InFeatures">Columns of the weight; −1 where the compiler could not know them.</param>
/// <param name="OutFeatures">Rows of the weight; −1 where the compiler could not know them.</param>
public readonly record struct AdapterSlot(string Path, int InFeatures, int OutFeatures);
