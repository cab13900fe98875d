using System.Text;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Reports.Facts;
using Microsoft.Extensions.Configuration;

namespace AdaLoRA.Gen.Reports.Tests;

public sealed class SettingsTests
{
    [Fact]
    public void The_configuration_that_is_shown_gives_the_run_again()
    {
        var options = new TrainingOptions
        {
            Steps = 600,
            LearningRate = 4e-3,
            TrainableLearningRate = 3e-3,
            Schedule = ScheduleKind.CosineWithRestarts,
            ScheduleCycles = 2.5,
            DecayLambda = false,
            Seed = 7,
            KeepBest = true,
            OutputFolder = "out/a \"quoted\" <folder>",
        };
        options.Adapter.Budget = 72;
        options.Adapter.Targets = ["*.attention.self.{query,key,value}", "*.{intermediate,output}.dense", "*.{a, b}"];
        var start = Histories.Start() with { Threads = 3, Options = OptionsTable.Paths.ToDictionary(p => p, p => OptionsTable.Read(options, p)) };

        var configuration = new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(Settings.Configuration(start)))).Build();
        var again = new TrainingOptions();
        SectionBinder.Bind(configuration.GetSection("AdaLoRA:Classifier"), again);

        Assert.Empty(again.Unreadable);
        Assert.Equal(options.Adapter.Targets, again.Adapter.Targets);
        options.Threads = 3;
        Assert.Equal(OptionsTable.Paths.Select(p => $"{p} = {OptionsTable.Read(options, p)}"), OptionsTable.Paths.Select(p => $"{p} = {OptionsTable.Read(again, p)}"));
    }

    [Fact]
    public void Only_what_differs_from_the_defaults_is_called_changed()
    {
        var options = new TrainingOptions();
        var start = Histories.Start() with { Options = OptionsTable.Paths.ToDictionary(p => p, p => OptionsTable.Read(options, p)) };
        Assert.Empty(Settings.Changed(start));
        Assert.Equal(start.Options.Count, Settings.Unchanged(start).Count);
    }
}
