using AdaLoRA.Gen.Generators.Diagnostics;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary><c>CheckpointRoot</c> is the path of one module, and every target lies below it. That there is such a module is a matter of <see cref="TargetReader"/>.</summary>
internal static class CheckpointRootRules
{
    private const string Argument = "CheckpointRoot";

    public static void Check(AdapterAttribute attribute, ModuleNode root, TargetSelection selection, List<Finding> findings)
    {
        string stated = attribute.Text(Argument);
        // A module that does not exist is reported already.
        if (stated.Length == 0 || findings.Exists(f => f.Rule == Rules.MatchesNothing && f.Place.Argument == Argument)) return;
        if (stated.IndexOfAny(['*', '?', '{', '}']) >= 0)
        {
            string? meant = root.Descendants().Where(n => IndexSolver.CanMatch(stated, n)).Select(n => PatternAdvice.Shown(n.Path)).FirstOrDefault(p => p.IndexOf('*') < 0);
            Report(meant is null ? "is a pattern, but has to be the path of one module" : $"is a pattern, but has to be the path of one module, such as '{meant}'", meant);
            return;
        }
        var paths = selection.Chosen.SelectMany(l => l.Paths()).ToList();
        var outside = paths.FindAll(path => IsOutside(path, stated));
        if (outside.Count == 0) return;
        string others = outside.Count > 1 ? $" and {Number.Of(outside.Count - 1, "other")}" : "", shared = Shared(paths);
        string sentence = $"does not hold the target '{PatternAdvice.Shown(outside[0])}'{others}, so a saved folder could not name {(outside.Count > 1 ? "them" : "it")}; ";
        bool isUseful = shared.Length > 0 && selection.Residuals.Count == 0;
        Report(sentence + (isUseful ? $"use '{shared}', which holds all of them" : "leave the root out, or the target"), isUseful ? shared : null);

        void Report(string what, string? replacement) =>
            findings.Add(new Finding(Rules.CheckpointRootMisplaced, FindingPlace.InPattern(attribute, Argument, -1, (0, stated.Length)), stated, what) { Replacement = replacement });
    }

    /// <summary>For certain: an index that only the run knows could be the one that the root names.</summary>
    private static bool IsOutside(string path, string root)
    {
        string[] segments = path.Split('.'), above = root.Split('.');
        for (int i = 0; i < above.Length; i++)
        {
            if (i >= segments.Length - 1) return true;
            if (segments[i] != above[i] && segments[i].IndexOf(ModuleNode.IndexMark) < 0) return true;
        }
        return false;
    }

    /// <summary>The deepest module that holds all of them; empty for the model itself, or where it lies below an index that only the run knows.</summary>
    private static string Shared(List<string> paths)
    {
        var shared = paths[0].Split('.').ToList();
        shared.RemoveAt(shared.Count - 1);
        foreach (string path in paths)
        {
            string[] segments = path.Split('.');
            int same = 0;
            while (same < shared.Count && same < segments.Length - 1 && segments[same] == shared[same]) same++;
            shared.RemoveRange(same, shared.Count - same);
        }
        int open = shared.FindIndex(s => s.IndexOf(ModuleNode.IndexMark) >= 0);
        return string.Join(".", open < 0 ? shared : shared.Take(open));
    }
}
