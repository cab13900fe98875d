using System.Text.Json;
using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Golden;

/// <summary>One golden training of <c>fixtures/traces</c>, replayed through the public optimizer; all hyper-parameters come from its files.</summary>
internal sealed class TraceCase : IDisposable
{
    private static readonly Lazy<Dictionary<string, Tensor>> Net = new(() => Fixtures.Tensors("traces", "net.safetensors"));
    private readonly JsonElement _json;
    private readonly Dictionary<string, Tensor> _golden;
    private readonly TraceNet _model = new();
    private readonly ScalarType _dtype;

    public TraceCase(string name, ScalarType dtype)
    {
        _dtype = dtype;
        _json = Fixtures.Json("traces", name + ".json").RootElement;
        _golden = Fixtures.Tensors("traces", name + ".safetensors");
        _model.to(ScalarType.Float64);
        using (no_grad())
        {
            foreach (var (key, parameter) in _model.named_parameters()) parameter.copy_(Net.Value["base." + key]);
        }
        _model.to(dtype);
        Set = _model.AttachAdaLoRA(Override);
        Fill();
        Optimizer = _model.CreateAdaLoRAOptimizer(Int("total_step"), configure: Configure);
    }

    public AdapterSet Set { get; }

    public AdaLoRAOptimizer Optimizer { get; private set; }

    public int Steps => Int("total_step");

    public string[] Matrices => [.. _json.GetProperty("matrices").EnumerateArray().Select(m => m.GetString()!)];

    private bool IsLoRA => _json.GetProperty("fidelity").GetString() == "lora";

    /// <summary>Exchanges the optimizer for one on the ATen tail, whatever the element type.</summary>
    public void UseAtenTail()
    {
        Optimizer.Dispose();
        var options = new AdaLoRAOptimizerOptions();
        Configure(options);
        Optimizer = Set.CreateAtenOptimizer(Int("total_step"), options);
    }

    /// <summary>Takes step t (from 1) and returns the mean task loss of its micro-batches.</summary>
    public double Step(int t)
    {
        using var scope = NewDisposeScope();
        int micro = _json.TryGetProperty("micro_batches", out var m) ? m.GetInt32() : 1;
        double task = 0;
        for (int k = 0; k < micro; k++)
        {
            var x = Net.Value[k == 0 ? "x" : "x2"][t - 1].to(_dtype);
            var loss = nn.functional.cross_entropy(_model.call(x), Net.Value[k == 0 ? "y" : "y2"][t - 1]);
            task += loss.to(ScalarType.Float64).item<double>() / micro;
            (loss / micro).backward();
        }
        Optimizer.step();
        return task;
    }

    public double ExpectedLoss(int t) => Step(t, "task_loss");

    /// <summary>γ·R as the trace records it; null for plain LoRA.</summary>
    public double? ExpectedRegulariser(int t) => _json.GetProperty("steps")[t - 1].TryGetProperty("orth_loss", out var r) ? r.GetDouble() : null;

    public double? ExpectedGradientNorm(int t) => _json.GetProperty("steps")[t - 1].TryGetProperty("grad_norm", out var n) && n.ValueKind == JsonValueKind.Number ? n.GetDouble() : null;

    public int ExpectedBudget(int t) => _json.GetProperty("steps")[t - 1].GetProperty("budget").GetInt32();

    /// <summary>Largest difference of λ after step t, over λ's largest value of the whole run, and whether the zeros are the same.</summary>
    public (double Error, bool SamePattern) CompareLambda(int t)
    {
        using var scope = NewDisposeScope();
        var all = _golden["lambda"];
        double largest = all.abs().max().item<double>(), worst = 0;
        bool same = true;
        for (int i = 0; i < Matrices.Length; i++)
        {
            var found = Set.Find(Matrices[i]).lora_E!.detach().to(ScalarType.Float64).reshape(-1);
            worst = Math.Max(worst, (found - all[t - 1][i]).abs().max().item<double>() / largest);
            same &= found.ne(0).equal(all[t - 1][i].ne(0)).all().item<bool>();
        }
        return (worst, same);
    }

    /// <summary>Largest relative difference of everything the trace recorded at step t: factors and both averages. Also says how many tensors that were.</summary>
    public (double Error, int Compared) CompareSnapshot(int t)
    {
        using var scope = NewDisposeScope();
        double worst = 0;
        int compared = 0;
        foreach (string matrix in Matrices)
        {
            var adapter = Set.Find(matrix);
            foreach (string factor in (string[])["A", "B", "E"])
            {
                Compare($"step{t}.{matrix}.lora_{factor}", Factor(Set.Arena.P, adapter, factor));
                if (Optimizer.State.Sensitivity is { } i) Compare($"step{t}.ipt.{matrix}.lora_{factor}", Factor(i, adapter, factor));
                if (Optimizer.State.Uncertainty is { } u) Compare($"step{t}.unc.{matrix}.lora_{factor}", Factor(u, adapter, factor));
            }
        }
        return (worst, compared);

        void Compare(string key, Tensor? found)
        {
            if (found is null || !_golden.TryGetValue(key, out var expected)) return;
            double largest = Math.Max(expected.abs().max().item<double>(), 1e-300);
            worst = Math.Max(worst, (found.to(ScalarType.Float64) - expected).abs().max().item<double>() / largest);
            compared++;
        }
    }

    public void Dispose()
    {
        Optimizer.Dispose();
        _model.Dispose();
    }

    private Tensor? Factor(Tensor flat, Adapter adapter, string factor) => factor switch
    {
        "A" => Set.Arena.ViewA(flat, adapter.Index),
        "B" => Set.Arena.ViewBt(flat, adapter.Index).t(),
        _ => IsLoRA ? null : Set.Arena.ViewE(flat, adapter.Index),
    };

    /// <summary>The attribute states the values of most traces; what differs comes from the trace's file, as a user's configuration would.</summary>
    private void Override(AdaLoRAOptions options)
    {
        Assert.Equal(AdapterMethod.AdaLoRA, options.Method);
        options.Alpha = Int("alpha");
        if (IsLoRA)
        {
            (options.Method, options.InitialRank) = (AdapterMethod.LoRA, Int("r"));
            return;
        }
        options.Budget = Int("target_r") * Matrices.Length;
        options.InitialRank = Int("init_r");
        options.InitialWarmup = Int("tinit");
        options.FinalWarmup = Int("tfinal");
        options.Interval = Int("deltaT");
        options.Beta1 = Double("beta1");
        options.Beta2 = Double("beta2");
        options.OrthogonalWeight = Double("orth_reg_weight");
        options.Fidelity = _json.GetProperty("fidelity").GetString() == "paper" ? Fidelity.Paper : Fidelity.Reference;
    }

    private void Configure(AdaLoRAOptimizerOptions options)
    {
        var o = _json.GetProperty("optimizer");
        options.Kind = o.GetProperty("kind").GetString() == "adamw" ? OptimizerKind.AdamW : OptimizerKind.Sgd;
        options.LearningRate = o.GetProperty("lr").GetDouble();
        options.WeightDecay = o.TryGetProperty("weight_decay", out var decay) ? decay.GetDouble() : 0;
        options.MaxGradNorm = _json.TryGetProperty("clip_grad_norm", out var clip) ? clip.GetDouble() : 0;
    }

    private void Fill()
    {
        var source = IsLoRA ? _golden : Net.Value;
        using var _ = no_grad();
        foreach (var adapter in Set.Adapters)
        {
            adapter.lora_A.copy_(source[$"init.{adapter.Path}.lora_A"]);
            adapter.lora_B.copy_(source[$"init.{adapter.Path}.lora_B"]);
            if (!IsLoRA) adapter.lora_E!.copy_(source[$"init.{adapter.Path}.lora_E"]);
        }
        Set.Refold();
    }

    private double Step(int t, string name) => _json.GetProperty("steps")[t - 1].GetProperty(name).GetDouble();

    private int Int(string name) => _json.GetProperty(name).GetInt32();

    private double Double(string name) => _json.GetProperty(name).GetDouble();
}
