using System.Reflection;
using AdaLoRA.Gen.Generators.Reading;

namespace AdaLoRA.Gen.Generators.Tests.Reading;

/// <summary>Compile time and run time read the same limits.</summary>
public sealed class RankLimitTests
{
    private static readonly Type RunTime = typeof(AdapterSet).Assembly.GetType("AdaLoRA.Gen.Budget.RankLimit", throwOnError: true)!;
    private static readonly MethodInfo ParseAtRunTime = RunTime.GetMethod("Parse", BindingFlags.Static | BindingFlags.Public)!;

    /// <summary>Ten thousand texts of pieces that limits are made of; those of every second one are those of a range.</summary>
    [Fact]
    public void Both_halves_agree_on_every_text()
    {
        string[] ranges = ["..", "..", "1", "4", "10", " ", ":"];
        string[] pieces = ["a", "*", ".", "..", "..", ":", ": ", " ", "1", "4", "10", "{a,b}", "{", "}", "-"];
        var random = new Random(7);
        int readable = 0;
        for (int n = 0; n < 10_000; n++)
        {
            string text = n % 2 == 0 ? "a:" + Text(ranges, 4) : Text(pieces, 8);
            var limit = RankLimit.Parse(text);
            var expected = AtRunTime(text);
            Assert.True(expected is null == limit.Fault is not null, text);
            if (expected is not { } at) continue;
            Assert.Equal((at.Pattern, at.Minimum, at.Maximum), (limit.Pattern.Text, limit.Minimum, limit.Maximum));
            Assert.Equal(limit.Pattern.Text, text.Substring(limit.PatternStart, limit.Pattern.Text.Length));
            if (limit.MinimumPart.Length > 0) Assert.Equal(limit.Minimum, int.Parse(text.AsSpan(limit.MinimumPart.Start, limit.MinimumPart.Length), System.Globalization.CultureInfo.InvariantCulture));
            readable++;
        }
        Assert.InRange(readable, 500, 9_000);

        string Text(string[] from, int most) => string.Concat(Enumerable.Range(0, random.Next(1, most)).Select(_ => from[random.Next(from.Length)]));
    }

    [Theory]
    [InlineData("*.query: 1..4", 1, 4)]
    [InlineData("*.value:2..", 2, int.MaxValue)]
    [InlineData(" head :..3 ", 0, 3)]
    [InlineData("a:b: 0..0", 0, 0)]
    public void Range(string text, int minimum, int maximum)
    {
        var limit = RankLimit.Parse(text);
        Assert.Null(limit.Fault);
        Assert.Equal((minimum, maximum), (limit.Minimum, limit.Maximum));
    }

    /// <summary>Null where the run time refuses the text, be it at once or because an empty pattern matches nothing.</summary>
    private static (string Pattern, int Minimum, int Maximum)? AtRunTime(string text)
    {
        object? parsed;
        try
        {
            parsed = ParseAtRunTime.Invoke(null, [text]);
        }
        catch (TargetInvocationException e) when (e.InnerException is AdaLoRAException)
        {
            return null;
        }
        if (parsed is not System.Runtime.CompilerServices.ITuple tuple) return null;
        string pattern = (string)tuple[0]!.GetType().GetProperty("Text")!.GetValue(tuple[0])!;
        if (pattern.Length == 0) return null;
        return (pattern, (int)RunTime.GetProperty("Minimum")!.GetValue(tuple[1])!, (int)RunTime.GetProperty("Maximum")!.GetValue(tuple[1])!);
    }
}
