using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Samples.Tests;

public sealed class SvdDemoTests
{
    [Theory]
    [InlineData("", "100", "40")]
    [InlineData("--size 100 --rank 5 --seed 7", "10000", "1000")]
    public void Both_layers_agree_and_the_parameters_are_counted(string arguments, string full, string factored)
    {
        using var folder = new TemporaryFolder();
        var outcome = Sample.Run("SvdDemo", folder.Path, arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.True(outcome.ExitCode == 0, outcome.Output + outcome.Error);
        Assert.Contains(full, outcome.Output);
        Assert.Contains(factored, outcome.Output);
    }

    [Fact]
    public void A_rank_above_the_size_is_refused()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(2, Sample.Run("SvdDemo", folder.Path, "--size", "4", "--rank", "5").ExitCode);
    }
}
