using System.Text.Json;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Samples.Tests;

/// <summary>The main job from end to end, on a small part of its data.</summary>
public sealed class IntentClassifierTests : IClassFixture<IntentClassifierTests.Trained>
{
    private readonly Trained _trained;

    public IntentClassifierTests(Trained trained) => _trained = trained;

    [Fact]
    public void Training_learns_and_reports_one_json_object()
    {
        var report = JsonDocument.Parse(_trained.Outcome.LastLine).RootElement;
        Assert.True(report.GetProperty("accuracy_before").GetDouble() < 0.5);
        Assert.True(report.GetProperty("accuracy_after").GetDouble() > 0.8, _trained.Outcome.LastLine);
        Assert.Equal(30, report.GetProperty("steps").GetInt32());
        var ranks = report.GetProperty("ranks").EnumerateObject().ToList();
        Assert.Equal(36, ranks.Count);
        Assert.Equal(20, ranks.Sum(r => r.Value.GetInt32()));
        Assert.All((string[])["seconds", "samples_per_second", "trainable_parameters"], name => Assert.True(report.GetProperty(name).GetDouble() > 0));
        Assert.True(Directory.Exists(Path.Combine(_trained.Folder, report.GetProperty("folder").GetString()!)));
    }

    [Fact]
    public void The_saved_adapter_answers()
    {
        var outcome = Sample.Run("IntentClassifier", _trained.Folder, "predict", "can you activate my card?", "--json");
        Assert.Equal("activate_my_card", JsonDocument.Parse(outcome.LastLine).RootElement.GetProperty("intent").GetString());
    }

    [Fact]
    public void Evaluation_of_the_saved_adapter_gives_the_accuracy_of_the_run()
    {
        var outcome = Sample.Run("IntentClassifier", _trained.Folder, "evaluate", "--data", _trained.Data, "--json");
        double after = JsonDocument.Parse(_trained.Outcome.LastLine).RootElement.GetProperty("accuracy_after").GetDouble();
        Assert.Equal(after, JsonDocument.Parse(outcome.LastLine).RootElement.GetProperty("accuracy").GetDouble());
    }

    [Fact]
    public void The_run_leaves_its_report_with_what_the_task_says_of_its_data()
    {
        string page = File.ReadAllText(Path.Combine(_trained.Folder, "out", "intent-classifier", "report.html"));
        Assert.Contains("<strong>Finished</strong> after 30 steps.", page, StringComparison.Ordinal);
        Assert.Contains("<dt>sentences</dt>", page, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(Path.Combine(_trained.Folder, "out", "intent-classifier", "reports"), "rank-map.png", SearchOption.AllDirectories));
    }

    [Fact]
    public void The_folder_is_one_that_PEFT_reads()
    {
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(_trained.Folder, "out", "intent-classifier", "adapter", "adapter_config.json")));
        Assert.Equal("ADALORA", config.RootElement.GetProperty("peft_type").GetString());
        // Relative to the encoder, which is what Hugging Face loads.
        Assert.Equal("encoder.layer.0.attention.output.dense", config.RootElement.GetProperty("target_modules")[0].GetString());
        Assert.Equal(8, config.RootElement.GetProperty("rank_pattern").GetProperty("encoder.layer.0.attention.self.query.lora_E").GetArrayLength());
    }

    [Fact]
    public void Plain_LoRA_runs_on_the_same_targets_with_one_rank()
    {
        using var folder = new TemporaryFolder();
        var outcome = Sample.Run("IntentClassifier", folder.Path, "--data", _trained.Data, "--method", "lora", "--rank", "2", "--steps", "3", "--batch-size", "8", "--threads", "1", "--json", "--targets", "*.query", "*.value");
        var ranks = JsonDocument.Parse(outcome.LastLine).RootElement.GetProperty("ranks").EnumerateObject().ToList();
        Assert.Equal(12, ranks.Count);
        Assert.All(ranks, r => Assert.Equal(2, r.Value.GetInt32()));
    }

    [Theory]
    [InlineData("--rank 2 --budget 72", "--rank and --budget")]
    [InlineData("--steps 0", "--steps must be a whole number of at least 1")]
    [InlineData("--lr fast", "--lr must be a positive number")]
    [InlineData("--method dora", "adalora or lora")]
    [InlineData("--data nowhere", "'nowhere' holds neither")]
    [InlineData("predict hello --output nowhere", "run 'train' first")]
    [InlineData("--device cuda:9", "cuda")]
    [InlineData("--targets *.qeury", "'*.qeury'")]
    [InlineData("--initial-rank 500", "384 × 384")]
    public void A_wrong_argument_is_one_sentence(string arguments, string expected)
    {
        using var folder = new TemporaryFolder();
        var outcome = Sample.Run("IntentClassifier", folder.Path, arguments.Split(' '));
        Assert.NotEqual(0, outcome.ExitCode);
        string told = outcome.Error + outcome.Output;
        Assert.Contains(expected, told);
        Assert.DoesNotContain("   at ", told);
    }

    /// <summary>One short run that the tests share.</summary>
    public sealed class Trained : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public Trained()
        {
            Data = Directory.CreateDirectory(_folder.File("data")).FullName;
            Sample.WriteSmallData(Data, intents: 4, train: 60, test: 20);
            Outcome = Sample.Run("IntentClassifier", Folder, "--data", Data, "--steps", "30", "--batch-size", "16", "--budget", "20", "--initial-rank", "8", "--threads", "1", "--json");
            Assert.True(Outcome.ExitCode == 0, Outcome.Output + Outcome.Error);
        }

        public string Folder => _folder.Path;

        public string Data { get; }

        internal Sample.Outcome Outcome { get; }

        public void Dispose() => _folder.Dispose();
    }
}
