using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tests.Models;
using CsCheck;
using TorchSharp;
using static TorchSharp.torch;
// 'Gen' alone is our own namespace here.
using Any = CsCheck.Gen;

namespace AdaLoRA.Gen.Tests.Properties;

/// <summary>Merging, saving and exporting lose nothing, whatever the ranks, scales and masks.</summary>
public sealed class FolderProperties
{
    private const int Times = 60;

    private sealed record Case(int Inputs, int Hidden, int Rank, double Alpha, int Seed, bool Wide)
    {
        public (Mlp Model, AdapterSet Set) Make()
        {
            var model = new Mlp(Inputs, Hidden);
            using var generator = new Generator((ulong)Seed);
            using var _ = no_grad();
            foreach (var p in model.parameters()) p.normal_(0, 0.3, generator);
            if (Wide) model.to(ScalarType.Float64);
            var set = AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 1, InitialRank = Rank, Alpha = Alpha, Targets = ["first", "second"] });
            foreach (var p in set.parameters()) p.normal_(0, 0.5, generator);
            // Some triplets are removed: as an allocation does it.
            set.Arena.Mask.copy_(rand(set.Arena.Mask.shape, generator: generator).gt(0.4));
            set.Arena.P.narrow(0, 0, set.Arena.Layout.Triplets).mul_(set.Arena.Mask);
            set.Refold();
            return (model, set);
        }

        public Tensor Input() => ones(3, Inputs, dtype: Wide ? ScalarType.Float64 : ScalarType.Float32).mul_(0.5);
    }

    private static readonly Gen<Case> Cases = Any.Select(Any.Int[3, 9], Any.Int[3, 9], Any.Int[1, 3], Any.Double[0.1, 20], Any.Int[0, 100000], Any.Bool, (i, h, r, a, s, w) => new Case(i, h, r, a, s, w));

    [Fact]
    public void Unmerging_undoes_merging_bit_for_bit() => Cases.Sample(c =>
    {
        using var scope = NewDisposeScope();
        var (model, set) = c.Make();
        using var _ = no_grad();
        byte[] before = Weights(model);
        var expected = model.call(c.Input());
        set.Merge();
        bool same = allclose(expected, model.call(c.Input()), 1e-4, c.Wide ? 1e-12 : 1e-4);
        set.Unmerge();
        bool exact = Weights(model).AsSpan().SequenceEqual(before) && model.call(c.Input()).equal(expected).all().item<bool>();
        model.Dispose();
        return same && exact;
    }, iter: Times, threads: 1);

    /// <summary>Saved and loaded: the same bits, and the same folder again.</summary>
    [Fact]
    public void Loading_undoes_saving() => Cases.Sample(c =>
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var (model, set) = c.Make();
        using var _ = no_grad();
        set.Save(folder.File("one"));
        var deltas = set.Adapters.Select(a => a.DeltaWeight().clone()).ToList();
        int rank = set.TotalRank;
        set.Detach();
        var loaded = AdapterSet.Load(model, folder.File("one"));
        loaded.Save(folder.File("two"));
        // Removed triplets add exact zeros, but in another grouping of the sum.
        bool same = loaded.TotalRank == rank && loaded.Adapters.Select((a, i) => allclose(deltas[i], a.DeltaWeight(), 1e-5, c.Wide ? 1e-13 : 1e-5)).All(x => x)
            && Same(folder, "one", "two", "adapter_model.safetensors") && Same(folder, "one", "two", "adapter_config.json");
        model.Dispose();
        return same;
    }, iter: Times, threads: 1);

    /// <summary>Plain LoRA computes what AdaLoRA computes; exported again it is the same file.</summary>
    [Fact]
    public void Importing_undoes_exporting() => Cases.Sample(c =>
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var (model, set) = c.Make();
        using var _ = no_grad();
        var expected = model.call(c.Input());
        bool nothing = set.TotalRank == 0;
        try
        {
            set.SaveAsLoRA(folder.File("one"));
        }
        catch (AdaLoRAException)
        {
            model.Dispose();
            return nothing;
        }
        set.Detach();
        var loaded = AdapterSet.Load(model, folder.File("one"));
        double error = ((model.call(c.Input()) - expected).abs().max() / expected.abs().max()).to(ScalarType.Float64).item<double>();
        loaded.SaveAsLoRA(folder.File("two"));
        bool same = error <= (c.Wide ? 1e-13 : 1e-5) && Same(folder, "one", "two", "adapter_model.safetensors") && Same(folder, "one", "two", "adapter_config.json");
        model.Dispose();
        return same && !nothing;
    }, iter: Times, threads: 1);

    private static byte[] Weights(Mlp model) => [.. new[] { "first.weight", "second.weight" }.SelectMany(n => model.get_parameter(n)!.detach().bytes.ToArray())];

    private static bool Same(TemporaryFolder folder, string a, string b, string file) => File.ReadAllBytes(folder.File($"{a}/{file}")).AsSpan().SequenceEqual(File.ReadAllBytes(folder.File($"{b}/{file}")));
}
