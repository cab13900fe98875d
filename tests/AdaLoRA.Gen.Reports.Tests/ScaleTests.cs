using AdaLoRA.Gen.Reports.Charts;

namespace AdaLoRA.Gen.Reports.Tests;

public sealed class ScaleTests
{
    [Theory]
    [InlineData(0, 200, "0 50 100 150 200")]
    [InlineData(0.05, 0.95, "0 0.2 0.4 0.6 0.8 1.0")]
    [InlineData(-5.25, -3.125, "-5.0 -4.5 -4.0 -3.5 -3.0")]
    [InlineData(0, 2_000_000_000, "0 0.5G 1.0G 1.5G 2.0G")]
    [InlineData(0.99990, 0.99995, "0.99990 0.99991 0.99992 0.99993 0.99994 0.99995")]
    [InlineData(0, 4e-5, "0 1e-5 2e-5 3e-5 4e-5")]
    [InlineData(0, 45_000, "0 10k 20k 30k 40k")]
    public void Numbers_of_an_axis_are_round(double low, double high, string expected)
    {
        var ticks = Scale.Of([low, high], 0, 100, fromZero: false, mayBeLogarithmic: false).Ticks(5);
        Assert.Equal(expected, string.Join(' ', ticks.Select(t => t.Text)));
    }

    [Fact]
    public void Every_tick_lies_on_the_axis_whatever_the_values_are()
    {
        var random = new Random(1);
        for (int i = 0; i < 20_000; i++)
        {
            double size = Math.Pow(10, random.NextDouble() * 600 - 300);
            double[] values = [(random.NextDouble() - 0.5) * size, (random.NextDouble() - 0.5) * size * Math.Pow(10, random.Next(-20, 20))];
            bool fromZero = random.Next(2) == 0, logarithmic = random.Next(2) == 0;
            var scale = Scale.Of(values, 100, 0, fromZero, logarithmic);
            var ticks = scale.Ticks(5);
            Assert.InRange(ticks.Count, 0, 13);
            Assert.All(ticks, t => Assert.InRange(scale.At(t.Value), -0.01, 100.01));
            Assert.All(values.Where(v => Math.Abs(v) < 1e149), v => Assert.InRange(scale.At(v), -0.01, 100.01));
            if (fromZero && !scale.IsLogarithmic) Assert.InRange(scale.At(0), -0.01, 100.01);
        }
    }
}
