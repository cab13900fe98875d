using AdaLoRA.Gen.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AdaLoRA.Gen.Hosting.Tests;

/// <summary>What a hosted app says on its error stream and with its exit code; nothing else is on either.</summary>
public sealed class CommandLineTests : IDisposable
{
    // The test process's own exit code must not be a test's.
    public void Dispose() => Environment.ExitCode = 0;

    [Theory]
    [InlineData("--stepz 5", "--stepz is not an option; did you mean '--steps'?")]
    [InlineData("--learnin-rate=5", "--learnin-rate is not an option; did you mean '--learning-rate'?")]
    [InlineData("--bugdet 5", "--bugdet is not an option; did you mean '--budget'?")]
    [InlineData("--adaptor:seed 5", "--adaptor:seed is not an option; did you mean '--adapter:seed'?")]
    [InlineData("--adapter:bugdet 5", "--adapter:bugdet is not an option; did you mean '--budget'?")]
    [InlineData("--Logging:LogLevel:Default Warning", null)]
    [InlineData("--wildlywrong 5", "--wildlywrong is not an option; --help lists them all.")]
    [InlineData("--steps", "--steps lacks its value; write --steps value.")]
    [InlineData("--steps --keep-best", "--steps lacks its value; write --steps value.")]
    [InlineData("steps=5", "'steps=5' is no option; options are written --name value.")]
    [InlineData("-s 5", "'-s' is no option; options are written --name value.|'5' is no option; options are written --name value.")]
    [InlineData("--stepz 5 --budgt 3 --batch-size 0", "--stepz is not an option; did you mean '--steps'?|--budgt is not an option; did you mean '--budget'?|AdaLoRA:TinyModel:BatchSize is 0; it must be at least 1.")]
    public async Task What_is_wrong_is_a_line_each_and_the_exit_code_2(string line, string? sentences)
    {
        var (exitCode, output, error, made) = await Run(line.Split(' '));
        Assert.Equal((sentences is null ? 0 : 2, sentences is null), (exitCode, made));
        Assert.Equal(sentences?.Split('|') ?? [], error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd()));
        Assert.Equal("", output);
    }

    [Fact]
    public async Task A_wrong_value_in_the_configuration_is_a_line_and_the_exit_code_1()
    {
        var (exitCode, output, error, made) = await Run([], new() { ["AdaLoRA:TinyModel:BatchSize"] = "0" });
        Assert.Equal((1, false, "", "AdaLoRA:TinyModel:BatchSize is 0; it must be at least 1."), (exitCode, made, output, error.Trim()));
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("-?")]
    [InlineData("--stepz 5 --help")]
    public async Task Help_lists_every_option_with_meaning_range_and_default(string line)
    {
        var (exitCode, output, error, made) = await Run(line.Split(' '));
        Assert.Equal((0, "", false), (exitCode, error, made));
        foreach (string path in OptionsTable.Paths)
        {
            Assert.Contains($"  {OptionsTable.Argument(path)} ", output, StringComparison.Ordinal);
            Assert.Contains(OptionTexts.Of(path).Help, output, StringComparison.Ordinal);
        }
        Assert.Contains("  --steps <value>               Optimizer steps of the run. (at least 1, or 0 to let Epochs decide; default: 0)\n", output, StringComparison.Ordinal);
        // The attribute's values are defaults, too.
        Assert.Contains("(at least 1 step; default: 5)\n", output, StringComparison.Ordinal);
        Assert.Contains("default: first, second)\n", output, StringComparison.Ordinal);
        Assert.All(output.Split('\n')[2..^3], l => Assert.InRange(l.Length, 0, 190));
    }

    [Fact]
    public void What_help_calls_an_option_is_understood_as_that_option()
    {
        foreach (string path in OptionsTable.Paths)
        {
            var root = new ConfigurationBuilder().AddTrainingArguments<TinyModel>([OptionsTable.Argument(path), "x"]).Build();
            string key = $"AdaLoRA:TinyModel:{path}";
            Assert.Equal(OptionsTable.IsSwitch(path) ? "true" : "x", root[key]);
        }
        Assert.Equal(OptionsTable.Paths.Count(), OptionsTable.Paths.Select(OptionsTable.Argument).Distinct().Count());
    }

    [Theory]
    [InlineData("AdaLoRA:TinyModle:Steps", "AdaLoRA:TinyModle is the section of no run; did you mean 'AdaLoRA:TinyModel'?")]
    [InlineData("AdaLoRA:Other:Steps", "AdaLoRA:Other is the section of no run; the app has AdaLoRA:TinyModel, AdaLoRA:second, Mine:Third.")]
    [InlineData("AdaLoRA:Other:Adapter:Budget", "AdaLoRA:Other is the section of no run; the app has AdaLoRA:TinyModel, AdaLoRA:second, Mine:Third.")]
    [InlineData("AdaLoRA:Predictor:Second:Adapter", "AdaLoRA:Predictor is the section of no run; did you mean 'AdaLoRA:Predictors'?")]
    // Another package's, and those that are read.
    [InlineData("AdaLoRA:predictors:Second:Adapter", null)]
    [InlineData("AdaLoRA:Dashboard:Port", null)]
    [InlineData("AdaLoRA:tinymodel:Steps", null)]
    [InlineData("AdaLoRA:second:Steps", null)]
    [InlineData("Mine:Third:Steps", null)]
    public async Task A_section_that_no_run_reads_is_told_at_start(string key, string? sentence)
    {
        var (exitCode, _, error, _) = await Run([], new() { [key] = "40" }, several: true);
        Assert.Equal((sentence is null ? 0 : 1, sentence ?? ""), (exitCode, error.Trim()));
    }

    private static async Task<(int ExitCode, string Output, string Error, bool Made)> Run(string[] args, Dictionary<string, string?>? values = null, bool several = false)
    {
        using var folder = new TemporaryFolder();
        // With the default logging: what the host itself has to say would be on the console.
        var builder = Host.CreateApplicationBuilder();
        builder.Configuration["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Warning";
        builder.Configuration.AddInMemoryCollection(values ?? []);
        builder.Configuration.AddTrainingArguments<TinyModel>(args);
        bool made = false;
        void Configure(TrainingOptions o) => (o.Progress, o.OutputFolder, o.Threads, o.Steps, o.RunLog) = (ProgressMode.Off, Path.Combine(folder.Path, Guid.NewGuid().ToString("N")), 1, 2, false);
        void Add(AdaLoRABuilder<TinyModel> run) => run.Configure(o => o.Adapter.Method = AdapterMethod.LoRA).UseTask<TinyTask>().UseModel(_ =>
        {
            made = true;
            return new TinyModel();
        });
        Add(builder.Services.AddAdaLoRA<TinyModel>(Configure));
        if (several)
        {
            Add(builder.Services.AddAdaLoRA<TinyModel>("second", Configure));
            Add(builder.Services.AddAdaLoRA<TinyModel>("third", builder.Configuration.GetSection("Mine:Third"), Configure));
        }
        builder.Services.AddLogging(l => Microsoft.Extensions.Logging.FilterLoggingBuilderExtensions.AddFilter(l, "AdaLoRA", Microsoft.Extensions.Logging.LogLevel.Warning));
        var (output, error) = (Console.Out, Console.Error);
        using var outputText = new StringWriter();
        using var errorText = new StringWriter();
        try
        {
            Console.SetOut(outputText);
            Console.SetError(errorText);
            int exitCode;
            using (var host = builder.Build()) exitCode = await host.RunTrainingAsync();
            return (exitCode, outputText.ToString(), errorText.ToString(), made);
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
        }
    }
}
