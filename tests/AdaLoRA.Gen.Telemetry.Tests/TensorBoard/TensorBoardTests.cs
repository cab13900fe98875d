using System.Globalization;
using System.Runtime.InteropServices;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Hosting.Tests;
using AdaLoRA.Gen.Testing;
using Google.Protobuf;
using Tensorboard;

namespace AdaLoRA.Gen.Telemetry.Tests;

public class TensorBoardTests
{
    [Fact]
    public async Task Every_number_of_a_run_stands_in_its_event_file()
    {
        using var folder = new TemporaryFolder();
        var told = await Training.RunWithTensorBoard(Training.Options(folder.Path, o => (o.EvaluateEvery, o.EvaluateAtStart) = (10, true)));
        var started = told.OfType<RunStarted>().Single();
        string runFolder = Training.OnlyFolder(folder.Path);
        Assert.Equal(TensorBoardLog.FolderOf(folder.Path, started.Run), runFolder);
        var events = EventFileReader.ReadFolder(runFolder);

        Assert.Equal("brain.Event:2", events[0].FileVersion);
        // source_metadata.writer, a field that is younger than these classes.
        Assert.EndsWith("AdaLoRA.Gen", events[0].ToByteString().ToStringUtf8(), StringComparison.Ordinal);
        Assert.Equal((SessionLog.Types.SessionStatus.Start, 1), (events[1].SessionLog.Status, events[1].Step));
        Assert.All(events.Skip(2), e => Assert.Equal(Event.WhatOneofCase.Summary, e.WhatCase));
        foreach (string tag in Values(events).Select(v => v.Tag).Distinct())
        {
            var times = Of(events, tag).Select(v => (v.Event.Step, v.Event.WallTime)).ToList();
            Assert.Equal(times.Order(), times);
        }

        var losses = told.OfType<LossRead>().ToList();
        Assert.Equal([5, 10, 15, 20, 25, 30, 35, 40], losses.Select(l => l.Step));
        void Same(string tag, Func<LossRead, double> value) => AssertScalars(losses, value, events, tag);
        Same("loss/train", l => l.Loss);
        Same("loss/regulariser", l => l.Regulariser);
        Same("optimizer/learning_rate", l => l.LearningRate);
        Same("optimizer/gradient_norm", l => l.GradientNorm);
        Same("optimizer/skipped_steps", l => l.SkippedSteps);
        Same("adapters/budget", l => l.Budget);
        Same("throughput/epoch", l => l.Epoch);
        Same("throughput/samples_per_second", l => l.SamplesPerSecond);
        Same("memory/process_bytes", l => l.ProcessBytes!.Value);
        Assert.Empty(Scalars(events, "memory/device_bytes"));

        var evaluations = told.OfType<EvaluationRead>().ToList();
        Assert.Equal([0, 10, 20, 30, 40], evaluations.Select(e => e.Step));
        AssertScalars(evaluations, e => e.Value, events, "evaluation/error");
        AssertScalars(evaluations, e => e.Further["root"], events, "evaluation/root");
        AssertScalars(evaluations, e => e.Seconds, events, "throughput/evaluation_seconds");
        AssertScalars([.. told.OfType<RanksRead>()], r => r.Ranks.Sum(), events, "adapters/rank");
    }

    [Fact]
    public async Task Every_value_has_the_type_and_shape_that_its_data_class_asks_for()
    {
        using var folder = new TemporaryFolder();
        await Training.RunWithTensorBoard(Training.Options(folder.Path));
        var values = Values(EventFileReader.ReadFolder(Training.OnlyFolder(folder.Path)));
        Assert.Equal(["histograms", "images", "scalars", "text"], values.Select(v => v.Metadata.PluginData.PluginName).Distinct().Order());
        foreach (var value in values)
        {
            // From the comments at DataClass in summary.proto.
            var (dtype, rank) = (value.Tensor.Dtype, value.Tensor.TensorShape?.Dim.Count ?? 0);
            Assert.Equal(Summary.Types.Value.ValueOneofCase.Tensor, value.ValueCase);
            Assert.Empty(value.Metadata.PluginData.Content);
            switch (value.Metadata.PluginData.PluginName)
            {
                case "scalars":
                    Assert.Equal((DataClass.Scalar, Tensorboard.DataType.DtFloat, 0), (value.Metadata.DataClass, dtype, rank));
                    Assert.Single(value.Tensor.FloatVal);
                    break;
                case "histograms":
                    Assert.Equal((DataClass.Tensor, Tensorboard.DataType.DtDouble, 2), (value.Metadata.DataClass, dtype, rank));
                    Assert.Equal(value.Tensor.TensorShape!.Dim[0].Size * 3 * sizeof(double), value.Tensor.TensorContent.Length);
                    Assert.Equal(3, value.Tensor.TensorShape.Dim[1].Size);
                    break;
                case "images":
                    Assert.Equal((DataClass.BlobSequence, Tensorboard.DataType.DtString, 1), (value.Metadata.DataClass, dtype, rank));
                    Assert.Equal(3, value.Tensor.StringVal.Count);
                    Assert.Equal(3, value.Tensor.TensorShape!.Dim[0].Size);
                    break;
                case "text":
                    Assert.Equal((DataClass.Tensor, Tensorboard.DataType.DtString, 1), (value.Metadata.DataClass, dtype, rank));
                    Assert.Single(value.Tensor.StringVal);
                    break;
            }
        }
    }

    [Fact]
    public async Task Histograms_count_every_value_in_buckets_without_gaps()
    {
        using var folder = new TemporaryFolder();
        var told = (await Training.RunWithTensorBoard(Training.Options(folder.Path))).OfType<RanksRead>().ToList();
        var events = EventFileReader.ReadFolder(Training.OnlyFolder(folder.Path));
        var importances = Histograms(events, "adapters/importances");
        Assert.Equal(told.Where(r => r.Importances is not null).Select(r => r.Step), importances.Select(h => (int)h.Step));
        foreach (var (read, (_, buckets)) in told.Where(r => r.Importances is not null).Zip(importances))
        {
            AssertBuckets(buckets, read.Importances!.Select(v => (double)v).ToList());
            Assert.Equal(read.Importances!.Max(), (float)buckets[^1].Right);
            Assert.Equal(read.Importances!.Min(), (float)buckets[0].Left);
            Assert.Equal(30, buckets.Count);
        }
        var ranks = Histograms(events, "adapters/ranks");
        Assert.Equal(told.Count, ranks.Count);
        foreach (var (read, (_, buckets)) in told.Zip(ranks))
        {
            AssertBuckets(buckets, read.Ranks.Select(r => (double)r).ToList());
            foreach (var (left, right, count) in buckets) Assert.Equal(read.Ranks.Count(r => r == left + 0.5), count);
        }
        Assert.Contains(ranks, h => h.Buckets.Count > 1);
    }

    [Fact]
    public async Task The_card_tells_what_ran_and_the_notices_how_it_ended()
    {
        using var folder = new TemporaryFolder();
        var told = await Training.RunWithTensorBoard(Training.Options(folder.Path), new TinyTask { Training = (_, _, index) => { if (index == 5) throw new InvalidDataException("a `torn` | line\nand <b>more</b>"); } });
        var events = EventFileReader.ReadFolder(Training.OnlyFolder(folder.Path));
        string card = Assert.Single(Texts(events, "run/card"));
        Assert.Contains("- model: `TinyModel`\n", card, StringComparison.Ordinal);
        Assert.Contains($"- run: `{told.OfType<RunStarted>().Single().Run}`\n", card, StringComparison.Ordinal);
        Assert.Contains("- Steps: `40`\n", card, StringComparison.Ordinal);
        Assert.Contains("- libtorch: `2.10", card, StringComparison.Ordinal);
        Assert.Equal("`The run failed: InvalidDataException: a 'torn' | line`", Assert.Single(Texts(events, "run/notices")));
    }

    [Fact]
    public async Task A_resumed_run_goes_on_in_a_second_file_that_withdraws_what_was_undone()
    {
        using var folder = new TemporaryFolder();
        int calls = 0;
        var options = Training.Options(folder.Path, o => (o.LogEvery, o.CheckpointEvery, o.EvaluateEvery) = (1, 10, 10));
        // The task dies at step 26: steps 21 to 25 are trained again.
        await Training.RunWithTensorBoard(options, new TinyTask { Training = (_, _, _) => { if (++calls == 27) throw new InvalidDataException("torn"); } });
        options.Resume = true;
        await Training.RunWithTensorBoard(options);
        string runFolder = Training.OnlyFolder(folder.Path);
        Assert.Equal(2, EventFileReader.Files(runFolder).Count());
        var events = EventFileReader.ReadFolder(runFolder);
        Assert.Equal(Enumerable.Range(1, 25).Concat(Enumerable.Range(21, 20)), Scalars(events, "loss/train").Select(s => (int)s.Step));

        // TensorBoard's rule (plugin_event_accumulator.py): the first SessionLog.START is the session's own, at any other what is not before its step goes.
        var kept = new List<Event>();
        bool hasStarted = false;
        foreach (var e in events)
        {
            bool isStart = e.SessionLog?.Status == SessionLog.Types.SessionStatus.Start;
            if (isStart && hasStarted) kept.RemoveAll(old => old.Step >= e.Step);
            hasStarted |= isStart;
            kept.Add(e);
        }
        Assert.Equal(Enumerable.Range(1, 40), Scalars(kept, "loss/train").Select(s => (int)s.Step));
        Assert.Equal([10, 20, 30, 40], Scalars(kept, "evaluation/error").Select(s => (int)s.Step));
    }

    [Fact]
    public async Task A_converted_log_gives_the_files_of_the_live_run_byte_for_byte()
    {
        using var folder = new TemporaryFolder();
        int calls = 0;
        var options = Training.Options(folder.Path, o => (o.LogEvery, o.CheckpointEvery, o.EvaluateEvery) = (1, 10, 20));
        await Training.RunWithTensorBoard(options, new TinyTask { Training = (_, _, _) => { if (++calls == 27) throw new InvalidDataException("torn"); } });
        options.Resume = true;
        await Training.RunWithTensorBoard(options);
        string log = Assert.Single(RunLog.Find(folder.Path));
        await File.AppendAllTextAsync(log, "{\"type\":\"loss\",\"st");
        var files = TensorBoardLog.Convert(log, folder.File("converted"));
        var live = EventFileReader.Files(Training.OnlyFolder(folder.Path)).ToList();
        Assert.Equal(live.Select(Path.GetFileName), files.Select(Path.GetFileName));
        Assert.Equal(live.Select(File.ReadAllBytes), files.Select(File.ReadAllBytes));
        Assert.Equal(files.Order(), Directory.GetFileSystemEntries(folder.File("converted")).Order());
    }

    [Fact]
    public void What_is_no_log_is_refused_with_a_sentence_and_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("notes.jsonl"), "{}\nhello\n");
        var e = Assert.Throws<AdaLoRAException>(() => TensorBoardLog.Convert(folder.File("notes.jsonl"), folder.File("to")));
        Assert.Contains("is not the log of a run", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<AdaLoRAException>(() => TensorBoardLog.Convert(folder.File("none.jsonl"), folder.File("to")));
        Assert.Contains("cannot be converted", e.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("to")));
    }

    internal static List<Summary.Types.Value> Values(IEnumerable<Event> events) => [.. events.Where(e => e.WhatCase == Event.WhatOneofCase.Summary).SelectMany(e => e.Summary.Value)];

    internal static IEnumerable<(Event Event, TensorProto Tensor)> Of(IEnumerable<Event> events, string tag) =>
        from e in events where e.WhatCase == Event.WhatOneofCase.Summary from v in e.Summary.Value where v.Tag == tag select (e, v.Tensor);

    private static IEnumerable<(double Time, long Step, float Value)> Scalars(IEnumerable<Event> events, string tag) =>
        Of(events, tag).Select(v => (v.Event.WallTime, v.Event.Step, v.Tensor.FloatVal.Single()));

    private static void AssertScalars<TEvent>(List<TEvent> told, Func<TEvent, double> value, IEnumerable<Event> events, string tag)
        where TEvent : TrainingEvent
    {
        var written = Scalars(events, tag).ToList();
        Assert.NotEmpty(told);
        Assert.Equal(told.Select(e => ((long)e.Step, (float)value(e))), written.Select(s => (s.Step, s.Value)));
        foreach (var (e, s) in told.Zip(written)) Assert.Equal(e.Time.ToUnixTimeMilliseconds() / 1e3, s.Time, 1.1e-3);
    }

    private static List<(long Step, List<(double Left, double Right, double Count)> Buckets)> Histograms(IEnumerable<Event> events, string tag) =>
        [.. Of(events, tag).Select(v => (v.Event.Step, MemoryMarshal.Cast<byte, double>(v.Tensor.TensorContent.Span).ToArray().Chunk(3).Select(b => (b[0], b[1], b[2])).ToList()))];

    private static IEnumerable<string> Texts(IEnumerable<Event> events, string tag) => Of(events, tag).Select(v => v.Tensor.StringVal.Single().ToStringUtf8());

    private static void AssertBuckets(List<(double Left, double Right, double Count)> buckets, List<double> values)
    {
        Assert.Equal(values.Count, buckets.Sum(b => b.Count));
        for (int i = 0; i < buckets.Count; i++)
        {
            var (left, right, count) = buckets[i];
            Assert.True(left < right, string.Create(CultureInfo.InvariantCulture, $"bucket {i} goes from {left} to {right}"));
            if (i > 0) Assert.Equal(buckets[i - 1].Right, left, 1e-12);
            Assert.InRange(count, values.Count(v => v > left + 1e-12 && v < right - 1e-12), values.Count(v => v >= left - 1e-12 && v <= right + 1e-12));
        }
    }
}
