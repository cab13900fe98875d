using System.Diagnostics;
using AdaLoRA.Gen.Benchmarks.Variants;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Benchmarks.EndToEnd;

/// <summary>One way to fine-tune (or not to fine-tune) MiniLM; every way takes its step through the same lines.</summary>
internal abstract class MiniLmTraining(MiniLmClassifier model) : IDisposable
{
    /// <summary>The sample's: initial rank 8, mean final rank 2, alpha 32, learning rate 4e-3.</summary>
    public static Recipe Recipe { get; } = new() { Rank = 8, FinalRank = 2, Alpha = 32, LearningRate = 4e-3, WeightDecay = 0 };

    protected MiniLmClassifier Model => model;

    /// <summary>Seconds and loss of a step.</summary>
    /// <param name="batch">What to train on.</param>
    /// <param name="step">Number of the step, from 1.</param>
    /// <param name="readLoss">Whether the loss is wanted; reading it is not timed.</param>
    public (double Seconds, double Loss) Step(MiniLmBatch batch, int step, bool readLoss = false)
    {
        long start = Stopwatch.GetTimestamp();
        double loss = double.NaN, reading = 0;
        using (NewDisposeScope())
        {
            var data = nn.functional.cross_entropy(Model.call(batch.Tokens), batch.Intents);
            if (readLoss)
            {
                long read = Stopwatch.GetTimestamp();
                loss = data.item<float>();
                reading = Stopwatch.GetElapsedTime(read).TotalSeconds;
            }
            AddToLoss(data).backward();
            Update(step);
        }
        return (Stopwatch.GetElapsedTime(start).TotalSeconds - reading, loss);
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual Tensor AddToLoss(Tensor loss) => loss;

    protected virtual void Update(int step) { }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing) Model.Dispose();
    }
}

/// <summary>Forward, and backward to the output of the embeddings.</summary>
internal sealed class MiniLmFrozen : MiniLmTraining
{
    public MiniLmFrozen(MiniLmClassifier model) : base(model) => model.Encoder.embeddings.register_forward_hook((_, _, _, _, output) => output.requires_grad_(true));
}

/// <summary>Ours, through the public API.</summary>
internal sealed class MiniLmOurs : MiniLmTraining
{
    private readonly AdapterSet _set;
    private readonly AdaLoRAOptimizer _optimizer;

    public MiniLmOurs(MiniLmClassifier model) : base(model)
    {
        _set = AdapterSet.Attach(model, new AdaLoRAOptions
        {
            Targets = [MiniLmClassifier.TargetPattern],
            Trainable = ["head"],
            InitialRank = Recipe.Rank,
            Budget = Recipe.FinalRank * model.Targets().Count(),
            Alpha = Recipe.Alpha,
            InitialWarmup = Recipe.InitialWarmup,
            FinalWarmup = Recipe.FinalWarmup,
            Interval = Recipe.Interval,
            Beta1 = Recipe.ImportanceBeta,
            Beta2 = Recipe.ImportanceBeta,
            OrthogonalWeight = Recipe.OrthogonalWeight,
        });
        _optimizer = _set.CreateOptimizer(Recipe.TotalSteps, Recipe.LearningRate, o => o.WeightDecay = Recipe.WeightDecay);
    }

    /// <summary>Takes over what another way starts from.</summary>
    public void CopyFrom(MiniLmPeft peft)
    {
        using var _ = no_grad();
        foreach (var (path, factors) in peft.Factors)
        {
            var adapter = _set.Find(path);
            adapter.lora_A.copy_(factors.A);
            adapter.lora_E!.copy_(factors.E);
            adapter.lora_B.copy_(factors.B);
        }
        _set.Refold();
    }

    protected override void Update(int step) => _optimizer.step();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _optimizer.Dispose();
            _set.Detach();
        }
        base.Dispose(disposing);
    }
}

/// <summary>PEFT's operations: a hook on each linear layer adds the adapter's output, as PEFT's layer does behind its base layer.</summary>
internal sealed class MiniLmPeft : MiniLmTraining
{
    private readonly PeftAdaLoRATraining _training;

    public MiniLmPeft(MiniLmClassifier model) : base(model)
    {
        foreach (var (path, layer) in model.Targets())
        {
            var factors = new PeftAdaLoRAFactors(layer, Recipe);
            // Λ starts at zero: random values, large enough for the loss to see the adapters.
            using (no_grad()) factors.E.normal_(0, 5);
            Factors.Add(path, factors);
            layer.register_forward_hook((_, x, result) => factors.AddTo(result, x));
        }
        _training = new PeftAdaLoRATraining([.. Factors.Values], Recipe, model.Head.parameters());
    }

    public Dictionary<string, PeftAdaLoRAFactors> Factors { get; } = [];

    protected override Tensor AddToLoss(Tensor loss) => _training.AddRegulariser(loss);

    protected override void Update(int step) => _training.Step(step);

    protected override void Dispose(bool disposing)
    {
        if (disposing) _training.Dispose();
        base.Dispose(disposing);
    }
}
