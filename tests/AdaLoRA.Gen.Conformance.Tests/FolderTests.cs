using AdaLoRA.Gen.Conformance.Folders;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Conformance.Tests;

/// <summary>The models of Hugging Face and the adapters of PEFT, through the program's own checks.</summary>
public sealed class FolderTests
{
    [Fact]
    public void Every_supported_model_gives_hugging_faces_numbers()
    {
        var results = HfCommand.Run(Fixtures.Path("hf")).ToList();
        Assert.All(results, r => Assert.True(r.Ok, CaseText.Line(r)));
        Assert.Equal(["distilbert"], results.Where(r => r.Unsupported).Select(r => r.Name));
        Assert.Equal(28, results.Count(r => !r.Unsupported));
        Assert.All(results.Where(r => !r.Unsupported), r => Assert.NotEmpty(r.At));
    }

    [Fact]
    public void Every_adapter_of_peft_lives_through_everything()
    {
        var results = PeftCommand.Run(Fixtures.Path("peft"), Fixtures.Path("hf")).ToList();
        Assert.All(results, r => Assert.True(r.Ok && !r.Unsupported, CaseText.Line(r)));
        Assert.Equal(7 * 7, results.Count);
    }

    /// <summary>One changed number in what PEFT recorded is found, and named.</summary>
    [Theory]
    [InlineData("out.logits", "conv logits")]
    [InlineData("out.logits_merged", "conv merged")]
    [InlineData("out.logits_disabled", "conv disabled")]
    public void A_changed_number_fails_the_case_that_reads_it(string key, string name)
    {
        using var folder = new TemporaryFolder();
        Copy(Fixtures.Path("peft", "conv_adalora_pruned"), folder.File("conv"));
        TensorPatch.Apply(folder.File("conv/io.safetensors"), key, 5, v => v + 2e-5);
        var results = PeftCommand.Run(folder.Path, Fixtures.Path("hf")).ToList();
        var failed = results.First(r => !r.Ok);
        Assert.Equal(name, failed.Name);
        Assert.Equal($"{key}[1,1]", failed.At);
        Assert.InRange(failed.LargestError, 1.9e-5, 2.1e-5);
    }

    /// <summary>An adapter whose config means another scale gives other logits.</summary>
    [Fact]
    public void A_changed_config_is_found()
    {
        using var folder = new TemporaryFolder();
        Copy(Fixtures.Path("peft", "conv_adalora_pruned"), folder.File("conv"));
        string config = folder.File("conv/adapter_config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"lora_alpha\": 9", "\"lora_alpha\": 10"));
        Assert.Equal(["conv logits", "conv enabled again", "conv merged", "conv unmerged", "conv as plain LoRA"], PeftCommand.Run(folder.Path, Fixtures.Path("hf")).Where(r => !r.Ok).Select(r => r.Name));
    }

    [Fact]
    public void An_adapter_without_its_model_fails()
    {
        using var folder = new TemporaryFolder();
        Copy(Fixtures.Path("peft", "conv_adalora_pruned"), folder.File("other"));
        Assert.False(Assert.Single(PeftCommand.Run(folder.Path, Fixtures.Path("hf"))).Ok);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
