namespace AdaLoRA.Gen.Models;

/// <summary>A model that knows how a checkpoint's keys become its names; the writer turns that round.</summary>
internal interface ICheckpointModel
{
    /// <summary>How keys map to names.</summary>
    CheckpointMapping Mapping { get; }
}
