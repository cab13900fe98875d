using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Checkpoints;

/// <summary>Tensors that are longer than the pieces in which they are converted.</summary>
public sealed class PiecewiseReadTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, ScalarType.Float32)]
    [InlineData(ScalarType.Float32, ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16, ScalarType.Float64)]
    [InlineData(ScalarType.Float32, ScalarType.Float32)]
    [InlineData(ScalarType.Int64, ScalarType.Float32)]
    [InlineData(ScalarType.Bool, ScalarType.Float32)]
    public void Every_element_is_converted_as_torch_does(ScalarType stored, ScalarType wanted)
    {
        Tensor whole = torch.randn(1_300_001).mul(9).to(stored);
        Tensor scalar = torch.tensor(5).to(stored), none = torch.empty([0, 3], dtype: stored);
        using HuggingFaceCheckpoint checkpoint = Write(("whole", whole), ("scalar", scalar), ("none", none));
        foreach ((string name, Tensor value) in ((string, Tensor)[])[("whole", whole), ("scalar", scalar), ("none", none)])
        {
            Tensor expected = value.to(wanted);
            Tensor read = checkpoint.Read(name, wanted);
            Tensor filled = torch.zeros(value.shape, wanted), spread = torch.zeros([.. value.shape, 2], wanted).select(-1, 1);
            checkpoint.ReadInto(name, filled);
            checkpoint.ReadInto(name, spread);
            foreach (Tensor given in (Tensor[])[read, filled, spread])
            {
                Assert.Equal((wanted, expected.shape.Length), (given.dtype, given.shape.Length));
                Assert.True(expected.eq(given).all().item<bool>(), name);
            }
            read.Dispose();
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Rows_of_int8_get_their_own_scale(ScalarType wanted)
    {
        Tensor rows = torch.randint(-128, 128, [1301, 1000]).to(ScalarType.Int8), scales = torch.rand(1301, 1);
        using HuggingFaceCheckpoint checkpoint = Write(("w", rows), ("w_scale", scales), ("one", rows), ("one_scale", torch.tensor(0.5f).view(1)), ("columns", rows), ("columns_scale", torch.arange(1000, dtype: ScalarType.Float32)));
        Tensor read = checkpoint.Read("w", wanted), one = checkpoint.Read("one", wanted), columns = checkpoint.Read("columns", wanted);
        Assert.True(rows.to(ScalarType.Float32).mul(scales).to(wanted).eq(read).all().item<bool>());
        Assert.True(rows.to(ScalarType.Float32).mul(0.5).to(wanted).eq(one).all().item<bool>());
        Assert.True(rows.to(ScalarType.Float32).mul(torch.arange(1000, dtype: ScalarType.Float32)).to(wanted).eq(columns).all().item<bool>());
        foreach (Tensor given in (Tensor[])[read, one, columns]) given.Dispose();
    }

    /// <summary>Resident memory at its peak: what is loaded, and little more. A copy of a tensor in the file's type would be 64 MB.</summary>
    [LinuxTheory]
    [InlineData(ScalarType.BFloat16, false)]
    [InlineData(ScalarType.Float32, false)]
    [InlineData(ScalarType.BFloat16, true)]
    [InlineData(ScalarType.Float32, true)]
    public void Loading_needs_the_memory_of_the_result(ScalarType stored, bool intoParameter)
    {
        const long Elements = 32L << 20, Bytes = Elements * sizeof(float), Slack = 24L << 20;
        using (torch.NewDisposeScope()) WriteFile(("w", torch.zeros(Elements / 1024, 1024, dtype: stored)));
        using HuggingFaceCheckpoint checkpoint = HuggingFaceCheckpoint.Open(_folder.File("model.safetensors"));
        using Tensor target = intoParameter ? torch.zeros(Elements / 1024, 1024) : torch.zeros(1);
        long before = ResetPeak();
        if (intoParameter) checkpoint.ReadInto("w", target);
        else checkpoint.Read("w", ScalarType.Float32).Dispose();
        Assert.InRange(Status("VmHWM") - before, 0, (intoParameter ? 0 : Bytes) + Slack);
    }

    private HuggingFaceCheckpoint Write(params (string Name, Tensor Value)[] tensors)
    {
        WriteFile(tensors);
        return HuggingFaceCheckpoint.Open(_folder.File("model.safetensors"));
    }

    private void WriteFile(params (string Name, Tensor Value)[] tensors) =>
        SafetensorsWriter.Write(_folder.File("model.safetensors"), tensors.Select(t => KeyValuePair.Create(t.Name, t.Value)));

    /// <summary>Sets the peak of resident memory to what is resident now, and gives that.</summary>
    private static long ResetPeak()
    {
        File.WriteAllText("/proc/self/clear_refs", "5");
        return Status("VmHWM");
    }

    private static long Status(string field) => long.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith(field, StringComparison.Ordinal)).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) * 1024;
}
