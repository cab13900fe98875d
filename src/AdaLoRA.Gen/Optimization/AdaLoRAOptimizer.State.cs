using AdaLoRA.Gen.Serialization;
using static TorchSharp.torch;

namespace AdaLoRA.Gen;

public sealed partial class AdaLoRAOptimizer
{
    /// <summary>
    /// Saves all that a resumed run needs to go on bit for bit: weights, moments, importance averages, mask, step and torch's random state, as <c>training.safetensors</c> and
    /// <c>training.json</c>.
    /// </summary>
    /// <param name="folder">Made when it does not exist; other files in it stay.</param>
    public void SaveState(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        RequireAttached();
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
        RequireAttached();
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
