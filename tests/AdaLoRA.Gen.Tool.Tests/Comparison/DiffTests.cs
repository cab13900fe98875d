using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tool.Commands;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tool.Tests.Comparison;

/// <summary>What differs, and by how much.</summary>
public sealed class DiffTests
{
    [Fact]
    public async Task The_same_bytes_are_said_to_be_the_same()
    {
        var said = (await Adalora.Run("diff", Fixtures.Path("peft", "bert_adalora_pruned"), Fixtures.Path("peft", "bert_adalora_pruned"), "--json")).Done().Json;
        Assert.True(said["same"]!.GetValue<bool>());
        Assert.True(said["identical_bytes"]!.GetValue<bool>());
        Assert.Equal(0, said["relative_change"]!.GetValue<double>());
    }

    [Fact]
    public async Task Ranks_targets_and_changes_are_torchs()
    {
        using var scope = NewDisposeScope();
        string[] names = ["bert_adalora_pruned", "bert_adalora_unpruned"];
        var said = await Adalora.Run("diff", Fixtures.Path("peft", names[0]), Fixtures.Path("peft", names[1]), "--json");
        Assert.Equal(ExitCodes.Found, said.ExitCode);
        var tensors = names.Select(n => Fixtures.Tensors("peft", n, PeftKeys.TensorFile)).ToArray();
        Assert.Equal(["bert.encoder.layer.0.attention.self.key", "bert.encoder.layer.1.attention.self.key"], said.Json["only_in_a"]!.AsArray().Select(p => p!.GetValue<string>()));
        foreach (var target in said.Json["targets"]!.AsArray())
        {
            Tensor[] deltas = [.. tensors.Select(t => Delta(t, PeftKeys.Prefix + target!["path"]))];
            double expected = ((deltas[0] - deltas[1]).pow(2).sum().sqrt() / deltas[0].pow(2).sum().sqrt()).item<double>();
            Assert.Equal(expected, target!["relative_change"]!.GetValue<double>(), 1e-12 * Math.Max(1, expected));
            Assert.Equal((deltas[0].mul(deltas[1]).sum() / (deltas[0].pow(2).sum() * deltas[1].pow(2).sum()).sqrt()).item<double>(), target["cosine"]!.GetValue<double>(), 1e-12);
        }
        Assert.Contains(said.Json["config"]!.AsArray(), f => f!["field"]!.GetValue<string>() == "rank_pattern");
    }

    [Fact]
    public async Task Targets_of_one_alone_are_three_names_and_a_count()
    {
        string bert = Fixtures.Path("peft", "bert_adalora_unpruned"), llama = Fixtures.Path("peft", "llama_adalora_pruned");
        int others = (await Adalora.Run("diff", bert, llama, "--json")).Json["only_in_a"]!.AsArray().Count;
        Assert.True(others > 3);
        string[] lines = [.. (await Adalora.Run("diff", bert, llama)).Output.Split('\n').Where(l => l.StartsWith("only in a: ", StringComparison.Ordinal))];
        Assert.Equal((4, $"only in a: … and {others - 3} more"), (lines.Length, lines[^1]));
    }

    /// <summary>‖a‖² + ‖b‖² − 2⟨a, b⟩ would say 0 or noise here: half of the digits are lost.</summary>
    [Theory]
    [InlineData(1e-6)]
    [InlineData(1e-9)]
    public async Task A_small_change_keeps_its_digits(double change)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string[] paths = [folder.File("a"), folder.File("b")];
        Tensor a = randn([2, 30], dtype: ScalarType.Float64), b = randn([20, 2], dtype: ScalarType.Float64), moved = a.clone();
        moved[1, 5] *= 1 + change;
        for (int i = 0; i < 2; i++)
        {
            PlainFolder.Write(paths[i], "layer", 30, 20, embedding: false);
            SafetensorsWriter.Write(Path.Combine(paths[i], PeftKeys.TensorFile), [KeyValuePair.Create("base_model.model.layer.lora_A.weight", i == 0 ? a : moved), KeyValuePair.Create("base_model.model.layer.lora_B.weight", b)]);
        }
        double expected = (b.mm(a - moved).pow(2).sum().sqrt() / b.mm(a).pow(2).sum().sqrt()).item<double>();
        var said = await Adalora.Run("diff", paths[0], paths[1], "--json");
        Assert.Equal(ExitCodes.Found, said.ExitCode);
        Assert.Equal(1, said.Json["relative_change"]!.GetValue<double>() / expected, 1e-6);
        Assert.Equal(ExitCodes.Fine, (await Adalora.Run("diff", paths[0], paths[1], "--tolerance", "1e-3")).ExitCode);
    }

    /// <summary>Its plain LoRA is the same update, however it is written.</summary>
    [Fact]
    public async Task An_export_is_the_same_update()
    {
        using var folder = new TemporaryFolder();
        (await Adalora.Run("export", Fixtures.Path("peft", "llama_adalora_pruned"), "--to", "lora", "-o", folder.File("lora"))).Done();
        var said = await Adalora.Run("diff", Fixtures.Path("peft", "llama_adalora_pruned"), folder.File("lora"), "--json");
        Assert.Equal(ExitCodes.Found, said.ExitCode);
        Assert.InRange(said.Json["relative_change"]!.GetValue<double>(), 1e-12, 1e-6);
    }

    [Fact]
    public async Task A_list_in_another_order_is_no_difference_but_another_head_is()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string from = Fixtures.Path("peft", "bert_adalora_pruned"), to = Directory.CreateDirectory(folder.File("b")).FullName;
        File.Copy(Path.Combine(from, PeftKeys.TensorFile), Path.Combine(to, PeftKeys.TensorFile));
        var config = PeftConfig.Read(from);
        config.Set("target_modules", new System.Text.Json.Nodes.JsonArray([.. config.Get("target_modules")!.AsArray().Reverse().Select(n => n!.DeepClone())]));
        config.Write(to);
        var said = (await Adalora.Run("diff", from, to, "--json")).Done().Json;
        Assert.False(said["identical_bytes"]!.GetValue<bool>());

        var tensors = Fixtures.Tensors("peft", "bert_adalora_pruned", PeftKeys.TensorFile);
        tensors["base_model.model.classifier.bias"] = tensors["base_model.model.classifier.bias"] + 1;
        SafetensorsWriter.Write(Path.Combine(to, PeftKeys.TensorFile), tensors);
        var other = await Adalora.Run("diff", from, to, "--json");
        Assert.Equal(ExitCodes.Found, other.ExitCode);
        Assert.Equal("classifier.bias", other.Json["modules"]!.AsArray().Single()!["name"]!.GetValue<string>());
    }

    private static Tensor Delta(Dictionary<string, Tensor> tensors, string path) =>
        tensors[path + ".lora_B"].to(ScalarType.Float64).mm(tensors[path + ".lora_A"].to(ScalarType.Float64) * tensors[path + ".lora_E"].to(ScalarType.Float64)) * (9 / (6 + 1e-5));
}
