using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting.Tests;

/// <summary>The tiny problem without any dropout in the base, some micro-batches of which give a loss that is not a number.</summary>
/// <param name="bad">Their positions, counted over the epochs from 0.</param>
internal sealed class PoisonedTask(params int[] bad) : TinyTask
{
    /// <summary>The same problem without the bad batches: position p is the p-th good one.</summary>
    public bool LeaveOut { get; init; }

    /// <summary>Position from which on every batch is bad.</summary>
    public int BadFrom { get; init; } = int.MaxValue;

    /// <summary>Positions of the batches that were asked for.</summary>
    public List<int> Asked { get; } = [];

    private bool IsBad(int position) => bad.Contains(position) || position >= BadFrom;

    public override TinyBatch GetBatch(int epoch, int index)
    {
        int position = epoch * BatchesPerEpoch + index;
        Asked.Add(position);
        if (LeaveOut)
        {
            int good = -1;
            for (int left = position; left >= 0;)
            {
                if (!IsBad(++good)) left--;
            }
            position = good;
        }
        return base.GetBatch(position / BatchesPerEpoch, position % BatchesPerEpoch);
    }

    public override Tensor Loss(TinyModel model, TinyBatch batch)
    {
        model.Dropout.eval();
        var loss = base.Loss(model, batch);
        return IsBad(batch.Epoch * BatchesPerEpoch + batch.Index) ? loss * double.NaN : loss;
    }
}
