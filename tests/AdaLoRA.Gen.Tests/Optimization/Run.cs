using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Optimization;

/// <summary>A run of 12 steps on the <see cref="Mlp"/>; two runs of the same arguments are the same run.</summary>
internal sealed class Run : IDisposable
{
    private readonly Generator _data = new(11);
    private readonly int _inputs;

    public Run(ScalarType dtype, Action<AdaLoRAOptions>? options = null, OptimizerKind kind = OptimizerKind.AdamW, double clip = 0, bool aten = false, int inputs = 12, int hidden = 20)
    {
        _inputs = inputs;
        DType = dtype;
        using (var g = no_grad())
        {
            Model = new Mlp(inputs, hidden);
            using var generator = new Generator(5);
            foreach (var p in Model.parameters()) p.normal_(0, 0.3, generator);
        }
        Model.to(dtype);
        var o = Mlp.Options;
        options?.Invoke(o);
        Set = AdapterSet.Attach(Model, o);
        void Configure(AdaLoRAOptimizerOptions x) => (x.Kind, x.LearningRate, x.MaxGradNorm) = (kind, 1e-2, clip);
        var configured = new AdaLoRAOptimizerOptions();
        Configure(configured);
        Optimizer = aten ? Set.CreateAtenOptimizer(12, configured) : Set.CreateOptimizer(12, configure: Configure);
    }

    public Mlp Model { get; }

    public AdapterSet Set { get; }

    public AdaLoRAOptimizer Optimizer { get; }

    public ScalarType DType { get; set; }

    public Tensor Head() => Model.get_parameter("head.weight")!.detach();

    public void Steps(int count)
    {
        for (int i = 0; i < count; i++) Step();
    }

    public void SkipBatch()
    {
        using var x = randn([9, _inputs], generator: _data);
    }

    public void Step(bool poison = false)
    {
        Backward(poison);
        Optimizer.step();
    }

    public void Backward(bool poison = false, bool createGraph = false)
    {
        using var scope = NewDisposeScope();
        var x = randn([9, _inputs], generator: _data).to(DType);
        if (poison) x[0, 0] = float.NaN;
        var loss = (Model.call(x) - x.narrow(1, 0, 3)).square().mean();
        if (createGraph) loss.backward(create_graph: true);
        else loss.backward();
    }

    /// <summary>All bits that a step may change.</summary>
    public byte[] Everything()
    {
        var state = Optimizer.State;
        return [.. new[] { Set.Arena.P, Set.Arena.AE, Set.Arena.Mask, state.M, state.V, state.Sensitivity, state.Uncertainty, Model.get_parameter("head.weight"), Model.get_parameter("head.bias") }
            .Where(t => t is not null).SelectMany(t => t!.detach().bytes.ToArray())];
    }

    public void Dispose()
    {
        Optimizer.Dispose();
        Model.Dispose();
        _data.Dispose();
    }
}
