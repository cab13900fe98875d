using System.Text.Json;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Hosting.Tests;

public class LearningRateScheduleTests
{
    public static TheoryData<string> Names => [.. Golden().RootElement.EnumerateObject().Select(p => p.Name)];

    [Fact]
    public void All_seven_are_in_the_fixture() => Assert.Equal(Enum.GetValues<ScheduleKind>().Length, Names.Count);

    [Theory]
    [MemberData(nameof(Names))]
    public void Agrees_with_transformers(string name)
    {
        using var golden = Golden();
        var entry = golden.RootElement.GetProperty(name);
        var args = entry.GetProperty("args");
        double Arg(string key, double otherwise) =>
            args.TryGetProperty(key, out var v) || (args.TryGetProperty("scheduler_specific_kwargs", out var inner) && inner.TryGetProperty(key, out v)) ? v.GetDouble() : otherwise;
        var kind = Enum.Parse<ScheduleKind>(name.Replace("_", "", StringComparison.Ordinal), ignoreCase: true);
        var schedule = new LearningRateSchedule(kind, (int)Arg("num_training_steps", 50), (int)Arg("num_warmup_steps", 0))
        {
            Cycles = Arg("num_cycles", -1) is > 0 and var cycles ? cycles : null,
            Power = Arg("power", 1),
            EndRate = Arg("lr_end", 1e-7),
        };
        double peak = entry.GetProperty("base_lr").GetDouble();
        double[] expected = [.. entry.GetProperty("lr_used_at_step_1_to_50").EnumerateArray().Select(e => e.GetDouble())];
        Assert.Equal(50, expected.Length);
        for (int step = 1; step <= 50; step++) Assert.Equal(expected[step - 1], schedule.RateAt(step, peak), 1e-12);
    }

    [Theory]
    [InlineData(0.1, 20)]
    [InlineData(7, 7)]
    [InlineData(0.0, 0)]
    public void Warmup_is_a_fraction_below_one_and_steps_from_one(double warmup, int steps) =>
        Assert.Equal(steps, LearningRateSchedule.From(new TrainingOptions { Warmup = warmup }, 200).WarmupSteps);

    private static JsonDocument Golden() => Fixtures.Json("schedules.json");
}
