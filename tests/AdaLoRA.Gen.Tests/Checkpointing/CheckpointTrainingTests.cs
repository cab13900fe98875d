using System.Runtime.InteropServices;
using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Checkpointing;

/// <summary>A training run with checkpoints is the run without them, bit for bit, in less memory.</summary>
[Collection("alone")]
public sealed partial class CheckpointTrainingTests
{
    private const int Steps = 20;

    [Fact]
    public void Twenty_steps_with_dropout_are_those_without_checkpoints_bit_for_bit()
    {
        using var plain = new Training(checkpointing: false);
        using var checkpointed = new Training(checkpointing: true);
        for (int t = 1; t <= Steps; t++) Assert.Equal(plain.Step(t), checkpointed.Step(t));
        Assert.Equal(plain.Bits(), checkpointed.Bits());
        Assert.Equal(12, checkpointed.Set.TotalRank);
    }

    [Fact]
    public void A_run_that_is_resumed_with_checkpoints_is_the_run_without_a_break()
    {
        using var folder = new TemporaryFolder();
        using var whole = new Training(checkpointing: false);
        using (var first = new Training(checkpointing: true))
        {
            for (int t = 1; t <= Steps / 2; t++) Assert.Equal(whole.Step(t), first.Step(t));
            first.Optimizer.SaveState(folder.Path);
        }
        using var second = new Training(checkpointing: true, folder.Path);
        for (int t = Steps / 2 + 1; t <= Steps; t++) Assert.Equal(whole.Step(t), second.Step(t));
        Assert.Equal(whole.Bits(), second.Bits());
    }

    [Fact]
    public void Live_tensors_stay_constant_over_a_thousand_steps()
    {
        using var training = new Training(checkpointing: true, steps: 1_100);
        long at50 = 0;
        for (int t = 1; t <= 1_050; t++)
        {
            training.Step(t);
            if (t == 50) at50 = LiveTensors();
        }
        Assert.Equal(at50, LiveTensors());
    }

    /// <summary>Without those that wait for their finalizer, other tests' among them.</summary>
    private static long LiveTensors()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return Tensor.TotalCount;
    }

    [Fact]
    public void Without_dispose_scopes_the_collector_frees_the_nodes()
    {
        using var model = new DropNet { Checkpointing = true };
        using var x = arange(0, 8, ScalarType.Int64);
        long Live()
        {
            for (int i = 0; i < 20; i++) model.call(x).sum().backward();
            return LiveTensors();
        }
        long first = Live();
        Assert.Equal(first, Live());
    }

    /// <summary>malloc's own count of bytes in use, after forward: what the graph holds. A block keeps its input alone.</summary>
    [LinuxFact]
    public void The_graph_keeps_one_input_a_block()
    {
        const int Depth = 8, Width = 64, Rows = 512;
        long without = Held(checkpointing: false), with = Held(checkpointing: true);
        const long Activation = Rows * Width * sizeof(float);
        // Input and output of every block, and malloc's rounding.
        Assert.InRange(with, Depth * Activation, (Depth + 2) * Activation);
        // What gelu, dropout and tanh need for backward, most of it four times as wide as the input; 14 of them when this was written.
        Assert.True(without > 10 * Depth * Activation, $"{without / (double)Activation:0.0} activations without checkpoints");

        static long Held(bool checkpointing)
        {
            using var model = new DropNet(Depth, Width) { Checkpointing = checkpointing };
            using var x = randint(32, Rows, dtype: ScalarType.Int64);
            _ = LiveTensors();
            // The compiler takes from malloc, too, now and then: the median of the rounds is the graph's.
            List<long> held = [], left = [];
            for (int round = 0; round < 9; round++)
            {
                using var scope = NewDisposeScope();
                long before = InUse();
                var y = model.call(x);
                held.Add(InUse() - before);
                y.sum().backward();
                scope.DisposeEverything();
                left.Add(InUse() - before);
            }
            held.Sort();
            left.Sort();
            // The nodes are gone with the graph: those of a round would be eight.
            Assert.InRange(left[4], -2 * Activation, 2 * Activation);
            return held[4];
        }
    }

    private static long InUse()
    {
        var info = MallocInfo();
        return (long)(info.Used + info.Mapped);
    }

    [LibraryImport("libc", EntryPoint = "mallinfo2")]
    private static partial Heap MallocInfo();

    /// <summary>struct mallinfo2 of glibc.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Heap
    {
        public nuint Arena, FreeChunks, FastChunks, MappedChunks, Mapped, Unused, FastFree, Used, Free, Top;
    }

    /// <summary>A run whose random numbers are those of (seed, step), as the trainer's are.</summary>
    private sealed class Training : IDisposable
    {
        private readonly DropNet _model;

        public Training(bool checkpointing, string? folder = null, int steps = Steps)
        {
            _model = new DropNet { Checkpointing = checkpointing };
            Set = AdapterSet.Attach(_model, DropNet.Options);
            Optimizer = Set.CreateOptimizer(steps, 1e-2);
            if (folder is not null) Optimizer.LoadState(folder);
        }

        public AdapterSet Set { get; }

        public AdaLoRAOptimizer Optimizer { get; }

        /// <summary>The loss, and a number drawn behind backward.</summary>
        public (float Loss, float Drawn) Step(int t)
        {
            using var scope = NewDisposeScope();
            manual_seed(1_000 + t).Dispose();
            var x = randint(32, 24, dtype: ScalarType.Int64);
            var loss = (_model.call(x) - 0.5).square().mean();
            loss.backward();
            float drawn = rand(1).item<float>();
            Optimizer.step();
            return (loss.item<float>(), drawn);
        }

        public byte[] Bits() => [.. new[] { Set.Arena.P, Set.Arena.AE, Set.Arena.Mask, Optimizer.State.M, Optimizer.State.V! }.SelectMany(t => t!.detach().bytes.ToArray())];

        public void Dispose()
        {
            Optimizer.Dispose();
            _model.Dispose();
        }
    }
}
