using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// One discarded batch before step 1: a task that cannot work dies here in seconds with a sentence, and the CPU's number of threads is measured on it. Leaves no trace: gradients
/// are zeroed, buffers (running statistics) restored, and every step seeds itself.
/// </summary>
internal static class DryRun
{
    /// <summary>Batches above this length gain from more threads on every machine measured; timing them would only cost the user time.</summary>
    private static readonly TimeSpan LongEnough = TimeSpan.FromMilliseconds(250);

    /// <summary>Runs the batch; with <c>chooseThreads</c> the number of threads becomes the faster of one and all.</summary>
    /// <returns>Whether the number of threads was measured.</returns>
    public static bool Run<TModel>(TModel model, ITrainingTask<TModel> task, AdaLoRAOptimizer optimizer, long seed, bool chooseThreads)
        where TModel : nn.Module
    {
        using var scope = NewDisposeScope();
        var buffers = model.named_buffers().Select(b => (b.buffer, Copy: b.buffer.clone())).ToList();
        Time(model, task, optimizer, seed);
        int all = get_num_threads();
        bool measured = false;
        if (chooseThreads && all > 1)
        {
            var withAll = Time(model, task, optimizer, seed);
            if (withAll < LongEnough)
            {
                measured = true;
                withAll = Min(withAll, Time(model, task, optimizer, seed));
                set_num_threads(1);
                var withOne = Min(Time(model, task, optimizer, seed), Time(model, task, optimizer, seed));
                if (withAll < withOne) set_num_threads(all);
            }
        }
        using var _ = no_grad();
        foreach (var (buffer, copy) in buffers) buffer.copy_(copy);
        return measured;
    }

    private static TimeSpan Time<TModel>(TModel model, ITrainingTask<TModel> task, AdaLoRAOptimizer optimizer, long seed)
        where TModel : nn.Module
    {
        using var scope = NewDisposeScope();
        using var generator = manual_seed(StepSeed.Of(seed, 0));
        long start = Stopwatch.GetTimestamp();
        var loss = task.Loss(model, 0, 0);
        string name = task.GetType().Name;
        if (loss is null || loss.numel() != 1) throw new AdaLoRAException($"{name}.Loss returned {(loss is null ? "null" : $"a tensor of shape [{string.Join(", ", loss.shape)}]")}; it must be a scalar, such as the mean over the batch.");
        if (!loss.requires_grad) throw new AdaLoRAException($"{name}.Loss returned a tensor without gradients; compute it from the model's output, outside no_grad and without detach().");
        loss.backward();
        double value = loss.detach().to(ScalarType.Float64).item<double>();
        if (!double.IsFinite(value)) throw new AdaLoRAException($"The loss of the first batch is {value}; check the task's inputs and labels before training.");
        optimizer.zero_grad();
        return Stopwatch.GetElapsedTime(start);
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
