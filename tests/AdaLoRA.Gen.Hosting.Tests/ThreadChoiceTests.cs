namespace AdaLoRA.Gen.Hosting.Tests;

public class ThreadChoiceTests
{
    private const long ManyBatches = 100_000;

    [Theory]
    [InlineData(1, new[] { 1 })]
    [InlineData(2, new[] { 2, 1 })]
    [InlineData(6, new[] { 6, 4, 2, 1 })]
    [InlineData(8, new[] { 8, 4, 2, 1 })]
    public void Candidates_are_all_and_the_powers_of_two_below(int all, int[] expected) => Assert.Equal(expected, ThreadChoice.Candidates(all));

    // Milliseconds of a batch: what can be shared, what cannot, and what every thread costs.
    [Theory]
    [InlineData(2, 3, 1, 5, 1)]         // too small to share
    [InlineData(2, 400, 10, 1, 2)]      // large
    [InlineData(16, 20, 2, 1, 4)]       // in between
    [InlineData(64, 2000, 5, 0.1, 64)]
    public void The_fastest_is_chosen(int all, double shared, double serial, double overhead, int expected)
    {
        var machine = new Machine(shared, serial, overhead);
        var (threads, times) = ThreadChoice.Choose(all, machine.Time(all), ManyBatches, machine.Run);
        Assert.Equal(expected, threads);
        Assert.Contains(times, t => t.Threads == all);
        Assert.Equal(times.OrderBy(t => t.Threads), times);
        Assert.Equal(machine.Time(expected) * 1e3, times.Single(t => t.Threads == expected).Milliseconds, 1e-9);
    }

    [Fact]
    public void Bursts_of_other_work_change_nothing()
    {
        // Every third run is two to six times slower, whoever it hits.
        for (int seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var machine = new Machine(20, 2, 1) { Noise = () => random.Next(3) == 0 ? 2 + 4 * random.NextDouble() : 1 };
            Assert.True(ThreadChoice.Choose(8, machine.Time(8), ManyBatches, machine.Run).Threads == 4, $"seed {seed}");
        }
    }

    [Fact]
    public void All_threads_stay_unless_another_number_is_clearly_faster()
    {
        var even = new Machine(0, 10, 0);
        Assert.Equal(8, ThreadChoice.Choose(8, even.Time(8), ManyBatches, even.Run).Threads);
        double[] times = [double.NaN, 9.8, 10];
        Assert.Equal(2, ThreadChoice.Choose(2, 0.01, ManyBatches, n => times[n] / 1e3).Threads);
        times[1] = 9.6;
        Assert.Equal(1, ThreadChoice.Choose(2, 0.01, ManyBatches, n => times[n] / 1e3).Threads);
    }

    [Theory]
    [InlineData(1.4, 1.1, 2)]       // seen on a machine with eight times the work it has cores for; alone, two threads take half of what one takes
    [InlineData(3, 1.1, 1)]
    public void One_or_two_long_batches_prove_little(double two, double one, int expected)
    {
        int runs = 0;
        var (threads, times) = ThreadChoice.Choose(2, two, 200, n => { runs++; return n == 1 ? one : two; });
        Assert.Equal(expected, threads);
        Assert.InRange(runs, 2, 5);
        Assert.Equal(2, times.Count);
    }

    [Theory]
    [InlineData(0.002, 100)]
    [InlineData(0.03, 1_000)]
    [InlineData(0.6, 200)]
    [InlineData(10, 10_000)]
    public void Looking_costs_a_bounded_part_of_the_run(double batch, long batches)
    {
        var machine = new Machine(batch * 1e3, 0, 0);
        var (threads, times) = ThreadChoice.Choose(2, machine.Time(2), batches, machine.Run);
        Assert.Equal(2, threads);
        Assert.Equal(2, times.Count);
        double run = machine.Time(2) * batches;
        // The one that was running when time was up comes on top.
        Assert.InRange(machine.Spent, 0, Math.Min(0.1 * run, Math.Max(2, 0.02 * run)) + machine.Time(1));
    }

    [Fact]
    public void Too_short_a_run_is_not_worth_a_look()
    {
        var machine = new Machine(20, 1, 1);
        Assert.Equal((4, 0), (ThreadChoice.Choose(4, machine.Time(4), 10, machine.Run).Threads, machine.Runs));
        Assert.Equal((1, 0), (ThreadChoice.Choose(1, machine.Time(1), ManyBatches, machine.Run).Threads, machine.Runs));
    }

    [Fact]
    public void Hopeless_numbers_are_not_waited_for()
    {
        var machine = new Machine(6400, 0, 0);
        ThreadChoice.Choose(64, machine.Time(64), ManyBatches, n => n >= 16 ? machine.Run(n) : throw new InvalidOperationException($"{n} threads"));
    }

    private sealed class Machine(double shared, double serial, double overhead)
    {
        public Func<double> Noise { get; init; } = () => 1;

        public double Spent { get; private set; }

        public int Runs { get; private set; }

        public double Time(int threads) => (shared / threads + serial + overhead * (threads - 1)) / 1e3;

        public double Run(int threads)
        {
            double taken = Time(threads) * Noise();
            Runs++;
            Spent += taken;
            return taken;
        }
    }
}
