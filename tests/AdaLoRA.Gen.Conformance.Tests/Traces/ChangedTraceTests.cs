using System.Text.Json.Nodes;
using AdaLoRA.Gen.Conformance.Traces;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Conformance.Tests.Traces;

/// <summary>A trace with one changed number fails, and the place is named: the checks can fail.</summary>
public sealed class ChangedTraceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("task_loss", 10, "step10.task_loss")]
    [InlineData("orth_loss", 25, "step25.orth_loss")]
    [InlineData("budget", 9, "step9.budget")]
    public void A_changed_number_of_a_step_is_named(string field, int t, string at)
    {
        Copy("peft_adamw");
        Edit("peft_adamw", trace => trace["steps"]![t - 1]![field] = trace["steps"]![t - 1]![field]!.GetValue<double>() + (field == "budget" ? 1 : 1e-8));
        AssertFails("peft_adamw", ReplayKind.Float64, at);
    }

    [Fact]
    public void A_changed_gradient_norm_is_named()
    {
        Copy("peft_adamw_accum_clip");
        Edit("peft_adamw_accum_clip", trace => trace["steps"]![2]!["grad_norm"] = trace["steps"]![2]!["grad_norm"]!.GetValue<double>() * 1.000001);
        AssertFails("peft_adamw_accum_clip", ReplayKind.Float64, "step3.grad_norm");
    }

    [Theory]
    [InlineData("step12.blocks.0.up.lora_B")]
    [InlineData("step40.blocks.1.q.lora_A")]
    [InlineData("step38.ipt.blocks.1.down.lora_E")]
    [InlineData("step20.unc.blocks.0.v.lora_A")]
    public void A_changed_element_of_a_snapshot_is_named(string tensor)
    {
        Copy("peft_adamw");
        TensorPatch.Apply(Tensors("peft_adamw"), tensor, 1, value => value + 1e-7);
        AssertFails("peft_adamw", ReplayKind.Float64, tensor);
    }

    [Theory]
    [InlineData(nameof(ReplayKind.Float64))]
    [InlineData(nameof(ReplayKind.Float32))]
    [InlineData(nameof(ReplayKind.Float32Aten))]
    public void A_changed_lambda_is_named_whatever_replays_it(string kind)
    {
        Copy("peft_sgd");
        // [step 7][blocks.0.down][triplet 2], before anything is removed.
        TensorPatch.Apply(Tensors("peft_sgd"), "lambda", (6 * 8 + 3) * 6 + 2, value => value + 0.01);
        AssertFails("peft_sgd", Enum.Parse<ReplayKind>(kind), "lambda.step7.blocks.0.down");
    }

    [Theory]
    [InlineData(nameof(ReplayKind.Float64))]
    [InlineData(nameof(ReplayKind.Float32))]
    public void A_triplet_that_should_live_is_named_however_small_it_is(string kind)
    {
        Copy("peft_adamw");
        int place = FirstRemoved("peft_adamw", 60);
        TensorPatch.Apply(Tensors("peft_adamw"), "lambda", place, _ => 1e-30);
        var result = TraceCheck.Run(_folder.Path, "peft_adamw", Enum.Parse<ReplayKind>(kind));
        Assert.False(result.Ok);
        Assert.Matches(@"^step60\.blocks\.\d\.\w+\.pattern$", result.At);
    }

    [Theory]
    [InlineData("alpha", "13")]
    [InlineData("tinit", "9")]
    [InlineData("tfinal", "19")]
    [InlineData("deltaT", "5")]
    [InlineData("beta1", "0.84")]
    [InlineData("beta2", "0.86")]
    [InlineData("orth_reg_weight", "0.11")]
    [InlineData("target_r", "3")]
    [InlineData("micro_batches", "1")]
    [InlineData("clip_grad_norm", "0.9")]
    [InlineData("fidelity", "\"paper\"")]
    [InlineData("optimizer.lr", "0.0101")]
    [InlineData("optimizer.betas", "[0.91, 0.999]")]
    [InlineData("optimizer.betas", "[0.9, 0.998]")]
    [InlineData("optimizer.eps", "1e-6")]
    [InlineData("optimizer.weight_decay", "0.02")]
    [InlineData("optimizer.kind", "\"sgd\"")]
    public void Every_hyper_parameter_comes_from_the_file(string name, string value)
    {
        Copy("peft_adamw_accum_clip");
        Edit("peft_adamw_accum_clip", trace =>
        {
            if (name.StartsWith("optimizer.", StringComparison.Ordinal)) trace["optimizer"]![name["optimizer.".Length..]] = JsonNode.Parse(value);
            else trace[name] = JsonNode.Parse(value);
        });
        var result = TraceCheck.Run(_folder.Path, "peft_adamw_accum_clip", ReplayKind.Float64);
        Assert.False(result.Ok);
        Assert.Matches(@"^(lambda\.)?step\d+\.", result.At);
    }

    [Theory]
    [InlineData("init_r", "5", "lora_A")]
    [InlineData("total_step", "59", "records 60 steps of 59")]
    [InlineData("fidelity", "\"other\"", "must be reference, paper or lora")]
    [InlineData("micro_batches", "3", "'x3'")]
    [InlineData("optimizer", "null", "'optimizer'")]
    public void A_trace_that_describes_no_run_is_one_sentence(string name, string value, string sentence)
    {
        Copy("peft_adamw");
        Edit("peft_adamw", trace => trace[name] = JsonNode.Parse(value));
        var result = TraceCheck.Run(_folder.Path, "peft_adamw", ReplayKind.Float64);
        Assert.False(result.Ok);
        Assert.Contains(sentence, result.Detail);
    }

    [Fact]
    public void Sizes_come_from_the_tensors()
    {
        // A matrix of another size fits no recorded factor: nothing else of the folder says how large it is.
        Copy("peft_adamw");
        using var scope = TorchSharp.torch.NewDisposeScope();
        string path = _folder.File("net.safetensors");
        var net = Read(path);
        net["base.blocks.1.up.weight"] = TorchSharp.torch.zeros(40, 16, dtype: TorchSharp.torch.ScalarType.Float64);
        net["base.blocks.1.up.bias"] = TorchSharp.torch.zeros(40, dtype: TorchSharp.torch.ScalarType.Float64);
        Serialization.SafetensorsWriter.Write(path, net);
        Assert.Contains("'init.blocks.1.up.lora_B' of shape [40, 6]", TraceCheck.Run(_folder.Path, "peft_adamw", ReplayKind.Float64).Detail);
    }

    [Fact]
    public void A_recorded_tensor_of_no_step_fails()
    {
        Copy("peft_adamw");
        using var scope = TorchSharp.torch.NewDisposeScope();
        var golden = Read(Tensors("peft_adamw"));
        golden["step12.blocks.9.q.lora_A"] = TorchSharp.torch.ones(1);
        Serialization.SafetensorsWriter.Write(Tensors("peft_adamw"), golden);
        AssertFails("peft_adamw", ReplayKind.Float64, "step12.blocks.9.q.lora_A");
    }

    [Fact]
    public void The_command_fails_with_the_case_and_passes_without_it()
    {
        Copy("lora_adamw");
        var (code, text) = Command();
        Assert.Equal(0, code);
        Assert.Equal(["ok", "ok", "ok"], text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2]));
        TensorPatch.Apply(Tensors("lora_adamw"), "step10.blocks.0.q.lora_A", 0, value => value * 1.01);
        (code, text) = Command();
        Assert.Equal(1, code);
        Assert.Matches(@"lora_adamw f64 +FAIL +\S+ +step10\.blocks\.0\.q\.lora_A", text);
        Assert.Contains("""{"name":"lora_adamw f64","ok":false,"largest_error":""", Command("--json").Text);
    }

    [Fact]
    public void A_folder_of_no_traces_is_one_sentence() => Assert.Equal(1, Command().Code);

    public void Dispose() => _folder.Dispose();

    private (int Code, string Text) Command(params string[] more)
    {
        var output = new StringWriter();
        return (ConformanceProgram.Run(["traces", _folder.Path, .. more], output), output.ToString());
    }

    private string Tensors(string name) => _folder.File(name + ".safetensors");

    private static Dictionary<string, TorchSharp.torch.Tensor> Read(string path)
    {
        using var file = Serialization.SafetensorsFile.Open(path);
        return file.Names.ToDictionary(n => n, n => file.Read(n));
    }

    private void Copy(string name)
    {
        foreach (string file in (string[])["net.safetensors", name + ".json", name + ".safetensors"]) File.Copy(Fixtures.Path("traces", file), _folder.File(file));
    }

    private void Edit(string name, Action<JsonNode> edit)
    {
        var trace = JsonNode.Parse(File.ReadAllText(_folder.File(name + ".json")))!;
        edit(trace);
        File.WriteAllText(_folder.File(name + ".json"), trace.ToJsonString());
    }

    /// <summary>Place in <c>lambda</c> of the first triplet that is removed after a step.</summary>
    private int FirstRemoved(string name, int t)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        double[] step = Read(Tensors(name))["lambda"][t - 1].reshape(-1).data<double>().ToArray();
        return (t - 1) * step.Length + Array.IndexOf(step, 0);
    }

    private void AssertFails(string name, ReplayKind kind, string at)
    {
        var result = TraceCheck.Run(_folder.Path, name, kind);
        Assert.Equal((false, at), (result.Ok, result.At));
    }
}
