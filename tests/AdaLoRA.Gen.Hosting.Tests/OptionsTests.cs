using AdaLoRA.Gen.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace AdaLoRA.Gen.Hosting.Tests;

public class OptionsTests
{
    private const string Section = "AdaLoRA:TinyModel:";

    [Fact]
    public void Attribute_then_configuration_then_delegates()
    {
        var options = Options(
            new() { ["BatchSize"] = "7", ["LearningRate"] = "0.5", ["Adapter:Budget"] = "3", ["Adapter:InitialRank"] = "2", ["TrainableLearningRate"] = "1e-4", ["Schedule"] = "cosine_with_restarts" },
            o => (o.LearningRate, o.Adapter.InitialRank) = (0.25, 1));
        Assert.Equal(5, options.Adapter.Interval);          // attribute
        Assert.Equal(0.1, options.Adapter.Dropout);         // attribute
        Assert.Equal(3, options.Adapter.Budget);            // configuration over attribute
        Assert.Equal(7, options.BatchSize);                 // configuration over initialiser
        Assert.Equal(1e-4, options.TrainableLearningRate);
        Assert.Equal(ScheduleKind.CosineWithRestarts, options.Schedule);
        Assert.Equal(0.25, options.LearningRate);           // delegate over configuration
        Assert.Equal(1, options.Adapter.InitialRank);       // delegate over configuration over attribute
        Assert.Equal(32, new TrainingOptions().BatchSize);
        Assert.Equal(4, TinyModel.Plan.CreateOptions().Budget);
    }

    [Fact]
    public void A_list_in_configuration_replaces_the_attributes()
    {
        Assert.Equal(["second"], Options(new() { ["Adapter:Targets:0"] = "second" }).Adapter.Targets);
        Assert.Equal(["head", "second"], Options(new() { ["Adapter:Targets"] = "head; second" }).Adapter.Targets);
        Assert.Equal(TinyModel.Targets, Options([]).Adapter.Targets);
    }

    [Fact]
    public void The_values_of_optimizer_and_adapters_come_from_arguments_too()
    {
        var root = new ConfigurationBuilder().AddTrainingArguments<TinyModel>(
            ["--decay-lambda", "false", "--trainable-weight-decay", "0.01", "--lora-plus-ratio", "16", "--score", "signal_to_noise", "--budget-unit", "parameters", "--rank-limits", "first: 1..3; second: ..2", "--bias", "all", "--compact", "--keep-checkpoints", "5"]).Build();
        var options = Options(root.AsEnumerable().Where(v => v.Value is not null).ToDictionary(v => v.Key[Section.Length..], v => v.Value));
        Assert.Equal((false, 0.01, 16, 5), (options.DecayLambda, options.TrainableWeightDecay, options.LoraPlusRatio, options.KeepCheckpoints));
        var adapter = options.Adapter;
        Assert.Equal((ImportanceScore.SignalToNoise, BudgetUnit.Parameters, BiasTraining.All, true), (adapter.Score, adapter.BudgetUnit, adapter.Bias, adapter.Compact));
        Assert.Equal(["first: 1..3", "second: ..2"], adapter.RankLimits);
        var optimizer = TrainingOptionsRules.OptimizerValues(options);
        Assert.Equal((false, 0.01, 16), (optimizer.DecayLambda, optimizer.TrainableWeightDecay, optimizer.LoraPlusRatio));
    }

    [Fact]
    public void A_checkpoint_records_what_changes_the_result_and_nothing_else()
    {
        var record = OptionsRecord.Of(new TrainingOptions());
        Assert.All(["DecayLambda", "TrainableWeightDecay", "LoraPlusRatio", "Adapter:Score", "Adapter:BudgetUnit", "Adapter:RankLimits", "Adapter:Bias", "Adapter:Compact", "Precision"], name => Assert.True(record.ContainsKey(name), name));
        Assert.All(["KeepCheckpoints", "Prefetch", "Device"], name => Assert.False(record.ContainsKey(name), name));
    }

    [Fact]
    public async Task The_host_reports_all_failures_at_once_when_it_starts()
    {
        using var host = Host(new()
        {
            ["Steps"] = "ten",
            ["BatchSize"] = "0",
            ["LearnignRate"] = "0.1",
            ["Schedule"] = "sinus",
            ["Adapter:Bugdet"] = "5",
            ["Budget"] = "5",
            ["Adapter:Beta1"] = "2",
        }).Build();
        var e = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        string[] expected =
        [
            "AdaLoRA:TinyModel: Steps is 'ten'; it must be a whole number.",
            "AdaLoRA:TinyModel: BatchSize is 0; it must be at least 1.",
            "AdaLoRA:TinyModel: 'LearnignRate' is not an option; did you mean 'LearningRate'?",
            "AdaLoRA:TinyModel: Schedule is 'sinus'; it must be one of Constant, ConstantWithWarmup, Linear, Cosine, CosineWithRestarts, Polynomial, InverseSqrt.",
            "AdaLoRA:TinyModel: 'Adapter:Bugdet' is not an option; did you mean 'Adapter:Budget'?",
            "AdaLoRA:TinyModel: 'Budget' is not an option; did you mean 'Adapter:Budget'?",
            "AdaLoRA:TinyModel: Adapter: Beta1 is 2; it must lie between 0 and 1, both excluded.",
        ];
        Assert.Equal(expected.Order(), e.Failures.Order());
    }

    [Theory]
    [InlineData("Epochs", "0", "Epochs is 0 and Steps is 0")]
    [InlineData("Steps", "-1", "Steps is -1")]
    [InlineData("GradientAccumulation", "0", "GradientAccumulation is 0")]
    [InlineData("LearningRate", "-1", "LearningRate is -1")]
    [InlineData("LearningRate", "NaN", "LearningRate is NaN")]
    [InlineData("TrainableLearningRate", "-1", "TrainableLearningRate is -1")]
    [InlineData("WeightDecay", "-1", "WeightDecay is -1")]
    [InlineData("MaxGradNorm", "-1", "MaxGradNorm is -1")]
    [InlineData("Optimizer", "lion", "Optimizer is 'lion'; it must be one of AdamW, Sgd")]
    [InlineData("Warmup", "1.5", "Warmup is 1.5")]
    [InlineData("Warmup", "-0.5", "Warmup is -0.5")]
    [InlineData("ScheduleCycles", "0", "ScheduleCycles is 0")]
    [InlineData("SchedulePower", "0", "SchedulePower is 0")]
    [InlineData("ScheduleEnd", "-1", "ScheduleEnd is -1")]
    [InlineData("EvaluateEvery", "-1", "EvaluateEvery is -1")]
    [InlineData("CheckpointEvery", "-1", "CheckpointEvery is -1")]
    [InlineData("KeepCheckpoints", "0", "KeepCheckpoints is 0; it must be at least 1")]
    [InlineData("LoraPlusRatio", "0", "LoraPlusRatio is 0")]
    [InlineData("TrainableWeightDecay", "-1", "TrainableWeightDecay is -1")]
    [InlineData("DecayLambda", "maybe", "DecayLambda is 'maybe'; it must be true or false")]
    [InlineData("Adapter:Score", "entropy", "Adapter:Score is 'entropy'; it must be one of Product, Sensitivity, Magnitude, SignalToNoise")]
    [InlineData("Adapter:BudgetUnit", "bytes", "Adapter:BudgetUnit is 'bytes'; it must be one of Triplets, Parameters")]
    [InlineData("Adapter:RankLimits", "first 2..3", "Adapter: RankLimits holds 'first 2..3'")]
    [InlineData("Adapter:Bias", "some", "Adapter:Bias is 'some'; it must be one of None, All, AdapterOnly")]
    [InlineData("Adapter:Compact", "2", "Adapter:Compact is '2'; it must be true or false")]
    [InlineData("LogEvery", "0", "LogEvery is 0")]
    [InlineData("Threads", "-1", "Threads is -1")]
    [InlineData("OutputFolder", " ", "OutputFolder is empty")]
    [InlineData("Device", "tpu", "Device is 'tpu'")]
    [InlineData("Device", "cuda:x", "Device is 'cuda:x'; it must be \"auto\", \"cpu\", \"cuda\" or \"cuda:1\"")]
    [InlineData("Precision", "fp8", "Precision is 'fp8'; it must be one of Fp32, Bf16")]
    [InlineData("Prefetch", "-1", "Prefetch is -1")]
    [InlineData("Resume", "perhaps", "Resume is 'perhaps'; it must be true or false")]
    [InlineData("Progress", "1", "Progress is '1'; it must be one of Auto, Plain, Off")]
    [InlineData("BatchSize:Inner", "1", "BatchSize is a section; it must be a single value")]
    [InlineData("Adapter:Budget", "0", "Adapter: Budget is 0")]
    public void A_bad_value_is_one_sentence(string key, string value, string sentence)
    {
        var e = Assert.Throws<OptionsValidationException>(() => Options(new() { [key] = value }));
        Assert.StartsWith("AdaLoRA:TinyModel: " + sentence, Assert.Single(e.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public void Phases_that_do_not_fit_the_steps_are_found_before_a_model_is_loaded()
    {
        var e = Assert.Throws<OptionsValidationException>(() => Options(new() { ["Steps"] = "100", ["Adapter:InitialWarmup"] = "60", ["Adapter:FinalWarmup"] = "50" }));
        Assert.Contains("no budgeting phase", Assert.Single(e.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public void A_section_of_ones_own()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("mine:Steps", "12")]).Build();
        var services = new ServiceCollection();
        services.AddAdaLoRA<TinyModel>(configuration.GetSection("mine"));
        using var provider = services.BuildServiceProvider();
        Assert.Equal(12, provider.GetRequiredService<IOptionsMonitor<TrainingOptions>>().Get("TinyModel").Steps);
    }

    [Fact]
    public void Short_arguments_become_configuration()
    {
        var root = new ConfigurationBuilder().AddTrainingArguments<TinyModel>(["--steps", "60", "--learning-rate=0.3", "--budget", "9", "--resume", "--adapter:seed", "4", "--keepbest", "false", "--Logging:LogLevel:Default", "Debug"]).Build();
        Assert.Equal("60", root[Section + "Steps"]);
        Assert.Equal("0.3", root[Section + "LearningRate"]);
        Assert.Equal("9", root[Section + "Adapter:Budget"]);
        Assert.Equal("true", root[Section + "Resume"]);
        Assert.Equal("4", root[Section + "Adapter:Seed"]);
        Assert.Equal("false", root[Section + "KeepBest"]);
        Assert.Equal("Debug", root["Logging:LogLevel:Default"]);
    }

    [Theory]
    [InlineData("--stesp 5", "--stesp is not an option; did you mean 'Steps'?")]
    [InlineData("--steps", "--steps lacks its value; write --steps value.")]
    [InlineData("steps 5", "'steps' is no option; options are written --name value.")]
    [InlineData("--wildlywrong 5", "--wildlywrong is not an option; see TrainingOptions for the names, and AdaLoRAOptions for those below 'Adapter'.")]
    public void A_bad_argument_is_one_sentence(string line, string sentence) =>
        Assert.Equal(sentence, Assert.Throws<AdaLoRAException>(() => new ConfigurationBuilder().AddTrainingArguments<TinyModel>(line.Split(' '))).Message);

    [Fact]
    public void Every_option_can_be_written_and_read_back()
    {
        var options = new TrainingOptions();
        foreach (string path in OptionsTable.Paths)
        {
            string before = OptionsTable.Read(options, path);
            if (OptionsTable.IsList(path)) OptionsTable.WriteList(options, path, ["x"]);
            else Assert.Null(OptionsTable.Write(options, path, before));
            Assert.Equal(OptionsTable.IsList(path) ? "x" : before, OptionsTable.Read(options, path));
        }
    }

    private static TrainingOptions Options(Dictionary<string, string?> values, Action<TrainingOptions>? configure = null)
    {
        using var host = Host(values, configure).Build();
        return host.Services.GetRequiredService<IOptionsMonitor<TrainingOptions>>().Get("TinyModel");
    }

    private static HostApplicationBuilder Host(Dictionary<string, string?> values, Action<TrainingOptions>? configure = null)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(values.Select(v => KeyValuePair.Create(Section + v.Key, v.Value)));
        builder.Services.AddAdaLoRA<TinyModel>(configure).UseTask<TinyTask>();
        return builder;
    }
}
