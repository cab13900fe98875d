using AdaLoRA.Gen.Benchmarks.Bars;
using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Reporting;

namespace AdaLoRA.Gen.Benchmarks.Compiling;

/// <summary>Measures what a keystroke costs the generator, with its memo and without.</summary>
internal static class CompileRun
{
    private const int WarmUp = 5;

    public static CompileReport Run(bool quick, Progress progress)
    {
        var verdicts = new List<Verdict>();
        var costs = new List<CompileCost>();
        foreach (var shape in CompileShape.All) Measure(shape, quick ? 15 : 60, verdicts, costs, progress);
        return new CompileReport(verdicts, costs);
    }

    private static void Measure(CompileShape shape, int rounds, List<Verdict> verdicts, List<CompileCost> costs, Progress progress)
    {
        // Two projects, so that neither finds symbols bound by the other's run.
        var with = new CompiledProject(shape, remembers: true);
        var without = new CompiledProject(shape, remembers: false);
        List<(double Ms, long Bytes)> remembered = [], read = [], declared = [], inside = [];
        for (int round = -WarmUp; round < rounds; round++)
        {
            progress.Report($"{shape.Name}: round {Math.Max(round, 0)} of {rounds}");
            string keystroke = CompileShape.UnrelatedText(round + WarmUp + 1, 0);
            with.Edit(CompileShape.Unrelated, keystroke);
            without.Edit(CompileShape.Unrelated, keystroke);
            var (first, second) = round % 2 == 0 ? (with, without) : (without, with);
            var times = (First: first.Run(), Second: second.Run());
            if (with.Rewritten != 0 || without.Rewritten != 0) throw new InvalidOperationException("An unrelated edit wrote a file anew.");
            if (round < 0) continue;
            remembered.Add(round % 2 == 0 ? times.First : times.Second);
            read.Add(round % 2 == 0 ? times.Second : times.First);
        }
        int rewritten = 0;
        for (int round = 0; round < rounds / 3; round++)
        {
            progress.Report($"{shape.Name}: edits of declarations and of a model, {round} of {rounds / 3}");
            with.Edit(CompileShape.Unrelated, CompileShape.UnrelatedText(0, round + 1));
            declared.Add(with.Run());
            with.Edit("Model3.cs", shape.Model(3, 65 + round));
            inside.Add(with.Run());
            rewritten = Math.Max(rewritten, with.Rewritten);
        }
        var ratio = Interval.OfMedian(remembered.Zip(read, (a, b) => a.Ms / b.Ms));
        verdicts.Add(Verdict.AtMost($"{shape.Name}: unrelated keystroke with memo / without", ratio, shape.Limit, rounds));
        var files = Verdict.AtMost($"{shape.Name}: files written anew by an edit inside one model", new Interval(rewritten, rewritten, rewritten), 1, rounds / 3, "files");
        verdicts.Add(files with { Ok = rewritten == 1 && with.Written == shape.Models });
        costs.Add(Cost(shape, "unrelated keystroke, memo", remembered));
        costs.Add(Cost(shape, "unrelated keystroke, no memo", read));
        costs.Add(Cost(shape, "unrelated declaration, memo", declared));
        costs.Add(Cost(shape, "edit inside one model, memo", inside));
    }

    private static CompileCost Cost(CompileShape shape, string what, List<(double Ms, long Bytes)> samples) =>
        new(shape.Name, what, Interval.OfMedian(samples.Select(s => s.Ms)).Median, (long)Interval.OfMedian(samples.Select(s => (double)s.Bytes)).Median);
}

/// <summary>Medians of one kind of edit.</summary>
internal sealed record CompileCost(string Shape, string What, double Ms, long ManagedBytes);

/// <summary>What <see cref="CompileRun"/> found.</summary>
internal sealed record CompileReport(IReadOnlyList<Verdict> Verdicts, IReadOnlyList<CompileCost> Costs)
{
    public bool Ok => Verdicts.All(v => v.Ok != false);
}
