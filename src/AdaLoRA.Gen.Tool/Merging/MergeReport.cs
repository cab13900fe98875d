namespace AdaLoRA.Gen.Tool.Merging;

/// <summary>What <c>merge --json</c> and <c>export --to merged --json</c> write.</summary>
/// <param name="Schema">adalora.merge/1.</param>
/// <param name="Adapter">The adapter folder.</param>
/// <param name="Base">The base model.</param>
/// <param name="Output">The folder that was written.</param>
/// <param name="Merged">Targets whose ΔW was added; those of rank 0 change nothing.</param>
/// <param name="Replaced">Base parameters that took the adapter's values (biases, modules_to_save).</param>
/// <param name="Added">Parameters that the base has not (a new head), by name.</param>
/// <param name="LeftBeside">Trained parameters of the program around the model, which lie in the output's trainable.safetensors: a Hugging Face model has no place for them.</param>
/// <param name="Tensors">Tensors written.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Seconds">Wall clock.</param>
internal sealed record MergeReport(string Schema, string Adapter, string Base, string Output, int Merged, int Replaced, IReadOnlyList<string> Added, IReadOnlyList<string> LeftBeside, int Tensors, long Bytes, double Seconds);
