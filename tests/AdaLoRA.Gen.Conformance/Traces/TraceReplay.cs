using AdaLoRA.Gen.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Conformance.Traces;

/// <summary>Which element type and which tail replay a trace.</summary>
internal enum ReplayKind
{
    /// <summary>float64, which runs on the ATen tail.</summary>
    Float64,

    /// <summary>float32 on the SIMD tail.</summary>
    Float32,

    /// <summary>float32 on the ATen tail.</summary>
    Float32Aten,
}

/// <summary>One training of a trace folder, replayed step by step through the public optimizer. All hyper-parameters and sizes come from its files.</summary>
internal sealed class TraceReplay : IDisposable
{
    /// <summary>The tensors that all traces of a folder share: weights, first factors, inputs.</summary>
    public const string NetFile = "net.safetensors";

    private readonly Dictionary<string, Tensor> _net;
    private readonly TraceNet _model;
    private readonly ScalarType _dtype;
    private readonly string _netPath;

    /// <param name="folder">A trace folder.</param>
    /// <param name="name">The trace: <c>name.json</c> and <c>name.safetensors</c>.</param>
    /// <param name="kind">How to replay it.</param>
    /// <exception cref="AdaLoRAException">The files do not describe a run.</exception>
    /// <exception cref="SafetensorsException">A tensor file is damaged.</exception>
    public TraceReplay(string folder, string name, ReplayKind kind)
    {
        _dtype = kind == ReplayKind.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        _netPath = Path.Combine(folder, NetFile);
        File = new TraceFile(Path.Combine(folder, name + ".json"));
        _net = Tensors(_netPath);
        Golden = Tensors(Path.Combine(folder, name + ".safetensors"));
        CheckInputs();
        _model = new TraceNet(_net, _netPath);
        _model.to(_dtype);
        Set = AdapterSet.Attach(_model, File.AdapterOptions());
        Fill();
        var options = File.OptimizerOptions();
        Optimizer = kind == ReplayKind.Float32Aten
            ? Set.CreateAtenOptimizer(File.Steps, options)
            : Set.CreateOptimizer(File.Steps, options.LearningRate, o =>
                (o.Kind, o.Beta1, o.Beta2, o.Epsilon, o.WeightDecay, o.MaxGradNorm) = (options.Kind, options.Beta1, options.Beta2, options.Epsilon, options.WeightDecay, options.MaxGradNorm));
    }

    public TraceFile File { get; }

    /// <summary>What the golden run left: <c>lambda</c> [T, matrices, rank], and snapshots <c>step&lt;t&gt;.…</c>.</summary>
    public Dictionary<string, Tensor> Golden { get; }

    public AdapterSet Set { get; }

    public AdaLoRAOptimizer Optimizer { get; }

    /// <summary>Takes step t (from 1).</summary>
    /// <returns>The mean task loss of its micro-batches.</returns>
    public double Step(int t)
    {
        using var scope = NewDisposeScope();
        double task = 0;
        for (int k = 0; k < File.MicroBatches; k++)
        {
            var x = _net[Input("x", k)][t - 1].to(_dtype);
            var loss = nn.functional.cross_entropy(_model.call(x), _net[Input("y", k)][t - 1]);
            task += loss.to(ScalarType.Float64).item<double>() / File.MicroBatches;
            (loss / File.MicroBatches).backward();
        }
        Optimizer.step();
        return task;
    }

    /// <summary>A factor of one matrix as the files lay it out, seen in a flat buffer of the arena: A [r, in], B [out, r], E [r, 1].</summary>
    public Tensor Factor(Tensor flat, string matrix, string factor)
    {
        int index = Set.Find(matrix).Index;
        return factor switch
        {
            "A" => Set.Arena.ViewA(flat, index),
            "B" => Set.Arena.ViewBt(flat, index).t(),
            _ => Set.Arena.ViewE(flat, index),
        };
    }

    public void Dispose()
    {
        Optimizer.Dispose();
        _model.Dispose();
        foreach (var tensor in _net.Values.Concat(Golden.Values)) tensor.Dispose();
    }

    private static Dictionary<string, Tensor> Tensors(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return file.Names.ToDictionary(name => name, name => file.Read(name), StringComparer.Ordinal);
    }

    private static string Input(string name, int microBatch) => microBatch == 0 ? name : $"{name}{microBatch + 1}";

    private void CheckInputs()
    {
        for (int k = 0; k < File.MicroBatches; k++)
        {
            foreach (string name in (string[])[Input("x", k), Input("y", k)])
            {
                if (!_net.TryGetValue(name, out var input) || input.dim() < 2 || input.shape[0] < File.Steps) throw new AdaLoRAException($"'{_netPath}' holds no '{name}' of {File.Steps} steps, which the trace needs.");
            }
        }
    }

    private void Fill()
    {
        var source = File.Method == AdapterMethod.LoRA ? Golden : _net;
        using var _ = no_grad();
        foreach (var adapter in Set.Adapters)
        {
            First(adapter.Path, "lora_A", adapter.lora_A);
            First(adapter.Path, "lora_B", adapter.lora_B);
            if (adapter.lora_E is { } e) First(adapter.Path, "lora_E", e);
        }
        Set.Refold();

        void First(string path, string factor, Tensor target)
        {
            if (!source.TryGetValue($"init.{path}.{factor}", out var value) || !value.shape.SequenceEqual(target.shape))
            {
                throw new AdaLoRAException($"The trace has no 'init.{path}.{factor}' of shape [{string.Join(", ", target.shape)}] to start from.");
            }
            target.copy_(value);
        }
    }
}
