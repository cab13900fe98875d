using System.Text.Json.Nodes;

namespace AdaLoRA.Gen.Models;

/// <summary>A model that knows its place in a Hugging Face folder; what the loader reads the writer turns round.</summary>
internal interface ICheckpointModel
{
    /// <summary>How keys map to names.</summary>
    CheckpointMapping Mapping { get; }

    /// <summary>Hugging Face's name of the class.</summary>
    string Architecture { get; }

    /// <summary>Sets what this model says otherwise than the config.json that it was opened with.</summary>
    void Describe(JsonObject config) { }
}
