using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tests.Models;
using AdaLoRA.Gen.Tests.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Adapters;

/// <summary>Several sets on one model: switching, disabling, merging, combining, deleting.</summary>
public sealed class SeveralSetsTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();
    private readonly Mlp _model = new();
    private readonly Tensor _x;
    private readonly Tensor _base;

    public SeveralSetsTests()
    {
        using var generator = manual_seed(1);
        _x = randn(4, 12);
        _base = _model.call(_x).detach();
        var bias = _model.get_parameter("head.bias")!.detach().clone();
        foreach (var (name, seed) in new[] { ("red", 2), ("blue", 3) })
        {
            var options = Mlp.Options;
            if (name == "blue") options.Targets = ["second"];
            var set = AdapterSet.Attach(_model, options);
            using (no_grad())
            {
                using var g = new Generator((ulong)seed);
                foreach (var p in set.parameters()) p.normal_(0, 0.5, g);
                if (name == "red") _model.get_parameter("head.bias")!.add_(1);
            }
            set.Refold();
            set.Save(_folder.File(name));
            set.Detach();
            using (no_grad()) _model.get_parameter("head.bias")!.copy_(bias);
        }
    }

    [Fact]
    public void One_set_computes_and_switching_takes_its_head_along()
    {
        var red = AdapterSet.Load(_model, _folder.File("red"), name: "red");
        var asRed = _model.call(_x);
        Assert.Equal("red", AdapterSet.Of(_model)!.Name);
        var blue = AdapterSet.Load(_model, _folder.File("blue"), name: "blue");
        var asBlue = _model.call(_x);
        Assert.False(red.IsActive);
        Assert.True(Far(asRed, asBlue));

        red.Activate();
        Same(asRed, _model.call(_x));
        blue.Activate();
        Same(asBlue, _model.call(_x));
        blue.Deactivate();
        Same(_base, _model.call(_x));
        Assert.Equal(["blue", "red"], AdapterSet.All(_model).Select(s => s.Name));
        red.Activate();
        blue.Detach();
        Same(asRed, _model.call(_x));
        red.Detach();
        Assert.Null(AdapterSet.Of(_model));
    }

    [Fact]
    public void A_scope_switches_off_and_on_again_even_when_merged()
    {
        var red = AdapterSet.Load(_model, _folder.File("red"));
        var expected = _model.call(_x);
        var scope = red.Disable();
        Same(_base, _model.call(_x));
        scope.Dispose();
        scope.Dispose();
        Same(expected, _model.call(_x));

        red.Merge();
        var merged = _model.call(_x);
        using (red.Disable()) Same(_base, _model.call(_x));
        Assert.True(red.IsMerged);
        Same(merged, _model.call(_x));
    }

    [Fact]
    public void A_switched_off_set_saves_its_own_head()
    {
        var red = AdapterSet.Load(_model, _folder.File("red"), name: "red");
        AdapterSet.Load(_model, _folder.File("blue"), name: "blue");
        red.Save(_folder.File("red again"));
        Assert.Equal(File.ReadAllBytes(_folder.File("red/adapter_model.safetensors")), File.ReadAllBytes(_folder.File("red again/adapter_model.safetensors")));
    }

    [Fact]
    public void Merging_and_detaching_leaves_a_plain_model()
    {
        var red = AdapterSet.Load(_model, _folder.File("red"));
        var expected = _model.call(_x);
        string[] names = [.. _model.state_dict().Keys.Where(k => !k.StartsWith("adalora", StringComparison.Ordinal))];
        red.MergeAndDetach();
        Assert.Null(AdapterSet.Of(_model));
        Assert.Equal(names, _model.state_dict().Keys);
        Assert.True(allclose(expected, _model.call(_x), 1e-5, 1e-5));
    }

    [Fact]
    public void What_cannot_be_is_one_sentence()
    {
        var red = AdapterSet.Load(_model, _folder.File("red"), name: "red");
        Assert.Contains("already has adapters named 'red'", Error(() => AdapterSet.Load(_model, _folder.File("blue"), name: "red")));
        Assert.Contains("'a b' cannot name adapters", Error(() => AdapterSet.Load(_model, _folder.File("blue"), name: "a b")));
        Assert.Contains("it has 'red'", Error(() => AdapterSet.Of(_model, "green")));
        red.Merge();
        Assert.Contains("merged into its weights; call Unmerge()", Error(() => AdapterSet.Load(_model, _folder.File("blue"), name: "blue")));
        Assert.Contains("before switching them off", Error(red.Deactivate));
        red.Unmerge();
        var blue = AdapterSet.Load(_model, _folder.File("blue"), name: "blue");
        Assert.Contains("call Activate() before Merge()", Error(() => red.Merge()));
        blue.Detach();
        Assert.Contains("were detached", Error(blue.Activate));
        var trained = AdapterSet.Attach(_model, Mlp.Options, "new");
        Assert.Contains("already trains the adapters 'new'", Error(() => AdapterSet.Load(_model, _folder.File("blue"), trainable: true, name: "blue")));
        trained.Deactivate();
        using var optimizer = trained.CreateOptimizer(12);
        Assert.Contains("switched off; call Activate()", Error(() => optimizer.step()));
    }

    /// <summary>A diverged adapter must not destroy the weights it is merged into.</summary>
    [Fact]
    public void A_merge_that_is_not_finite_changes_nothing()
    {
        var red = AdapterSet.Load(_model, _folder.File("red"));
        using (no_grad()) red.Find("second").lora_A[0, 0] = float.NaN;
        red.Refold();
        var before = _model.get_parameter("first.weight")!.detach().clone();
        Assert.Contains("'second' NaN or infinite", Error(() => red.Merge()));
        Same(before, _model.get_parameter("first.weight")!.detach());
        Assert.False(red.IsMerged);
    }

    [Fact]
    public void A_combination_is_the_weighted_sum_of_the_deltas()
    {
        var (red, blue) = LoadBothWithoutHead();
        Tensor Delta(AdapterSet set, string path) => set.Adapters.Any(a => a.Path == path) ? set.Find(path).DeltaWeight() : zeros_like(_model.get_parameter(path + ".weight")!);
        foreach (int? rank in (int?[])[null, 3, 20])
        {
            var both = AdapterSet.Combine("both", [(red, 0.75), (blue, -2)], rank);
            Assert.True(both.IsActive);
            foreach (string path in (string[])["first", "second"])
            {
                var expected = Delta(red, path) * 0.75 - Delta(blue, path) * 2;
                var found = both.Find(path).DeltaWeight();
                Assert.True(both.Find(path).InitialRank <= (rank ?? 8));
                double error = (expected - found).norm().item<float>();
                // What a truncation must lose is what the singular values beyond the rank hold.
                var values = linalg.svdvals(expected);
                double least = rank is { } r && r < values.shape[0] ? values.narrow(0, r, values.shape[0] - r).norm().item<float>() : 0;
                Assert.Equal(least, error, 1e-4);
            }
            both.Detach();
        }
    }

    [Fact]
    public void A_combination_can_be_saved_and_loaded_like_any_lora()
    {
        var (red, blue) = LoadBothWithoutHead();
        var both = AdapterSet.Combine("both", [(red, 1), (blue, 1)]);
        var expected = _model.call(_x);
        both.Save(_folder.File("both"));
        both.Detach();
        AdapterSet.Load(_model, _folder.File("both"), name: "loaded");
        Assert.True(allclose(expected, _model.call(_x), 1e-6, 1e-6));
    }

    [Fact]
    public void What_cannot_be_combined_is_named()
    {
        var red = AdapterSet.Load(_model, _folder.File("red"), name: "red");
        var blue = AdapterSet.Load(_model, _folder.File("blue"), name: "blue");
        Assert.Contains("'head.weight' comes along with 'red' and with 'blue'", Error(() => AdapterSet.Combine("both", [(red, 1), (blue, 1)])));
        Assert.Contains("at least one set", Error(() => AdapterSet.Combine("both", [])));
        Assert.Contains("must be at least 1", Error(() => AdapterSet.Combine("both", [(red, 1)], rank: 0)));
        using var other = new Mlp();
        var foreign = AdapterSet.Load(other, _folder.File("red"), name: "foreign");
        Assert.Contains("on different models", Error(() => AdapterSet.Combine("both", [(red, 1), (foreign, 1)])));
    }

    /// <summary>Training goes on where switching away left it.</summary>
    [Fact]
    public void A_set_in_training_can_be_switched_away_from_and_back()
    {
        using Run plain = new(ScalarType.Float32), switched = new(ScalarType.Float32);
        for (int t = 0; t < 6; t++)
        {
            plain.Step();
            switched.Step();
            switched.Set.Deactivate();
            switched.Model.call(randn(2, 12));
            switched.Set.Activate();
        }
        Assert.Equal(plain.Everything(), switched.Everything());
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
        _scope.Dispose();
    }

    private (AdapterSet Red, AdapterSet Blue) LoadBothWithoutHead()
    {
        foreach (string name in (string[])["red", "blue"])
        {
            var options = Mlp.Options;
            options.Trainable = [];
            if (name == "blue") options.Targets = ["second"];
            var set = AdapterSet.Attach(_model, options);
            using (no_grad()) foreach (var p in set.parameters()) p.normal_(0, 0.5);
            set.Save(_folder.File(name));
            set.Detach();
        }
        return (AdapterSet.Load(_model, _folder.File("red"), name: "red"), AdapterSet.Load(_model, _folder.File("blue"), name: "blue"));
    }

    private static string Error(Action action) => Assert.Throws<AdaLoRAException>(action).Message;

    private static bool Far(Tensor a, Tensor b) => (a - b).abs().max().item<float>() > 0.05;

    private static void Same(Tensor expected, Tensor found) => Assert.Equal(0, (expected - found).abs().max().item<float>());
}
