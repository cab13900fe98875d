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
            "AdaLoRA:TinyModel:Steps is 'ten'; it must be a whole number up to 2147483647: at least 1, or 0 to let Epochs decide.",
            "AdaLoRA:TinyModel:BatchSize is 0; it must be at least 1.",
            "AdaLoRA:TinyModel:LearnignRate is not an option; did you mean 'LearningRate'?",
            "AdaLoRA:TinyModel:Schedule is 'sinus'; it must be one of Constant, ConstantWithWarmup, Linear, Cosine, CosineWithRestarts, Polynomial, InverseSqrt.",
            "AdaLoRA:TinyModel:Adapter:Bugdet is not an option; did you mean 'Adapter:Budget'?",
            "AdaLoRA:TinyModel:Budget is not an option; did you mean 'Adapter:Budget'?",
            "AdaLoRA:TinyModel:Adapter:Beta1 is 2; it must lie between 0 and 1, both excluded.",
        ];
        Assert.Equal(expected.Order(), e.Failures.Order());
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
    public void A_wrong_value_in_a_section_of_ones_own_is_named_with_that_section()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("my:runs:Steps", "-3"), new("my:runs:Stesp", "3")]).Build();
        var services = new ServiceCollection();
        services.AddAdaLoRA<TinyModel>(configuration.GetSection("my:runs"));
        using var provider = services.BuildServiceProvider();
        var e = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IOptionsMonitor<TrainingOptions>>().Get("TinyModel"));
        Assert.Equal(["my:runs:Stesp is not an option; did you mean 'Steps'?", "my:runs:Steps is -3; it must be at least 1, or 0 to let Epochs decide."], e.Failures);
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

    [Fact]
    public void Every_option_can_be_written_and_read_back()
    {
        var options = new TrainingOptions();
        foreach (string path in OptionsTable.Paths)
        {
            string before = OptionsTable.Read(options, path);
            if (OptionsTable.IsList(path)) OptionsTable.WriteList(options, path, ["x"]);
            else Assert.True(OptionsTable.Write(options, path, before));
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
