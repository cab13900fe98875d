using System.Buffers.Binary;
using System.Text.Json.Nodes;
using AdaLoRA.Gen.Conformance.Folders;
using AdaLoRA.Gen.Conformance.Traces;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Conformance.Tests.Regressions;

/// <summary>One case that cannot be computed must fail by itself; the other cases of the folder have their lines.</summary>
public sealed class OneBadFolderTests
{
    [Fact]
    public void A_model_whose_inputs_do_not_fit_fails_alone()
    {
        using var folder = new TemporaryFolder();
        foreach (string model in (string[])["bert", "gpt2"])
        {
            Directory.CreateDirectory(folder.File(model));
            foreach (string file in Directory.GetFiles(Fixtures.Path("hf", model))) File.Copy(file, Path.Combine(folder.File(model), Path.GetFileName(file)));
        }
        string io = folder.File("bert/io.safetensors");
        byte[] bytes = File.ReadAllBytes(io);
        long begin;
        using (var file = SafetensorsFile.Open(io)) begin = file.Entries["in.input_ids"].Begin;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan((int)(8 + (long)BinaryPrimitives.ReadUInt64LittleEndian(bytes) + begin)), 100_000);
        File.WriteAllBytes(io, bytes);
        var results = HfCommand.Run(folder.Path).ToList();
        Assert.Contains(results, r => !r.Ok && r.Name.StartsWith("bert", StringComparison.Ordinal));
        Assert.Contains(results, r => r.Ok && r.Name.StartsWith("gpt2", StringComparison.Ordinal));
    }

    /// <summary>Python writes None where nothing is clipped.</summary>
    [Fact]
    public void Null_is_what_a_missing_field_is()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Fixtures.Path("traces", "net.safetensors"), folder.File("net.safetensors"));
        File.Copy(Fixtures.Path("traces", "peft_adamw.safetensors"), folder.File("t.safetensors"));
        var json = (JsonObject)JsonNode.Parse(File.ReadAllText(Fixtures.Path("traces", "peft_adamw.json")))!;
        (json["clip_grad_norm"], json["micro_batches"]) = (null, null);
        File.WriteAllText(folder.File("t.json"), json.ToJsonString());
        Assert.All(TracesCommand.Run(folder.Path), r => Assert.True(r.Ok, r.Detail));
    }

    [Theory]
    [InlineData("matrices", "[1, 2]")]
    [InlineData("steps", "[1, 2]")]
    [InlineData("optimizer", "{\"kind\": \"adamw\", \"lr\": 0.1, \"betas\": [\"a\", 1]}")]
    [InlineData("total_step", "61")]
    [InlineData("micro_batches", "0")]
    [InlineData("micro_batches", "-1")]
    [InlineData("init_r", "7")]
    [InlineData("tfinal", "60")]
    [InlineData("tfinal", "0")]
    [InlineData("deltaT", "0")]
    public void A_trace_with_one_wrong_field_fails_with_a_sentence(string field, string value)
    {
        using var folder = new TemporaryFolder();
        File.Copy(Fixtures.Path("traces", "net.safetensors"), folder.File("net.safetensors"));
        File.Copy(Fixtures.Path("traces", "peft_adamw.safetensors"), folder.File("t.safetensors"));
        var json = (JsonObject)JsonNode.Parse(File.ReadAllText(Fixtures.Path("traces", "peft_adamw.json")))!;
        json[field] = JsonNode.Parse(value);
        File.WriteAllText(folder.File("t.json"), json.ToJsonString());
        Assert.All(TracesCommand.Run(folder.Path), r => Assert.False(r.Ok));
    }
}
