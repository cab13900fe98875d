using System.Text.Json.Nodes;
using AdaLoRA.Gen.Testing;
using Microsoft.Extensions.Logging;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting.Tests;

/// <summary>What lies in a checkpoint, which ones stay, and what a damaged one does.</summary>
public class CheckpointTests
{
    private static TrainingOptions Options(string folder, Action<TrainingOptions>? configure = null) => Runs.Options(folder, o =>
    {
        o.CheckpointEvery = 10;
        configure?.Invoke(o);
    });

    [Fact]
    public void A_checkpoint_holds_an_adapter_of_its_moment()
    {
        using var folder = new TemporaryFolder();
        var stopped = Runs.RunUntil(17, Options(folder.Path));
        Assert.Equal(["adapter", "state.json", "training.json", "training.safetensors"], Directory.GetFileSystemEntries(stopped.Checkpoint!).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(Runs.Bytes(stopped.AdapterFolder), Runs.Bytes(Path.Combine(stopped.Checkpoint!, "adapter")));
        using var model = new TinyModel();
        model.LoadAdapter(Path.Combine(stopped.Checkpoint!, "adapter"));
        model.eval();
        using var _ = torch.no_grad();
        Assert.True(double.IsFinite(new TinyTask().Evaluate(model, default).Value));
    }

    [Theory]
    [InlineData(1, "step-40")]
    [InlineData(2, "step-30 step-40")]
    [InlineData(3, "step-20 step-30 step-40")]
    [InlineData(9, "step-10 step-20 step-30 step-40")]
    public void The_newest_are_kept(int kept, string expected)
    {
        using var folder = new TemporaryFolder();
        Runs.Run(Options(folder.Path, o => o.KeepCheckpoints = kept));
        Assert.Equal(expected.Split(' '), Runs.Checkpoints(folder.Path));
    }

    [Theory]
    [InlineData(true, 10, "step-20 step-40")]
    [InlineData(false, 10, "step-40")]
    [InlineData(true, 8, "step-40")]
    public void The_one_of_the_best_evaluation_is_kept_with_KeepBest(bool keepBest, int evaluateEvery, string expected)
    {
        using var folder = new TemporaryFolder();
        int n = 0;
        // The second evaluation is the best; with 8 it has no checkpoint of its own.
        var result = Runs.Run(Options(folder.Path, o => (o.KeepCheckpoints, o.KeepBest, o.EvaluateEvery, o.BestWithinBudget) = (1, keepBest, evaluateEvery, false)), new TinyTask { Metric = _ => Math.Abs(2 - ++n) });
        Assert.Equal(2 * evaluateEvery, result.Best!.Step);
        Assert.Equal(expected.Split(' '), Runs.Checkpoints(folder.Path));
    }

    [Theory]
    [InlineData("no state.json")]
    [InlineData("half a state.json")]
    [InlineData("no training.safetensors")]
    [InlineData("half a training.safetensors")]
    [InlineData("no training.json")]
    [InlineData("another step's training.json")]
    [InlineData("another step's state.json")]
    [InlineData("another format")]
    public void A_checkpoint_that_is_not_complete_is_passed_over_with_a_warning(string damage)
    {
        using var folder = new TemporaryFolder();
        var whole = Runs.Run(Options(folder.File("whole")));
        Assert.Throws<InvalidDataException>(() => Runs.Run(Options(folder.File("two")), Dying(25)));
        Assert.Equal(["step-10", "step-20"], Runs.Checkpoints(folder.File("two")));
        string newest = folder.File("two/checkpoints/step-20");
        Damage(damage, newest, folder.File("two/checkpoints/step-10"));

        var recorder = new Recorder();
        var log = new LogCapture();
        using var loggers = LoggerFactory.Create(b => b.AddProvider(log));
        var resumed = Runs.Run(Options(folder.File("two"), o => o.Resume = true), null, default, recorder, new LoggingObserver(loggers));
        Assert.Equal(10, recorder.Started!.FirstStep);
        var skipped = Assert.Single(recorder.CheckpointsSkipped);
        Assert.Equal(newest, skipped.Folder);
        Assert.Contains(newest, skipped.Reason, StringComparison.Ordinal);
        Assert.Contains(newest, Assert.Single(log.Entries, e => e.Level == LogLevel.Warning).Text, StringComparison.Ordinal);
        Assert.Equal(Runs.Bytes(whole.AdapterFolder), Runs.Bytes(resumed.AdapterFolder));
        Assert.Equal(["step-30", "step-40"], Runs.Checkpoints(folder.File("two")));
    }

    [Fact]
    public void A_damaged_checkpoint_does_not_push_out_a_sound_one()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<InvalidDataException>(() => Runs.Run(Options(folder.Path), Dying(25)));
        Damage("half a training.safetensors", folder.File("checkpoints/step-20"), "");
        Assert.Equal(25, Runs.RunUntil(25, Options(folder.Path, o => (o.Resume, o.CheckpointEvery) = (true, 0))).Steps);
        Assert.Equal(["step-10", "step-25"], Runs.Checkpoints(folder.Path));
    }

    [Fact]
    public void Where_none_is_complete_it_is_one_sentence()
    {
        using var folder = new TemporaryFolder();
        Runs.RunUntil(12, Options(folder.Path));
        Damage("half a state.json", folder.File("checkpoints/step-10"), "");
        Damage("no training.json", folder.File("checkpoints/step-12"), "");
        var e = Assert.Throws<AdaLoRAException>(() => Runs.Run(Options(folder.Path, o => o.Resume = true)));
        Assert.Contains("no checkpoint that can be resumed from. The checkpoint '" + folder.File("checkpoints/step-12"), e.Message, StringComparison.Ordinal);
        Assert.Contains("training.json", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checkpoint_of_another_model_is_refused_and_its_target_named()
    {
        using var folder = new TemporaryFolder();
        Runs.RunUntil(12, Options(folder.Path));
        using var model = new TinyModel();
        // The options are the same; the adapters are not, since they were attached by hand.
        model.AttachAdaLoRA(Options(folder.Path, o => o.Adapter.Targets = ["second"]).Adapter);
        var e = await Assert.ThrowsAsync<AdaLoRAException>(() => new Trainer<TinyModel>(model, new TinyTask(), Options(folder.Path, o => o.Resume = true)).RunAsync());
        Assert.Contains("was written by another plan: its target 1 is {\"path\":\"first\"", e.Message, StringComparison.Ordinal);
        Assert.Equal(["step-10", "step-12"], Runs.Checkpoints(folder.Path));
    }

    [Theory]
    [InlineData("options", "null")]
    [InlineData("evaluations", "null")]
    [InlineData("evaluations", "[null]")]
    [InlineData("evaluations", "[{\"step\":1}]")]
    [InlineData("best", "{\"step\":1}")]
    public void Null_in_state_json_was_a_NullReferenceException(string field, string value)
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(Runs.RunUntil(5, Options(folder.Path)).Checkpoint!, "state.json");
        var state = JsonNode.Parse(File.ReadAllText(path))!;
        state[field] = JsonNode.Parse(value);
        File.WriteAllText(path, state.ToJsonString());
        Assert.Contains("can be resumed from", Assert.Throws<AdaLoRAException>(() => Runs.Run(Options(folder.Path, o => o.Resume = true))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1025)]
    [InlineData(int.MaxValue)]
    public void A_number_of_threads_that_no_machine_has_is_damage(int threads)
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(Runs.RunUntil(5, Options(folder.Path)).Checkpoint!, "state.json");
        var state = JsonNode.Parse(File.ReadAllText(path))!;
        state["threads"] = threads;
        File.WriteAllText(path, state.ToJsonString());
        Assert.Contains($"is damaged: state.json names {threads} threads", Assert.Throws<AdaLoRAException>(() => Runs.Run(Options(folder.Path, o => (o.Resume, o.Threads) = (true, 0)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_new_level_of_a_folder_is_brought_to_the_disk()
    {
        using var folder = new TemporaryFolder();
        var flushed = new List<string>();
        DurableFolder.Create(folder.File("a/b/c/"), flushed.Add);
        Assert.True(Directory.Exists(folder.File("a/b/c")));
        Assert.Equal([folder.Path, folder.File("a"), folder.File("a/b")], flushed);
        flushed.Clear();
        DurableFolder.Create(folder.File("a/b/c"), flushed.Add);
        DurableFolder.Create(folder.File("a/b/d"), flushed.Add);
        Assert.Equal([folder.File("a/b")], flushed);
    }

    [Fact]
    public void What_a_killed_process_left_is_removed_at_the_start()
    {
        using var folder = new TemporaryFolder();
        Runs.RunUntil(12, Options(folder.Path, o => (o.KeepBest, o.EvaluateEvery) = (true, 5)));
        foreach (string left in (string[])[".adapter.1-a.tmp", "adapter/.adapter.1-b.tmp", ".best.1-c.tmp", "best/.best.1-d.tmp", "checkpoints/.tmp-e/adapter", "checkpoints/.old-step-10"]) Directory.CreateDirectory(folder.File(left));
        File.WriteAllText(folder.File(".metrics.json.f.tmp"), "");
        File.WriteAllText(folder.File("adapter/notes.txt"), "the user's");
        Runs.Run(Options(folder.Path, o => o.Resume = true));
        Runs.AssertNoTemporaryFiles(folder);
        Assert.True(File.Exists(folder.File("adapter/notes.txt")));
    }

    [Fact]
    public void A_checkpoint_that_was_being_replaced_is_put_back()
    {
        using var folder = new TemporaryFolder();
        Runs.RunUntil(12, Options(folder.Path, o => o.KeepCheckpoints = 1));
        Directory.Move(folder.File("checkpoints/step-12"), folder.File("checkpoints/.old-step-12"));
        var recorder = new Recorder();
        Runs.Run(Options(folder.Path, o => o.Resume = true), null, default, recorder);
        Assert.Equal(12, recorder.Started!.FirstStep);
    }

    private static TinyTask Dying(int call)
    {
        int calls = 0;
        return new TinyTask { Training = (_, _, _) => { if (++calls > call) throw new InvalidDataException("dead"); } };
    }

    private static void Damage(string damage, string folder, string before)
    {
        string file = Path.Combine(folder, damage.Split(' ')[^1]);
        switch (damage)
        {
            case "another format":
                file = Path.Combine(folder, "state.json");
                File.WriteAllText(file, File.ReadAllText(file).Replace("\"format\": 3", "\"format\": 2", StringComparison.Ordinal));
                break;
            case var other when other.StartsWith("another", StringComparison.Ordinal):
                File.Copy(Path.Combine(before, Path.GetFileName(file)), file, overwrite: true);
                break;
            case var none when none.StartsWith("no ", StringComparison.Ordinal):
                File.Delete(file);
                break;
            default:
                byte[] bytes = File.ReadAllBytes(file);
                File.WriteAllBytes(file, bytes[..(bytes.Length / 2)]);
                break;
        }
    }
}
