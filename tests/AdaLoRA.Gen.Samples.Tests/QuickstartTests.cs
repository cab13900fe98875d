using Quickstart;
using Xunit.Abstractions;

namespace AdaLoRA.Gen.Samples.Tests;

public sealed class QuickstartTests(ITestOutputHelper output)
{
    /// <summary>What the sample is there to show, over three seeds: AdaLoRA finds the planted ranks, plain LoRA with as many triplets cannot fit the teacher.</summary>
    [Fact]
    public void AdaLoRA_finds_the_planted_ranks_and_LoRA_cannot_fit_them()
    {
        using var problem = new PlantedProblem();
        var adalora = new List<Outcome>();
        var lora = new List<Outcome>();
        foreach (int seed in (int[])[1, 2, 3])
        {
            adalora.Add(Experiment.Run(problem, AdapterMethod.AdaLoRA, seed));
            lora.Add(Experiment.Run(problem, AdapterMethod.LoRA, seed));
            output.WriteLine($"seed {seed}: AdaLoRA {adalora[^1].Error:0.0000} (ranks {string.Join(' ', adalora[^1].Ranks)}), LoRA {lora[^1].Error:0.0000}");
        }
        Assert.All(adalora, o => Assert.Equal(24, o.Ranks.Sum()));
        Assert.True(adalora.Average(o => o.Error) <= 0.003, $"AdaLoRA's mean error is {adalora.Average(o => o.Error):0.0000}");
        Assert.True(adalora.Average(o => o.Overlap) >= 0.97, $"the mean overlap is {adalora.Average(o => o.Overlap):0.00}");
        Assert.True(lora.Average(o => o.Error) >= 0.05, $"LoRA's mean error is {lora.Average(o => o.Error):0.0000}");
    }

    [Theory]
    [InlineData("x")]
    [InlineData("0")]
    public void Threads_that_are_no_number_are_one_sentence(string threads)
    {
        var outcome = Sample.Run("Quickstart", AppContext.BaseDirectory, "--threads", threads);
        Assert.Equal(1, outcome.ExitCode);
        Assert.StartsWith($"--threads is '{threads}'; it must be a whole number of at least 1.", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Error + outcome.Output, StringComparison.Ordinal);
    }
}
