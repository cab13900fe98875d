using AdaLoRA.Gen.Generators.Reading;
using AdaLoRA.Gen.Generators.Tests.Harness;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Tests.Reading;

/// <summary>What the compiler refuses of an attribute, the run time refuses of the same values, and the other way round. A warning is for what the run accepts.</summary>
public sealed class AgreementTests
{
    private const string Both = "Targets = [\"*.query\", \"*.key\"]";

    /// <summary>Two queries (8 × 8) and two keys (8 × 4).</summary>
    [Theory]
    [InlineData("AdaLoRA(Budget = 8, " + Both, null)]
    [InlineData("AdaLoRA(Budget = 8, InitialRank = 4, Alpha = 16, Dropout = 0.5, Interval = 1, Beta1 = 0.001, Beta2 = 0.999, OrthogonalWeight = 0, InitialWarmup = 0, FinalWarmup = 7, Seed = -1, Compact = true, " + Both, null)]
    [InlineData("AdaLoRA(Budget = 8, Score = ImportanceScore.Magnitude, Fidelity = Fidelity.Paper, Bias = BiasTraining.AdapterOnly, Trainable = [\"*.conv\"], CheckpointRoot = \"blocks\", " + Both, null)]
    [InlineData("LoRA(Rank = 4, " + Both, null)]
    [InlineData("AdaLoRA(Method = AdapterMethod.LoRA, InitialRank = 2, Interval = 0, Beta1 = 2, Score = (ImportanceScore)9, RankLimits = [\"nonsense\"], " + Both, null)]
    [InlineData("AdaLoRA(Method = AdapterMethod.LoRA, Budget = 8, BudgetUnit = (BudgetUnit)5, InitialWarmup = -1, OrthogonalWeight = -1, " + Both, null)]
    [InlineData("AdaLoRA(Method = AdapterMethod.LoRA, " + Both, "ADALORA006")]
    [InlineData("AdaLoRA(Method = AdapterMethod.LoRA, InitialRank = -1, " + Both, "ADALORA016")]
    [InlineData("AdaLoRA(Budget = 0, " + Both, "ADALORA006")]
    [InlineData("AdaLoRA(" + Both, "ADALORA006")]
    [InlineData("LoRA(" + Both, "ADALORA006")]
    [InlineData("LoRA(Rank = -1, " + Both, "ADALORA006")]
    [InlineData("AdaLoRA(Budget = 8", "ADALORA011")]
    [InlineData("AdaLoRA(Budget = 8, Targets = [\"*.query\", null!]", "ADALORA003")]
    [InlineData("AdaLoRA(Budget = 8, Targets = [\" \"]", "ADALORA003")]
    [InlineData("AdaLoRA(Budget = 8, Targets = [\"*.{query\"]", "ADALORA003")]
    [InlineData("AdaLoRA(Budget = 8, Targets = [\"*.{query,qury}\"]", "ADALORA003")]
    [InlineData("AdaLoRA(Budget = 8, Targets = [\"blocks\"]", "ADALORA003")]
    [InlineData("AdaLoRA(Budget = 8, Trainable = [\"\"], " + Both, "ADALORA003")]
    [InlineData("AdaLoRA(Budget = 8, Trainable = [null!], " + Both, "ADALORA003")]
    [InlineData("AdaLoRA(Budget = 8, Trainable = [\"head\"], " + Both, "ADALORA003")]
    [InlineData("AdaLoRA(Budget = 8, CheckpointRoot = \"head\", " + Both, "ADALORA003")]
    [InlineData("AdaLoRA(Budget = 8, CheckpointRoot = null!, " + Both, null)]
    [InlineData("AdaLoRA(Budget = 8, Trainable = [\"blocks.1\"], " + Both, "ADALORA018")]
    [InlineData("AdaLoRA(Budget = 8, Trainable = [\"*.key.weight\"], " + Both, "ADALORA018")]
    [InlineData("AdaLoRA(Budget = 8, Trainable = [\"*.key.bias\"], " + Both, null)]
    [InlineData("AdaLoRA(Budget = 8, InitialRank = 5, " + Both, "ADALORA005")]
    [InlineData("LoRA(Rank = 5, " + Both, "ADALORA005")]
    [InlineData("AdaLoRA(Budget = 8, InitialRank = 2, " + Both, null)]
    [InlineData("AdaLoRA(Budget = 12, BudgetUnit = BudgetUnit.Parameters, " + Both, "ADALORA035")]
    [InlineData("AdaLoRA(Budget = 13, BudgetUnit = BudgetUnit.Parameters, " + Both, null)]
    [InlineData("AdaLoRA(Budget = 8, InitialWarmup = 0.5, FinalWarmup = 0.5, " + Both, "ADALORA007")]
    [InlineData("AdaLoRA(Budget = 8, RankLimits = [\"*.query: 1..2\"], " + Both, null)]
    [InlineData("AdaLoRA(Budget = 8, RankLimits = [\"*.query: 2..1\"], " + Both, "ADALORA012")]
    [InlineData("AdaLoRA(Budget = 8, RankLimits = [\"*.{query: 1..\"], " + Both, "ADALORA012")]
    [InlineData("AdaLoRA(Budget = 8, RankLimits = [\" : 1..\"], " + Both, "ADALORA012")]
    [InlineData("AdaLoRA(Budget = 8, RankLimits = [null!], " + Both, "ADALORA012")]
    [InlineData("AdaLoRA(Budget = 8, RankLimits = [\"*.{query,qury}: 1..\"], " + Both, "ADALORA012")]
    [InlineData("AdaLoRA(Budget = 8, RankLimits = [\"*.conv: 1..\"], " + Both, "ADALORA012")]
    [InlineData("AdaLoRA(Budget = 8, InitialRank = 3, RankLimits = [\"*.key: 4..\"], " + Both, "ADALORA013")]
    [InlineData("AdaLoRA(Budget = 8, RankLimits = [\"*.key: 5..\"], " + Both, "ADALORA013")]
    [InlineData("AdaLoRA(Budget = 8, RankLimits = [\"blocks.0.key: 4..\"], " + Both, null)]
    [InlineData("AdaLoRA(Budget = 8, CheckpointRoot = \"blocks.0\", " + Both, "ADALORA036")]
    [InlineData("AdaLoRA(Budget = 8, CheckpointRoot = \"blocks.0\", Targets = [\"blocks.0.query\"]", null)]
    [InlineData("AdaLoRA(Budget = 8, CheckpointRoot = \"bloc*\", " + Both, "ADALORA036")]
    [InlineData("AdaLoRA(Budget = 7, InitialRank = 3, RankLimits = [\"*: 2..\"], " + Both, "ADALORA013")]
    [InlineData("AdaLoRA(Budget = 8, RankLimits = [\"*.query: 1..\", \"*: ..3\"], " + Both, "ADALORA020")]
    [InlineData("AdaLoRA(Budget = 8, RankLimits = [\"*: ..3\", \"*: ..3\"], " + Both, "ADALORA020")]
    [InlineData("AdaLoRA(Budget = 8, RankLimits = [\"*: ..3\", \"*.query: 1..\"], " + Both, null)]
    [InlineData("AdaLoRA(Budget = 8, Targets = [\"*.query\", \"*.query\", \"blocks.0.query\"]", null)]
    public async Task Attribute(string attribute, string? refusedBy)
    {
        var (errors, stated) = await Read(attribute);
        Assert.Equal(refusedBy is null ? [] : [refusedBy], errors.Select(e => e.Id).Distinct());
        string? refusal = stated.Refusal();
        Assert.True(refusal is null == refusedBy is null, $"The run time says: {refusal ?? "nothing"}");
    }

    /// <summary>Every option, alone, at and beyond the ends of its range. Where one half refuses, both say the same sentence.</summary>
    [Fact]
    public async Task Ranges_and_sentences()
    {
        string[] doubles = ["-1", "-0.001", "0", "double.Epsilon", "0.5", "0.999", "1", "1.5", "2", "100", "2147483647", "2147483648", "1e300", "double.NaN", "double.PositiveInfinity", "double.NegativeInfinity"];
        string[] whole = ["int.MinValue", "-1", "0", "1", "2"];
        var table = new (string Option, string[] Values)[]
        {
            ("Alpha", doubles), ("Dropout", doubles), ("OrthogonalWeight", doubles), ("Beta1", doubles), ("Beta2", doubles), ("InitialWarmup", doubles), ("FinalWarmup", doubles),
            ("Interval", whole), ("InitialRank", whole), ("Seed", whole),
            ("Method", Members("AdapterMethod")), ("Bias", Members("BiasTraining")), ("Fidelity", Members("Fidelity")), ("Score", Members("ImportanceScore")), ("BudgetUnit", Members("BudgetUnit")),
        };
        var stated = typeof(AdaLoRAAttribute).GetProperties().Where(p => p.DeclaringType == typeof(AdaLoRAAttribute) && p.PropertyType.IsValueType).Select(p => p.Name).ToList();
        Assert.Equal(stated.Except(["Budget", "Compact"]).Order(), table.Select(t => t.Option).Order());

        int refused = 0;
        foreach (var (option, values) in table)
        {
            foreach (string value in values)
            {
                var (errors, read) = await Read($"AdaLoRA(Budget = 100, {option} = {value}, {Both}");
                var broken = read.Options.Validate();
                var sentences = errors.Where(e => e.Id is "ADALORA014" or "ADALORA015" or "ADALORA016").Select(e => e.GetMessage(System.Globalization.CultureInfo.InvariantCulture) + ".");
                if (errors.All(e => e.Id != "ADALORA007")) Assert.Equal(broken, sentences);
                else Assert.Single(broken);
                refused += broken.Count;
            }
        }
        Assert.InRange(refused, 50, 120);

        static string[] Members(string type) => [.. Enumerable.Range(-1, 6).Select(n => $"({type})({n})")];
    }

    /// <summary>Attributes put together at random: three in four of them are broken somewhere.</summary>
    [Fact]
    public async Task Attributes_at_random()
    {
        string[] patterns = ["*.query", "*.key", "*", "blocks.0.*y", "blocks.{0..1}.key", "*.{query,qury}", "blocks", "blocks.1.query"];
        string[] ranges = ["1..", "..3", "2..4", "4..", "5..9", "3..1", "0..0", ".."];
        var random = new Random(11);
        int refused = 0, runs = int.Parse(System.Environment.GetEnvironmentVariable("ADALORA_AGREEMENT_RUNS") ?? "60", System.Globalization.CultureInfo.InvariantCulture);
        for (int n = 0; n < runs; n++)
        {
            string attribute = Random();
            var (errors, stated) = await Read(attribute);
            string? refusal = stated.Refusal();
            Assert.True(errors.Count > 0 == refusal is not null, $"{attribute}\nCompiler: {string.Join(" | ", errors)}\nRun time: {refusal}");
            if (refusal is not null) refused++;
        }
        Assert.InRange(refused, runs / 4, runs * 9 / 10);

        string Random()
        {
            bool plain = random.Next(5) == 0;
            var arguments = new List<string> { (plain ? "Rank = " : "Budget = ") + Pick("1", "2", "4", "6", "8", "13", "40"), $"Targets = [{List(i => Pick(patterns), 1, 3)}]" };
            Maybe("Trainable", $"[{List(i => Pick("*.conv", "*.key", "blocks.0", "*.bias", "head"), 1, 2)}]");
            Maybe("Alpha", Pick("-1", "8", "0"));
            Maybe("CheckpointRoot", "\"" + Pick("blocks", "blocks.0", "bl*", "head") + "\"");
            if (!plain)
            {
                Maybe("InitialRank", Pick("0", "1", "2", "4", "5"));
                Maybe("Interval", Pick("0", "1", "5"));
                Maybe("FinalWarmup", Pick("0.2", "0.95", "1.5", "3"));
                Maybe("BudgetUnit", "BudgetUnit.Parameters");
                Maybe("Method", "AdapterMethod.LoRA");
                Maybe("RankLimits", $"[{List(i => Pick(patterns) + ": " + Pick(ranges), 1, 3)}]");
            }
            return (plain ? "LoRA(" : "AdaLoRA(") + string.Join(", ", arguments);

            void Maybe(string name, string value)
            {
                if (random.Next(4) == 0) arguments.Add($"{name} = {value}");
            }
        }

        string Pick(params string[] values) => values[random.Next(values.Length)];
        string List(Func<int, string> element, int least, int most) => string.Join(", ", Enumerable.Range(0, random.Next(least, most + 1)).Select(i => $"\"{element(i)}\""));
    }

    /// <summary>What a fix writes where no value is near, and what is held against a stated one.</summary>
    [Fact]
    public async Task Defaults()
    {
        var options = new AdaLoRAOptions();
        Assert.Equal((options.Beta1, options.Beta2, options.OrthogonalWeight), (RangeRules.DefaultBeta, RangeRules.DefaultBeta, RangeRules.DefaultOrthogonalWeight));
        foreach (var (stated, other) in new[] { ("InitialWarmup", "FinalWarmup"), ("FinalWarmup", "InitialWarmup") })
        {
            double otherwise = (double)typeof(AdaLoRAOptions).GetProperty(other)!.GetValue(options)!;
            var (errors, _) = await Read(FormattableString.Invariant($"AdaLoRA(Budget = 100, {stated} = {1 - otherwise}, {Both}"));
            Assert.Contains(FormattableString.Invariant($"{other} {otherwise}"), Assert.Single(errors).GetMessage(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
        }
    }

    private static async Task<(List<Diagnostic> Errors, StatedOptions Stated)> Read(string attribute)
    {
        var run = GeneratorRun.On(SampleModels.Annotated($"[{attribute})]"));
        return ([.. (await AnalyzerRun.Diagnose(run.Updated)).Where(d => d.Severity == DiagnosticSeverity.Error)], StatedOptions.Of(run.Updated));
    }
}
