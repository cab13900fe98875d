using System.Text.Json.Nodes;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Regressions;

/// <summary>What the failing tests of the review share.</summary>
public abstract class RegressionTests : IDisposable
{
    private protected readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _folder.Dispose();
        _scope.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static void Randomise(AdapterSet set, ulong seed)
    {
        using var _ = no_grad();
        using var g = new Generator(seed);
        foreach (var p in set.parameters()) p.normal_(0, 0.5, g);
        set.Refold();
    }

    /// <summary>Removes triplets as the allocator would.</summary>
    private protected static void Remove(AdapterSet set, string path, int from)
    {
        using var _ = no_grad();
        var a = set.Find(path);
        int offset = set.Arena.Layout.TripletOffsets[a.Index];
        for (int k = from; k < a.InitialRank; k++)
        {
            set.Arena.Mask[offset + k] = 0;
            set.Arena.P[offset + k] = 0;
        }
        set.RanksChanged();
        set.Refold();
    }

    private protected void Edit(string folder, Action<JsonObject> change)
    {
        string path = Path.Combine(_folder.File(folder), "adapter_config.json");
        var o = (JsonObject)JsonNode.Parse(File.ReadAllText(path))!;
        change(o);
        File.WriteAllText(path, o.ToJsonString());
    }
}
