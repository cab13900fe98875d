using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// One discarded batch before step 1: a task that cannot work dies here in seconds with a sentence, and the CPU's number of threads is measured on it. Leaves no trace: gradients
/// are zeroed, buffers (running statistics) restored, and every step seeds itself.
/// </summary>
/// <param name="model">Its buffers are restored.</param>
/// <param name="task">Name of the task, for messages.</param>
/// <param name="loss">The loss of the run's first batch.</param>
/// <param name="optimizer">Its gradients are zeroed.</param>
/// <param name="seed">The run's seed.</param>
internal sealed class DryRun(nn.Module model, string task, Func<Tensor?> loss, AdaLoRAOptimizer optimizer, long seed)
{
    /// <summary>Runs the batch.</summary>
    /// <param name="chooseThreads">Whether the number of threads becomes the fastest one.</param>
    /// <param name="batches">Micro-batches of the run, which say how long looking may take.</param>
    /// <returns>What the batch took on the numbers of threads that were tried; empty when none was.</returns>
    public IReadOnlyList<ThreadTime> Run(bool chooseThreads, long batches)
    {
        using var scope = NewDisposeScope();
        var buffers = model.named_buffers().Select(b => (b.buffer, Copy: b.buffer.clone())).ToList();
        // The processors that this process may use: in a container fewer than libtorch, which sees the machine, starts threads for.
        int all = Math.Min(get_num_threads(), Environment.ProcessorCount);
        if (chooseThreads) set_num_threads(all);
        double first = Time();
        IReadOnlyList<ThreadTime> times = [];
        if (chooseThreads)
        {
            (int threads, times) = ThreadChoice.Choose(all, first, batches, n =>
            {
                set_num_threads(n);
                return Time();
            });
            set_num_threads(threads);
        }
        using var _ = no_grad();
        foreach (var (buffer, copy) in buffers) buffer.copy_(copy);
        return times;
    }

    /// <returns>Seconds.</returns>
    private double Time()
    {
        using var scope = NewDisposeScope();
        using var generator = manual_seed(StepSeed.Of(seed, 0));
        long start = Stopwatch.GetTimestamp();
        var value = loss();
        if (value is null || value.numel() != 1) throw new AdaLoRAException($"{task}.Loss returned {(value is null ? "null" : $"a tensor of shape [{string.Join(", ", value.shape)}]")}; it must be a scalar, such as the mean over the batch.");
        if (!value.requires_grad) throw new AdaLoRAException($"{task}.Loss returned a tensor without gradients; compute it from the model's output, outside no_grad and without detach().");
        value.backward();
        double read = value.detach().to(ScalarType.Float64).item<double>();
        if (!double.IsFinite(read)) throw new AdaLoRAException($"The loss of the first batch is {read}; check the task's inputs and labels before training.");
        optimizer.zero_grad();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
