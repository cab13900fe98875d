namespace AdaLoRA.Gen.Serialization;

/// <summary>What a set remembers of the folder it came from, so that saving it again changes only what the run changed.</summary>
/// <param name="Config">Its <c>adapter_config.json</c>, fields that mean nothing here included.</param>
/// <param name="Keys">For each trained parameter that lay in PEFT's tensor file: its key there.</param>
internal sealed record LoadedFolder(PeftConfig Config, IReadOnlyDictionary<string, string> Keys);
