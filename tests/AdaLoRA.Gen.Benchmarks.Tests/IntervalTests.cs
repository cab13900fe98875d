using AdaLoRA.Gen.Benchmarks.Measuring;

namespace AdaLoRA.Gen.Benchmarks.Tests;

public class IntervalTests
{
    [Fact]
    public void Median_of_an_even_number_is_between_the_middle_two()
    {
        Assert.Equal(2.5, Interval.OfMedian([4, 1, 3, 2]).Median);
    }

    [Theory]
    // Places of the ends among n sorted values, from tables of the sign test.
    [InlineData(5, 0)]
    [InlineData(6, 0)]
    [InlineData(9, 1)]
    [InlineData(17, 4)]
    [InlineData(30, 9)]
    [InlineData(100, 39)]
    public void Ends_are_the_order_statistics_of_the_sign_test(int n, int place)
    {
        var interval = Interval.OfMedian(Enumerable.Range(0, n).Reverse().Select(i => (double)i));
        Assert.Equal(place, interval.Low);
        Assert.Equal(n - 1 - place, interval.High);
    }

    [Fact]
    public void The_ends_of_many_values_join_the_table()
    {
        var few = Interval.OfMedian(Enumerable.Range(0, 100).Select(i => (double)i));
        var many = Interval.OfMedian(Enumerable.Range(0, 101).Select(i => (double)i));
        Assert.InRange(many.Low, few.Low, few.Low + 1);
    }

    [Fact]
    public void Nothing_measured_is_no_number()
    {
        Assert.True(double.IsNaN(Interval.OfMedian([]).Median));
    }

    [Fact]
    public void Mean_has_an_interval_of_its_standard_error()
    {
        var mean = Interval.Mean([1, 2, 3, 4, 5]);
        Assert.Equal(3, mean.Median);
        Assert.Equal(3 - 1.96 * Math.Sqrt(2.5 / 5), mean.Low, 1e-12);
        Assert.Equal(3 + 1.96 * Math.Sqrt(2.5 / 5), mean.High, 1e-12);
    }

    [Fact]
    public void Few_values_are_told_by_their_range()
    {
        Assert.Equal(new Interval(2, 1, 9), Interval.Range([9, 1, 2]));
    }
}
