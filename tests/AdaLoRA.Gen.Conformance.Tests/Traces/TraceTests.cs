using AdaLoRA.Gen.Conformance.Traces;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Conformance.Tests.Traces;

/// <summary>Trainings of PEFT, of the paper's own package and of Algorithm 1, replayed step for step.</summary>
public sealed class TraceTests
{
    public static TheoryData<string> Names => [.. TracesCommand.Names(Fixtures.Path("traces"))];

    [Fact]
    public void The_seven_traces_are_there() =>
        Assert.Equal(["lora_adamw", "loralib_adamw", "paper_adamw", "paper_sgd", "peft_adamw", "peft_adamw_accum_clip", "peft_sgd"], TracesCommand.Names(Fixtures.Path("traces")));

    [Theory]
    [MemberData(nameof(Names))]
    public void Float64_follows_the_trace_to_1e_10(string name) => AssertHolds(name, ReplayKind.Float64, 1e-10);

    [Theory]
    [MemberData(nameof(Names))]
    public void Simd_tail_in_fp32_keeps_the_pattern_and_lambda_to_5e_4(string name) => AssertHolds(name, ReplayKind.Float32, 5e-4);

    [Theory]
    [MemberData(nameof(Names))]
    public void Aten_tail_in_fp32_keeps_the_pattern_and_lambda_to_5e_4(string name) => AssertHolds(name, ReplayKind.Float32Aten, 5e-4);

    private static void AssertHolds(string name, ReplayKind kind, double tolerance)
    {
        var result = TraceCheck.Run(Fixtures.Path("traces"), name, kind);
        Assert.True(result.Ok, CaseText.Line(result));
        Assert.InRange(result.LargestError, double.Epsilon, tolerance);
    }
}
