using AdaLoRA.Gen.Conformance.Folders;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tool.Commands;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tool.Tests.Exporting;

/// <summary>What the tool exports without a model and without libtorch is, byte for byte, what the run time exports with both.</summary>
public sealed class ExportTests
{
    [Theory]
    [MemberData(nameof(Merging.MergeTests.Adapters), MemberType = typeof(Merging.MergeTests))]
    public async Task Plain_LoRA_is_the_run_times_byte_for_byte(string adapter, string model)
    {
        using var folder = new TemporaryFolder();
        using (var golden = GoldenModel.Open(Fixtures.Path("hf", model))) AdapterSet.Load(golden.Module, Fixtures.Path("peft", adapter)).SaveAsLoRA(folder.File("theirs"));
        (await Adalora.Run("export", Fixtures.Path("peft", adapter), "--to", "lora", "--base", Fixtures.Path("hf", model), "-o", folder.File("ours"))).Done();
        SameFiles(folder.File("theirs"), folder.File("ours"));
        if (model == "conv") return;
        // Without a base every layer is taken for Linear, which all of these are.
        var said = (await Adalora.Run("export", Fixtures.Path("peft", adapter), "--to", "lora", "-o", folder.File("alone"))).Done();
        Assert.Equal(adapter.Contains("adalora", StringComparison.Ordinal), said.Output.Contains("--base", StringComparison.Ordinal));
        SameFiles(folder.File("theirs"), folder.File("alone"));
    }

    [Theory]
    [InlineData("llama_adalora_pruned")]
    [InlineData("llama_lora_rslora")]
    public async Task Gguf_is_the_run_times_byte_for_byte(string adapter)
    {
        using var folder = new TemporaryFolder();
        using (var golden = GoldenModel.Open(Fixtures.Path("hf", "llama"))) AdapterSet.Load(golden.Module, Fixtures.Path("peft", adapter)).SaveAsGguf(folder.File("theirs.gguf"), new LlamaHeads(4, 2), "tiny");
        (await Adalora.Run("export", Fixtures.Path("peft", adapter), "--to", "gguf", "--base", Fixtures.Path("hf", "llama"), "-o", folder.File("ours.gguf"), "--name", "tiny")).Done();
        (await Adalora.Run("export", Fixtures.Path("peft", adapter), "--to", "gguf", "--heads", "4", "--kv-heads", "2", "-o", folder.File("alone.gguf"), "--name", "tiny")).Done();
        byte[] expected = File.ReadAllBytes(folder.File("theirs.gguf"));
        Assert.Equal(expected, File.ReadAllBytes(folder.File("ours.gguf")));
        Assert.Equal(expected, File.ReadAllBytes(folder.File("alone.gguf")));
    }

    [Fact]
    public async Task Merged_is_what_merge_writes()
    {
        using var folder = new TemporaryFolder();
        string[] rest = ["--base", Fixtures.Path("hf", "llama")];
        (await Adalora.Run(["merge", Fixtures.Path("peft", "llama_lora_rslora"), "-o", folder.File("a"), .. rest])).Done();
        (await Adalora.Run(["export", Fixtures.Path("peft", "llama_lora_rslora"), "--to", "merged", "-o", folder.File("b"), .. rest])).Done();
        SameFiles(folder.File("a"), folder.File("b"));
    }

    [Theory]
    [InlineData("gguf", "llama_lora_rslora", "give --heads and --kv-heads")]
    [InlineData("gguf", "bert_adalora_pruned", "give --heads and --kv-heads")]
    public async Task What_is_missing_is_one_sentence(string to, string adapter, string part)
    {
        using var folder = new TemporaryFolder();
        var said = await Adalora.Run("export", Fixtures.Path("peft", adapter), "--to", to, "-o", folder.File("x"));
        Assert.Equal(ExitCodes.Failed, said.ExitCode);
        Assert.Contains(part, said.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task A_head_trained_in_full_is_no_gguf_adapter()
    {
        using var folder = new TemporaryFolder();
        var said = await Adalora.Run("export", Fixtures.Path("peft", "bert_adalora_pruned"), "--to", "gguf", "--heads", "2", "-o", folder.File("x.gguf"));
        Assert.Equal(ExitCodes.Failed, said.ExitCode);
        Assert.Contains("was trained in full, which a GGUF adapter cannot hold", said.Error, StringComparison.Ordinal);
    }

    /// <summary>A filter bank of a grouped convolution stands once for every group: the factors of one are read, and written back as they came.</summary>
    [Fact]
    public async Task A_grouped_convolution_goes_through()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var folder = new TemporaryFolder();
        using var net = new GroupedNet();
        var set = AdapterSet.Attach(net, new AdaLoRAOptions { Method = AdapterMethod.LoRA, InitialRank = 3, Targets = ["conv"] });
        set.Adapters[0].lora_B.normal_();
        set.Save(folder.File("adapter"));
        set.SaveAsLoRA(folder.File("theirs"));
        (await Adalora.Run("export", folder.File("adapter"), "--to", "lora", "-o", folder.File("ours"))).Done();
        SameFiles(folder.File("theirs"), folder.File("ours"));
        Directory.CreateDirectory(folder.File("base"));
        SafetensorsWriter.Write(folder.File("base/model.safetensors"), net.named_parameters().Where(p => p.name.StartsWith("conv.", StringComparison.Ordinal)).Select(p => KeyValuePair.Create(p.name, (Tensor)p.parameter)));
        (await Adalora.Run("merge", folder.File("adapter"), "--base", folder.File("base"), "-o", folder.File("merged"))).Done();
        set.Merge();
        using var merged = SafetensorsFile.Open(folder.File("merged/model.safetensors"));
        TensorAssert.Close(net.get_parameter("conv.weight")!, merged.Read("conv.weight"), 1e-6);
    }

    private static void SameFiles(string expected, string actual)
    {
        Assert.Equal(Directory.GetFiles(expected).Select(Path.GetFileName).Order(), Directory.GetFiles(actual).Select(Path.GetFileName).Order());
        foreach (string file in Directory.GetFiles(expected))
        {
            if (file.EndsWith(".json", StringComparison.Ordinal)) Assert.Equal(File.ReadAllText(file), File.ReadAllText(Path.Combine(actual, Path.GetFileName(file))));
            else Assert.True(File.ReadAllBytes(file).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(actual, Path.GetFileName(file)))), Path.GetFileName(file));
        }
    }
}

/// <summary>One convolution of two groups.</summary>
internal sealed class GroupedNet : nn.Module<Tensor, Tensor>
{
    private readonly TorchSharp.Modules.Conv2d conv = nn.Conv2d(6, 4, 3, groups: 2);

    public GroupedNet() : base(nameof(GroupedNet)) => RegisterComponents();

    public override Tensor forward(Tensor x) => conv.call(x);
}
