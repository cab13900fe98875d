using AdaLoRA.Gen.Testing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Serialization;

/// <summary>What a resumed run forgot before it was kept: statistics of a batch norm, and which trained parameters had had a gradient.</summary>
public sealed class ResumeCornerTests
{
    [Theory]
    [InlineData(OptimizerKind.AdamW)]
    [InlineData(OptimizerKind.Sgd)]
    public void Batch_norm_and_a_module_that_runs_now_and_then_resume_bit_for_bit(OptimizerKind kind)
    {
        using var folder = new TemporaryFolder();
        // Every third step goes through the extra head.
        using var straight = new Trained(kind);
        for (int t = 1; t <= 14; t++)
        {
            if (t == 8) straight.Optimizer.SaveState(folder.Path);
            straight.Step(t);
        }
        using var resumed = new Trained(kind);
        resumed.Optimizer.LoadState(folder.Path);
        for (int t = 8; t <= 14; t++) resumed.Step(t);
        Assert.Equal(straight.Everything(), resumed.Everything());
    }

    private sealed class Trained : IDisposable
    {
        private readonly Model _model;

        public Trained(OptimizerKind kind)
        {
            using (manual_seed(4)) _model = new Model();
            var set = AdapterSet.Attach(_model, new AdaLoRAOptions { Budget = 2, InitialRank = 3, Targets = ["layer"], Trainable = ["extra", "head"], InitialWarmup = 2, FinalWarmup = 4, Interval = 2 });
            Optimizer = set.CreateOptimizer(14, 0.05, o => (o.Kind, o.WeightDecay) = (kind, 0.1));
            _model.train();
        }

        public AdaLoRAOptimizer Optimizer { get; }

        public void Step(int t)
        {
            using var scope = NewDisposeScope();
            using var generator = new Generator((ulong)t);
            var x = randn([6, 5], generator: generator);
            _model.UsesExtra = t % 3 == 0;
            (_model.call(x) - 1).square().mean().backward();
            Optimizer.step();
        }

        public byte[] Everything() => [.. _model.state_dict().OrderBy(p => p.Key, StringComparer.Ordinal).SelectMany(p => p.Value.detach().contiguous().bytes.ToArray())];

        public void Dispose()
        {
            Optimizer.Dispose();
            _model.Dispose();
        }
    }

    private sealed class Model : nn.Module<Tensor, Tensor>
    {
        private readonly Linear layer = nn.Linear(5, 6);
        private readonly BatchNorm1d norm = nn.BatchNorm1d(6);
        private readonly Linear extra = nn.Linear(6, 6);
        private readonly Linear head = nn.Linear(6, 2);

        public Model() : base(nameof(Model)) => RegisterComponents();

        public bool UsesExtra { get; set; }

        public override Tensor forward(Tensor x)
        {
            var h = norm.call(layer.call(x));
            return head.call(UsesExtra ? extra.call(h) : h);
        }
    }
}
