using AdaLoRA.Gen.Conformance.Fuzzing;
using AdaLoRA.Gen.Conformance.Fuzzing.Targets;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Conformance.Tests.Fuzzing;

public sealed class FuzzTests
{
    private const int Inputs = 3000;

    [Theory]
    [InlineData("safetensors")]
    [InlineData("adapter_config.json")]
    [InlineData("gguf")]
    [InlineData("training.json")]
    public void Only_the_librarys_exceptions_leave_a_reader(string name) => AssertHolds(name, Inputs);

    [Fact]
    public void Only_the_librarys_exceptions_leave_the_reader_of_state_json() => AssertHolds("state.json", 3 * Inputs);

    [Fact]
    public void An_input_is_the_same_every_time()
    {
        using var one = new SafetensorsTarget();
        using var two = new SafetensorsTarget();
        var inputs = Enumerable.Range(0, 200).Select(i => Convert.ToHexString(one.Damage(i % one.Seeds.Count, new Mixer(5, (ulong)i)))).ToList();
        Assert.Equal(inputs, Enumerable.Range(0, 200).Select(i => Convert.ToHexString(two.Damage(i % two.Seeds.Count, new Mixer(5, (ulong)i)))));
        Assert.InRange(inputs.Distinct().Count(), 150, 200);
    }

    [Fact]
    public void A_crash_is_told_with_its_input_and_can_be_shown_again()
    {
        using var folder = new TemporaryFolder();
        var results = FuzzRun.Run(Kind(input => { if (input[0] % 50 == 7) _ = ((string?)null)!.Length; }), 0, 2000, 1, folder.Path).ToList();
        Assert.Equal(2, results.Count);
        Assert.Equal(("dice crash", false), (results[0].Name, results[0].Ok));
        Assert.Contains("NullReferenceException", results[0].Detail);
        Assert.False(results[1].Ok);
        long index = long.Parse(results[0].At.Split(' ')[1]);
        Assert.Equal(7, File.ReadAllBytes(folder.File($"dice-{index}.bin"))[0] % 50);
        Assert.Equal(results[0].At, FuzzRun.Run(Kind(input => { if (input[0] % 50 == 7) _ = ((string?)null)!.Length; }), index, 1, 1, null).First().At);
    }

    [Fact]
    public void Refusals_are_no_crashes_but_a_sound_seed_must_be_read()
    {
        Assert.True(Assert.Single(FuzzRun.Run(Kind(input => { if (input[0] != 0) throw new AdaLoRAException("no"); }), 0, 100, 1, null)).Ok);
        var results = FuzzRun.Run(Kind(_ => throw new AdaLoRAException("no")), 0, 100, 1, null).ToList();
        Assert.Equal(("seed 0", false), (results[0].At, results[0].Ok));
    }

    [Fact]
    public void Memory_beyond_the_allowance_fails()
    {
        var results = FuzzRun.Run(Kind(input => GC.KeepAlive(new byte[input[0] == 200 ? 20_000 : 100])), 0, 2000, 1, null).ToList();
        Assert.Equal("dice crash", results[0].Name);
        Assert.Contains("bytes allocated for 1", results[0].Detail);
        Assert.InRange(results[^1].LargestError, 1, 3);
    }

    [Fact]
    public void An_input_that_takes_too_long_fails()
    {
        var results = FuzzRun.Run(Kind(input => Thread.Sleep(input[0] == 0 ? 0 : 2100)), 0, 2, 1, null).ToList();
        Assert.Contains("2.1 s for 1 bytes", results[0].Detail);
    }

    [Fact]
    public void The_command_runs_the_readers_it_is_told()
    {
        var output = new StringWriter();
        Assert.Equal(0, ConformanceProgram.Run(["fuzz", "--count", "50", "--reader", "safetensors", "--json"], output));
        Assert.StartsWith("""{"name":"safetensors","ok":true""", output.ToString());
    }

    private static void AssertHolds(string name, int count)
    {
        var results = FuzzRun.Run(FuzzTargets.All.Single(t => t.Name == name), 0, count, 2026, null).ToList();
        Assert.True(results.All(r => r.Ok), string.Join('\n', results.Select(CaseText.Line)));
    }

    private static FuzzTargetKind Kind(Action<byte[]> read) => new("dice", "dice", () => new Dice(read));

    /// <summary>A reader of one byte, which is 0 in the seed and anything else in an input.</summary>
    private sealed class Dice(Action<byte[]> read) : IFuzzTarget
    {
        private byte[] _input = [];

        public IReadOnlyList<byte[]> Seeds { get; } = [[0]];

        public (int Factor, int Constant) Allowance => (0, 10_000);

        public byte[] Damage(int seed, Mixer random) => [(byte)(1 + random.Below(255))];

        public void Place(int seed, byte[] input) => _input = input;

        public void Read() => read(_input);

        public void Dispose() { }
    }
}
