namespace AdaLoRA.Gen;

/// <summary>Which biases of the base model are trained beside the adapters: PEFT's <c>bias</c>.</summary>
public enum BiasTraining
{
    /// <summary>None (PEFT "none").</summary>
    None,

    /// <summary>Every bias of the model (PEFT "all").</summary>
    All,

    /// <summary>Those of the adapted layers (PEFT "lora_only").</summary>
    AdapterOnly,
}
