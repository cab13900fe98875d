using System.Text;
using System.Text.Json.Nodes;
using AdaLoRA.Gen.Conformance.Folders;
using AdaLoRA.Gen.Conformance.Traces;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Conformance.Tests.Regressions;

/// <summary>Folders in which nothing is compared, or part of what was recorded is not, and which pass all the same.</summary>
public sealed class ChecksThatCannotFailTests
{
    /// <summary>A recorded output that the program does not know (misspelt, or without its input) vanishes without a line.</summary>
    [Theory]
    [InlineData("conv", "out.logits", "out.logitz")]
    [InlineData("gpt2", "in.labels", "in.labelz")]
    public void A_recorded_output_that_is_not_compared_is_no_success(string model, string key, string now)
    {
        using var folder = new TemporaryFolder();
        Copy(Fixtures.Path("hf", model), folder.File(model));
        Rename(folder.File(model + "/io.safetensors"), key, now);
        var results = HfCommand.Run(folder.Path).ToList();
        Assert.Contains(results, r => !r.Ok);
    }

    /// <summary>The hidden states that every model of fixtures/hf records.</summary>
    [Fact]
    public void Recorded_hidden_states_are_compared()
    {
        using var folder = new TemporaryFolder();
        Copy(Fixtures.Path("hf", "bert"), folder.File("bert"));
        TensorPatch.Apply(folder.File("bert/io.safetensors"), "out.hidden.2", 5, v => v + 1);
        Assert.Contains(HfCommand.Run(folder.Path), r => !r.Ok);
    }

    /// <summary>A trace of plain LoRA that recorded nothing.</summary>
    [Fact]
    public void A_trace_that_recorded_nothing_is_no_success()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Fixtures.Path("traces", "net.safetensors"), folder.File("net.safetensors"));
        var json = (JsonObject)JsonNode.Parse(File.ReadAllText(Fixtures.Path("traces", "lora_adamw.json")))!;
        foreach (var step in (JsonArray)json["steps"]!) foreach (string name in ((JsonObject)step!).Select(f => f.Key).Where(k => k != "t").ToList()) ((JsonObject)step!).Remove(name);
        File.WriteAllText(folder.File("lora.json"), json.ToJsonString());
        using (var file = SafetensorsFile.Open(Fixtures.Path("traces", "lora_adamw.safetensors")))
        {
            SafetensorsWriter.Write(folder.File("lora.safetensors"), file.Names.Where(n => !n.StartsWith("step", StringComparison.Ordinal)).Select(n => KeyValuePair.Create(n, file.Read(n))));
        }
        Assert.Contains(TracesCommand.Run(folder.Path), r => !r.Ok);
    }

    private static void Rename(string path, string key, string now)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int at = bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes($"\"{key}\""));
        Encoding.UTF8.GetBytes($"\"{now}\"").CopyTo(bytes, at);
        File.WriteAllBytes(path, bytes);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
