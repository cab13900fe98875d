using System.Text.RegularExpressions;
using AdaLoRA.Gen.Tool.Files;
using AdaLoRA.Gen.Tool.Output;

namespace AdaLoRA.Gen.Tool.Merging;

/// <summary>How the [out, in] of an adapter lies in a stored weight.</summary>
internal enum WeightForm
{
    /// <summary>[out, in], or a convolution's [out, in, k…], whose in and k are A's columns.</summary>
    RowsAreOutputs,

    /// <summary>[in, out]: GPT-2's Conv1D (fan_in_fan_out), and embeddings [indices, dimension].</summary>
    RowsAreInputs,
}

/// <summary>Tells the form of a weight without the model.</summary>
internal static partial class WeightForms
{
    /// <exception cref="AdaLoRAException">The weight does not fit the factors.</exception>
    public static WeightForm Of(AdapterFolder adapter, SavedTarget target, IReadOnlyList<long> weight)
    {
        bool plain = weight.Count >= 2 && weight[0] == target.Out && weight.Skip(1).Aggregate(1L, (a, b) => a * b) == target.In;
        bool turned = weight.Count == 2 && weight[0] == target.In && weight[1] == target.Out;
        if (plain && turned) return IsEmbedding(target) || adapter.Config.Flag("fan_in_fan_out") ? WeightForm.RowsAreInputs : WeightForm.RowsAreOutputs;
        if (plain) return WeightForm.RowsAreOutputs;
        if (turned) return WeightForm.RowsAreInputs;
        throw new AdaLoRAException($"'{adapter.Folder}': the factors of '{target.Path}' are A {Text.Shape(target.StoredA.Shape)} and B {Text.Shape(target.StoredB.Shape)}, which do not fit its weight {Text.Shape(weight)}; name the base model that the adapter was trained on.");
    }

    /// <summary>By PEFT's key, or by its name where AdaLoRA's keys do not tell.</summary>
    public static bool IsEmbedding(SavedTarget target) => target.IsNamedEmbedding || EmbeddingName().IsMatch(target.Path);

    [GeneratedRegex(@"(^|\.)([A-Za-z0-9_]*embed[A-Za-z0-9_]*|wte|wpe)$", RegexOptions.CultureInvariant)]
    private static partial Regex EmbeddingName();
}
