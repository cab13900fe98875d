namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// Metadata of a LoRA adapter. The first three are what llama.cpp refuses a file without (llama_adapter_lora_init_impl in src/llama-adapter.cpp); the others it reads or prints.
/// The head counts are the model's own keys: an adapter does not need them, but its rows cannot be put back into Hugging Face's order without them.
/// </summary>
internal static class GgufLoraKeys
{
    internal const string Architecture = "general.architecture", Type = "general.type", AdapterType = "adapter.type";
    internal const string Alpha = "adapter.lora.alpha", Name = "general.name", FileType = "general.file_type";
    internal const string HeadCount = "llama.attention.head_count", KeyValueHeadCount = "llama.attention.head_count_kv";

    internal const string Adapter = "adapter", Lora = "lora";
}
