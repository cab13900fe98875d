using System.Globalization;
using System.Text.Json;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Hosting.Tests;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Telemetry.Tests;

/// <summary>A run's log, read line by line by a JSON reader that knows none of our types, against the table of its documentation.</summary>
public class RunLogTests
{
    private static readonly Lazy<Dictionary<string, Dictionary<string, string>>> Documented = new(ReadTables);

    [Fact]
    public async Task Every_line_has_the_documented_members_and_no_others()
    {
        using var folder = new TemporaryFolder();
        int calls = 0;
        var options = Training.Options(folder.Path, o => (o.CheckpointEvery, o.EvaluateEvery) = (10, 10));
        using (var model = new TinyModel())
        {
            TrainingRun run = null!;
            var trainer = new Trainer<TinyModel>(model, new TinyTask { Training = (_, _, _) => { if (++calls == 27) throw new InvalidDataException("torn"); } }, options, [new Pauses(() => run)]);
            run = trainer.Run;
            await Assert.ThrowsAsync<InvalidDataException>(() => trainer.RunAsync());
        }
        options.Resume = true;
        // A skipped step makes a notice.
        int resumed = 0;
        using (var model = new TinyModel()) await new Trainer<TinyModel>(model, new PoisonedLoss(() => ++resumed == 3), options).RunAsync();

        var seen = new HashSet<string>();
        foreach (string line in await File.ReadAllLinesAsync(Assert.Single(RunLog.Find(folder.Path))))
        {
            using var document = JsonDocument.Parse(line);
            var members = document.RootElement.EnumerateObject().ToList();
            Assert.Equal("type", members[0].Name);
            string type = members[0].Value.GetString()!;
            seen.Add(type);
            var expected = Documented.Value["every line"].Concat(Documented.Value[type]).ToDictionary();
            Assert.Equal(expected.Keys.Order(), members.Select(m => m.Name).Order());
            foreach (var member in members) Assert.True(IsOf(expected[member.Name], member.Value), $"{type}.{member.Name} is {member.Value.GetRawText()}, which is no {expected[member.Name]}");
        }
        Assert.Equal(Documented.Value.Keys.Where(k => k != "every line").Order(), seen.Order());
    }

    [Fact]
    public void Numbers_that_are_not_finite_are_the_documented_strings()
    {
        foreach (var (value, text) in new[] { (double.NaN, "NaN"), (double.PositiveInfinity, "Infinity"), (double.NegativeInfinity, "-Infinity") })
        {
            using var document = JsonDocument.Parse(RunLog.ToJson(new LossRead { Loss = value, Epoch = 0, LearningRate = 0, Budget = 0 }));
            Assert.Equal(text, document.RootElement.GetProperty("loss").GetString());
        }
    }

    // The words of the documentation's column "is".
    private static bool IsOf(string kind, JsonElement value) => kind switch
    {
        _ when kind.EndsWith(" or null", StringComparison.Ordinal) => value.ValueKind == JsonValueKind.Null || IsOf(kind[..^" or null".Length], value),
        "text" => value.ValueKind == JsonValueKind.String,
        "time" => value.ValueKind == JsonValueKind.String && DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, out _),
        "whole number" => value.TryGetInt64(out _),
        "number" => value.ValueKind == JsonValueKind.Number || value.GetString() is "NaN" or "Infinity" or "-Infinity",
        "true or false" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "texts by name" => value.ValueKind == JsonValueKind.Object && value.EnumerateObject().All(p => p.Value.ValueKind == JsonValueKind.String),
        "numbers by name" => value.ValueKind == JsonValueKind.Object && value.EnumerateObject().All(p => IsOf("number", p.Value)),
        "list of whole numbers" => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(p => IsOf("whole number", p)),
        "list of numbers" => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(p => IsOf("number", p)),
        "list of targets" => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(p => p.EnumerateObject().Select(m => m.Name).SequenceEqual(["path", "kind", "index", "in_features", "out_features", "initial_rank"])),
        "budget" => value.EnumerateObject().Select(m => m.Name).SequenceEqual(["initial", "final", "initial_warmup", "final_warmup", "interval", "unit"]),
        "estimate" => value.EnumerateObject().Select(m => m.Name).SequenceEqual(["steps", "seconds_per_step", "evaluations", "seconds_per_evaluation", "seconds", "peak_process_bytes", "device_bytes"]),
        "result" => value.ValueKind == JsonValueKind.Object && value.TryGetProperty("adapter_folder", out _),
        _ => throw new InvalidDataException($"The documentation says '{kind}', which this test does not know."),
    };

    /// <summary>The tables of Runs/README.md: "### `type`" or "### every line", then rows "| `member` | is | … |".</summary>
    private static Dictionary<string, Dictionary<string, string>> ReadTables()
    {
        var tables = new Dictionary<string, Dictionary<string, string>>();
        Dictionary<string, string>? table = null;
        foreach (string line in File.ReadLines(RepositoryRoot.Combine("src", "AdaLoRA.Gen.Hosting", "Runs", "README.md")))
        {
            if (line.StartsWith("### ", StringComparison.Ordinal)) tables[line[4..].Trim('`')] = table = [];
            else if (line.StartsWith("## ", StringComparison.Ordinal)) table = null;
            else if (table is not null && line.StartsWith("| `", StringComparison.Ordinal))
            {
                string[] cells = line.Split('|', StringSplitOptions.TrimEntries);
                foreach (string member in cells[1].Split(", ")) table[member.Trim('`')] = cells[2];
            }
        }
        return tables;
    }

    private sealed class Pauses(Func<TrainingRun> run) : ITrainingObserver
    {
        public void OnStep(in StepCompleted e)
        {
            if (e.Step == 3) run().Pause();
        }

        public void OnPaused(int stepsDone) => run().Continue();
    }
}
