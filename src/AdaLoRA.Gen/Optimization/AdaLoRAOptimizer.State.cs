using AdaLoRA.Gen.Serialization;
using static TorchSharp.torch;

namespace AdaLoRA.Gen;

public sealed partial class AdaLoRAOptimizer
{
    /// <summary>
    /// Saves all that a resumed run needs to go on bit for bit: weights, moments, importance averages, mask, step, the model's buffers and torch's random state (of the CPU), as <c>training.safetensors</c> and
    /// <c>training.json</c>.
    /// </summary>
    /// <param name="folder">Made when it does not exist; other files in it stay.</param>
    /// <exception cref="AdaLoRAException">The adapters are switched off: the fully trained modules in the model are the base's then.</exception>
    public void SaveState(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        RequireAttached();
        if (!_set.IsActive) throw new AdaLoRAException($"The adapters '{_set.Name}' of {_set.ModelName} are switched off; call Activate() before their training state is saved.");
        FollowArena();
        Synchronize();
        TrainingStateFolder.Write(this, folder);
    }

    /// <summary>Goes on where <see cref="SaveState"/> left off. The model and its options must be the same; everything is checked before anything is changed.</summary>
    /// <param name="folder">A folder that <see cref="SaveState"/> wrote.</param>
    /// <exception cref="AdaLoRAException">The folder holds no complete state, or one of another plan: the first target or value that differs is named.</exception>
    public void LoadState(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        RequireComputing("before a training state is loaded");
        FollowArena();
        TrainingStateFolder.Read(this, folder);
    }

    /// <summary>Trained parameters that have had a gradient.</summary>
    internal IEnumerable<string> NamesWithGradient => _trainable.NamesWithGradient;

    internal void PrepareTrainableMoments(Func<string, bool> has) => _trainable.PrepareMoments(has);

    /// <summary>Shrinks to the triplets that a compacted state has.</summary>
    internal void ShrinkTo(int[][] kept) => Shrink(kept);

    /// <summary>After the tensors were read: the counts, the folded factors, and a tail that starts from them.</summary>
    internal void Restored(int step, long skipped, long skippedInARow, IReadOnlyCollection<string> withGradient)
    {
        _trainable.RestoreGradients(withGradient);
        _set.Arena.Refold();
        using (no_grad()) _set.Arena.G!.zero_();
        _set.RanksChanged();
        ReplaceTail();
        _tally.Restore(step, skipped, skippedInARow);
    }
}
