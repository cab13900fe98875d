using AdaLoRA.Gen.Adapters;

namespace AdaLoRA.Gen.Tests.Adapters;

public sealed class PathPatternTests
{
    [Theory]
    [InlineData("*.query", "encoder.layer.0.attention.self.query", true)]
    [InlineData("*.query", "query", false)]
    [InlineData("encoder.*.{query,key}", "encoder.layer.11.attention.self.key", true)]
    [InlineData("encoder.*.{query,key}", "encoder.layer.11.attention.self.value", false)]
    [InlineData("layer.?.up", "layer.3.up", true)]
    [InlineData("layer.?.up", "layer.13.up", false)]
    [InlineData("a?b", "a.b", false)]
    [InlineData("layer.{0..5}.up", "layer.5.up", true)]
    [InlineData("layer.{0..5}.up", "layer.6.up", false)]
    [InlineData("{a,b{c,d}}", "bd", true)]
    [InlineData("a.b", "a+b", false)]
    [InlineData("[x]", "x", false)]
    public void Matches_as_documented(string pattern, string path, bool expected) => Assert.Equal(expected, PathPattern.Parse(pattern).Matches(path));

    [Fact]
    public void Each_alternative_is_checked_by_itself()
    {
        var pattern = PathPattern.Parse("*.{query,valeu}");
        Assert.Equal(["*.valeu"], pattern.AlternativesWithoutMatch(["a.query", "a.value"]));
    }

    [Theory]
    [InlineData("{a,b")]
    [InlineData("a}b")]
    public void Unbalanced_braces_are_refused_with_the_pattern(string pattern)
    {
        var error = Assert.Throws<AdaLoRAException>(() => PathPattern.Parse(pattern));
        Assert.Contains($"'{pattern}'", error.Message);
    }

    [Fact]
    public void Canonical_order_compares_numbers_by_value()
    {
        string[] paths = ["l.10.a", "l.2.b", "l.2.a", "k.99", "l.2"];
        Array.Sort(paths, CanonicalOrder.Compare);
        Assert.Equal(["k.99", "l.2", "l.2.a", "l.2.b", "l.10.a"], paths);
    }
}
