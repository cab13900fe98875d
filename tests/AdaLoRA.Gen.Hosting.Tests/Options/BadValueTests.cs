using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace AdaLoRA.Gen.Hosting.Tests;

/// <summary>Every option has rows of values that are wrong, at each end of its range, and the sentence that refuses each when the host starts.</summary>
public class BadValueTests
{
    private const string Section = "AdaLoRA:TinyModel:";

    private static readonly Row[] Rows =
    [
        .. Whole("Steps", "at least 1, or 0 to let Epochs decide", "-1"),
        .. Number("Epochs", "positive", "-1"),
        new("Epochs", "0", "Epochs is 0 and Steps is 0; one of them must be positive."),
        .. Whole("BatchSize", "at least 1", "0"),
        .. Whole("GradientAccumulation", "at least 1", "0"),
        .. Number("LearningRate", "at least 0", "-1E-09"),
        .. Number("TrainableLearningRate", "at least 0", "-1"),
        .. Number("LoraPlusRatio", "positive", "0", "-1"),
        .. Number("WeightDecay", "at least 0", "-1"),
        .. Switch("DecayLambda"),
        .. Number("TrainableWeightDecay", "at least 0", "-1"),
        .. Choice("Optimizer", "AdamW, Sgd"),
        .. Number("MaxGradNorm", "at least 0", "-1"),
        .. Choice("Schedule", "Constant, ConstantWithWarmup, Linear, Cosine, CosineWithRestarts, Polynomial, InverseSqrt"),
        .. Number("Warmup", "a fraction of the run below 1, or whole steps from 1 on", "-0.5", "1.5", "4294967296"),
        .. Number("ScheduleCycles", "positive", "0"),
        .. Number("SchedulePower", "positive", "0"),
        .. Number("ScheduleEnd", "at least 0 and below LearningRate", "-1"),
        .. Whole("EvaluateEvery", "at least 1 step, or 0 for the end only", "-1"),
        .. Switch("EvaluateAtStart"),
        .. Whole("Patience", "at least 1 evaluation, or 0 to take all steps", "-1"),
        new("Patience", "3", "Patience is 3 and EvaluateEvery is 0, so that there is one evaluation, at the end; set EvaluateEvery."),
        .. Number("MinDelta", "at least 0", "-1"),
        .. new[] { "high", "NaN", "1e999" }.Select(v => new Row("StopAtValue", v, $"StopAtValue is '{v}'; it must be a number.")),
        new("StopAtValue", "0.9", "StopAtValue is 0.9 and EvaluateEvery is 0, so that there is one evaluation, at the end; set EvaluateEvery."),
        .. Switch("BestWithinBudget"),
        .. Switch("KeepBest"),
        .. Whole("CheckpointEvery", "at least 1 step, or 0 for none but after an interruption", "-1"),
        .. Whole("KeepCheckpoints", "at least 1", "0"),
        .. Text("OutputFolder", "the path of a folder", "", " ", "a\0b"),
        .. Switch("Resume"),
        .. Switch("DryRun"),
        .. AnyWhole("Seed"),
        .. Whole("Threads", "from 1 to 1024, or 0 to let the trainer choose", "-1", "1025"),
        .. Text("Device", "\"auto\", \"cpu\", \"cuda\" or \"cuda:1\"", "", "tpu", "cuda:x", "cuda:-1", "cuda:4294967296"),
        .. Choice("Precision", "Fp32, Bf16"),
        .. Whole("Prefetch", "from 1 to 1024 batches, or 0 to make each when its step begins", "-1", "1025"),
        .. Whole("LogEvery", "at least 1 step", "0"),
        .. Switch("RunLog"),
        .. Choice("Progress", "Auto, Plain, Off"),
        .. Choice("Adapter:Method", "AdaLoRA, LoRA"),
        .. Whole("Adapter:Budget", "at least 1", "0", "-1"),
        new("Adapter:Targets", "", "Adapter:Targets is empty; name at least one pattern, such as \"*.query\"."),
        new("Adapter:Targets", "first;;second", "Adapter:Targets holds an empty pattern; remove it."),
        new("Adapter:Targets:1", null, "Adapter:Targets holds an empty pattern; remove it."),
        new("Adapter:Targets:1:Inner", "x", "Adapter:Targets holds an empty pattern; remove it."),
        new("Adapter:Targets", "{first", "Adapter:Targets: The pattern '{first' opens a brace that it never closes; add the '}'."),
        .. Whole("Adapter:InitialRank", "at least 1, or 0 to let the budget decide", "-1"),
        new("Adapter:Trainable", ";head", "Adapter:Trainable holds an empty pattern; remove it."),
        new("Adapter:Trainable", "head}", "Adapter:Trainable: The pattern 'head}' closes a brace that it never opens; remove the '}'."),
        .. Number("Adapter:Alpha", "positive, or 0 for the default", "-1"),
        .. Number("Adapter:InitialWarmup", "a fraction of the run below 1, or whole steps from 1 on", "-0.5", "1.5", "4294967296"),
        .. Number("Adapter:FinalWarmup", "a fraction of the run below 1, or whole steps from 1 on", "-0.5", "1.5", "4294967296"),
        new("Adapter:InitialWarmup", "0.5", "Adapter:InitialWarmup 0.5 and FinalWarmup 0.5 leave no budgeting phase between them; together they must be below 1."),
        .. Whole("Adapter:Interval", "at least 1 step", "0"),
        .. Number("Adapter:Beta1", "between 0 and 1, both excluded", "0", "1"),
        .. Number("Adapter:Beta2", "between 0 and 1, both excluded", "0", "1"),
        .. Number("Adapter:OrthogonalWeight", "at least 0", "-1"),
        .. Number("Adapter:Dropout", "at least 0 and below 1", "-0.1", "1"),
        .. Text("Adapter:CheckpointRoot", "a module's path, such as \"encoder\", or empty", "encoder.", "*.layer", " "),
        .. Choice("Adapter:Fidelity", "Reference, Paper"),
        .. Choice("Adapter:Score", "Product, Sensitivity, Magnitude, SignalToNoise"),
        .. Choice("Adapter:BudgetUnit", "Triplets, Parameters"),
        new("Adapter:RankLimits", "first 2..3", "Adapter:RankLimits holds 'first 2..3'; write a pattern and a range, such as \"*.query: 1..4\", \"*.value: 2..\" or \"head: ..3\"."),
        new("Adapter:RankLimits", "first: 3..2", "Adapter:RankLimits holds 'first: 3..2'; write a pattern and a range, such as \"*.query: 1..4\", \"*.value: 2..\" or \"head: ..3\"."),
        new("Adapter:RankLimits", "first: 1..;", "Adapter:RankLimits holds ''; write a pattern and a range, such as \"*.query: 1..4\", \"*.value: 2..\" or \"head: ..3\"."),
        .. Choice("Adapter:Bias", "None, All, AdapterOnly"),
        .. Switch("Adapter:Compact"),
        .. AnyWhole("Adapter:Seed"),
    ];

    public static IEnumerable<object?[]> BadValues => Rows.Select(r => new object?[] { r.Key, r.Value, r.Sentence });

    [Theory]
    [MemberData(nameof(BadValues))]
    public async Task Is_refused_when_the_host_starts_with_one_sentence(string key, string? value, string sentence)
    {
        var failures = await Refused([new(key, value)]);
        Assert.Equal(Section + sentence, Assert.Single(failures));
    }

    [Fact]
    public void Every_option_has_rows_and_each_sentence_names_key_value_and_range()
    {
        Assert.Equal(OptionsTable.Paths.Order(), Rows.Select(r => OptionsTable.Canonical(r.Path)!).Distinct().Order());
        foreach (var row in Rows)
        {
            Assert.StartsWith(row.Path, row.Sentence, StringComparison.Ordinal);
            string range = OptionTexts.Of(row.Path).Range;
            // What a list holds is named, and what is to be done about it.
            if (OptionsTable.IsList(row.Path)) continue;
            Assert.Contains(row.Value!, row.Sentence, StringComparison.Ordinal);
            if (!row.Sentence.Contains(" and ", StringComparison.Ordinal)) Assert.Contains(range, row.Sentence, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_option_has_its_words() => Assert.Equal(OptionsTable.Paths.Order(), OptionTexts.Paths.Order());

    [Fact]
    public async Task A_section_where_a_value_belongs_is_refused_with_the_range()
    {
        foreach (string path in OptionsTable.Paths.Where(p => !OptionsTable.IsList(p)))
        {
            Assert.Equal($"{Section}{path} is a section; it must be a single value: {OptionsTable.Expected(path)}.", Assert.Single(await Refused([new(path + ":Inner", "1")])));
        }
    }

    [Fact]
    public async Task What_is_wrong_together_is_refused_with_both_values()
    {
        Assert.Equal([Section + "ScheduleEnd is 0.5; it must be at least 0 and below LearningRate, which is 0.1."], await Refused([new("Schedule", "Polynomial"), new("ScheduleEnd", "0.5"), new("LearningRate", "0.1")]));
        Assert.Equal([Section + "Warmup is 100 steps of a run of 100; it must be shorter than the run."], await Refused([new("Steps", "100"), new("Warmup", "100")]));
        Assert.Equal(
            [Section + "Adapter:InitialWarmup 60 and Adapter:FinalWarmup 50 leave no budgeting phase in a run of Steps 100; together they must be shorter than the run."],
            await Refused([new("Steps", "100"), new("Adapter:InitialWarmup", "60"), new("Adapter:FinalWarmup", "50")]));
        Assert.Equal(
            [Section + "Adapter:InitialRank is 0 and Budget is 0; LoRA needs a rank: set InitialRank (or Budget, the triplets of all targets together) to at least 1."],
            await Refused([new("Adapter:Method", "LoRA"), new("Adapter:InitialRank", "0"), new("Adapter:Budget", "0")]));
    }

    [Fact]
    public async Task What_a_delegate_sets_is_checked_too()
    {
        Assert.Equal([Section + "Optimizer is 7; it must be one of AdamW, Sgd."], await Refused([], o => o.Optimizer = (OptimizerKind)7));
        Assert.Equal([Section + "OutputFolder is ''; it must be the path of a folder."], await Refused([], o => o.OutputFolder = null!));
        Assert.Equal([Section + "LearningRate is NaN; it must be at least 0."], await Refused([], o => o.LearningRate = double.NaN));
        Assert.Equal([Section + "ScheduleEnd is Infinity; it must be at least 0 and below LearningRate."], await Refused([], o => o.ScheduleEnd = double.PositiveInfinity));
        Assert.Equal([Section + "Adapter:Targets is empty; name at least one pattern, such as \"*.query\"."], await Refused([], o => o.Adapter.Targets = null!));
        Assert.Equal([Section + "Adapter:RankLimits is null; an empty list limits nothing."], await Refused([], o => o.Adapter.RankLimits = null!));
        Assert.Equal([Section + "Adapter is null; leave it as it was made, or assign an AdaLoRAOptions."], await Refused([], o => o.Adapter = null!));
    }

    private static Row[] Whole(string path, string range, params string[] outside) =>
    [
        .. outside.Select(v => new Row(path, v, $"{path} is {v}; it must be {range}{(path.EndsWith("Budget", StringComparison.Ordinal) ? ": it is the number of triplets (or parameters) kept over all targets" : "")}.")),
        .. new[] { "ten", "", "1.5", "2147483648", "-2147483649", "NaN" }.Select(v => new Row(path, v, $"{path} is '{v}'; it must be a whole number up to 2147483647: {range}.")),
    ];

    private static Row[] AnyWhole(string path) =>
        [.. new[] { "ten", "", "1.5", "2147483648", "-2147483649" }.Select(v => new Row(path, v, $"{path} is '{v}'; it must be a whole number from -2147483648 to 2147483647."))];

    private static Row[] Number(string path, string range, params string[] outside)
    {
        string lies = range.StartsWith("between", StringComparison.Ordinal) ? "lie" : "be";
        // Where empty means "not set", it is no wrong value.
        string[] unreadable = path is "TrainableLearningRate" or "TrainableWeightDecay" or "ScheduleCycles" ? ["ten", "NaN", "Infinity", "1e999"] : ["ten", "", "NaN", "-Infinity", "1e999"];
        return [.. outside.Select(v => new Row(path, v, $"{path} is {v}; it must {lies} {range}.")), .. unreadable.Select(v => new Row(path, v, $"{path} is '{v}'; it must be a number: {range}."))];
    }

    private static Row[] Switch(string path) => [.. new[] { "maybe", "1", "yes" }.Select(v => new Row(path, v, $"{path} is '{v}'; it must be true or false."))];

    private static Row[] Choice(string path, string names) => [.. new[] { "other", "", "0", "1", "99" }.Select(v => new Row(path, v, $"{path} is '{v}'; it must be one of {names}."))];

    private static Row[] Text(string path, string range, params string[] wrong) => [.. wrong.Select(v => new Row(path, v, $"{path} is '{v}'; it must be {range}."))];

    private static async Task<IEnumerable<string>> Refused(KeyValuePair<string, string?>[] values, Action<TrainingOptions>? configure = null)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        // With an item before, "Targets:1" is the second.
        if (values is [{ Key: var key }] && key.StartsWith("Adapter:Targets:1", StringComparison.Ordinal)) values = [new("Adapter:Targets:0", "first"), .. values];
        builder.Configuration.AddInMemoryCollection(values.Select(v => KeyValuePair.Create(Section + v.Key, v.Value)));
        bool made = false;
        builder.Services.AddAdaLoRA<TinyModel>(configure).UseTask<TinyTask>().UseModel(_ =>
        {
            made = true;
            return new TinyModel();
        });
        using var host = builder.Build();
        var e = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        Assert.False(made);
        return e.Failures;
    }

    private sealed record Row(string Key, string? Value, string Sentence)
    {
        public string Path => Key.Replace(":1:Inner", "", StringComparison.Ordinal).Replace(":1", "", StringComparison.Ordinal);
    }
}
