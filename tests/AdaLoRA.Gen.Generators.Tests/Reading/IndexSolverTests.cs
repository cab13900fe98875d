using System.Reflection;
using AdaLoRA.Gen.Generators.Reading;

namespace AdaLoRA.Gen.Generators.Tests.Reading;

/// <summary>Patterns over paths with indices, and the agreement of the two grammars.</summary>
public sealed class IndexSolverTests
{
    private static string Solve(string pattern, string path, params int?[] lengths)
    {
        var (answer, sets) = IndexSolver.Solve(pattern, path.Replace('#', ModuleNode.IndexMark), lengths);
        return answer == IndexAnswer.Some ? string.Join(";", sets!.Indices.Select(s => string.Join(",", s))) : answer.ToString();
    }

    [Theory]
    [InlineData("*", "All")]
    [InlineData("layers.*.q", "All")]
    [InlineData("*.q", "All")]
    [InlineData("layers.3.q", "3")]
    [InlineData("layers.12.q", "12")]
    [InlineData("layers.?.q", "0,1,2,3,4,5,6,7,8,9")]
    [InlineData("layers.1?.q", "10,11,12,13,14,15,16,17,18,19")]
    [InlineData("layers.1*.q", "Undecided")]
    [InlineData("layers.*.k", "NoMatch")]
    [InlineData("layers.x.q", "NoMatch")]
    [InlineData("layers", "NoMatch")]
    public void List_of_unknown_length(string pattern, string expected) => Assert.Equal(expected, Solve(pattern, "layers.#.q", (int?)null));

    [Theory]
    [InlineData("layers.*.q", "All")]
    [InlineData("layers.?.q", "0,1,2,3,4,5,6,7,8,9")]
    [InlineData("layers.1*.q", "1,10,11")]
    [InlineData("layers.12.q", "NoMatch")]
    [InlineData("layers.??.q", "10,11")]
    public void List_of_twelve(string pattern, string expected) => Assert.Equal(expected, Solve(pattern, "layers.#.q", 12));

    [Theory]
    [InlineData("a.1.*.q", "1;")]
    [InlineData("a.*.b.2.q", ";2")]
    [InlineData("a.0.b.2.q", "0;2")]
    [InlineData("*.q", "All")]
    public void Lists_in_lists(string pattern, string expected)
    {
        Assert.Equal(expected, Solve(pattern, "a.#.b.#.q", null, null));
        Assert.Equal(expected, Solve(pattern, "a.#.b.#.q", 4, null));
    }

    /// <summary>The run time reads the same patterns with its own parser; over random patterns and paths the two agree on every alternative and every match.</summary>
    [Fact]
    public void Grammar_agrees_with_the_run_time()
    {
        var parse = typeof(AdaLoRAPlan).Assembly.GetType("AdaLoRA.Gen.Adapters.PathPattern", throwOnError: true)!;
        var random = new Random(1);
        string[] pieces = ["a", "b", ".", ".", "*", "?", "{a,b}", "{0..3}", "{a,{b,c.d}}", "{1..x}", "{3..3}", "1", "{,a}", "{", "}", "{3..1}"];
        string[] names = ["a", "b", "c", "d", "0", "1", "3", "x"];
        int matches = 0, errors = 0;
        for (int i = 0; i < 3000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 6)).Select(_ => pieces[random.Next(i % 10 == 0 ? pieces.Length : pieces.Length - 3)]));
            var mine = PathPattern.Parse(text);
            object theirs;
            try
            {
                theirs = parse.GetMethod("Parse")!.Invoke(null, [text])!;
            }
            catch (TargetInvocationException)
            {
                Assert.NotNull(mine.Error);
                errors++;
                continue;
            }
            Assert.Null(mine.Error);
            for (int j = 0; j < 10; j++)
            {
                string path = string.Join(".", Enumerable.Range(0, random.Next(1, 4)).Select(_ => names[random.Next(names.Length)]));
                bool expected = (bool)parse.GetMethod("Matches")!.Invoke(theirs, [path])!;
                Assert.True(expected == mine.Alternatives.Any(a => PatternMatcher.CanMatch(a.Text, path)), $"{text} on {path}: {expected}");
                if (expected) matches++;
            }
        }
        Assert.True(matches > 500 && errors > 50, $"{matches} matches, {errors} errors");
    }
}
