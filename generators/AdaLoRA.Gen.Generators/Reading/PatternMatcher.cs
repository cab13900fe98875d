namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Runs an alternative over a path as an automaton: the state is the set of positions in the alternative that the path so far can reach.</summary>
internal static class PatternMatcher
{
    /// <summary>Whether some choice of indices makes the path match.</summary>
    public static bool CanMatch(string alternative, string path) => Run(alternative, path, IndexStep)[alternative.Length];

    /// <summary>Whether every choice of indices makes the path match, because a <c>*</c> swallows each index whole.</summary>
    public static bool MatchesAnyIndex(string alternative, string path) => Run(alternative, path, SwallowStep)[alternative.Length];

    /// <summary>Whether some module below this path could match.</summary>
    public static bool CanReachBelow(string alternative, string path)
    {
        var states = path.Length == 0 ? Start(alternative) : Step(alternative, Run(alternative, path, IndexStep), '.');
        for (int i = 0; i < alternative.Length; i++)
            if (states[i]) return true;
        return false;
    }

    private static bool[] Run(string alternative, string path, Func<string, bool[], bool[]> index)
    {
        var states = Start(alternative);
        foreach (char c in path) states = c == ModuleNode.IndexMark ? index(alternative, states) : Step(alternative, states, c);
        return states;
    }

    private static bool[] Start(string alternative)
    {
        var states = new bool[alternative.Length + 1];
        states[0] = true;
        return Close(alternative, states);
    }

    private static bool[] Step(string alternative, bool[] states, char c) =>
        Move(alternative, states, p => p == c || (p == '?' && c != '.'));

    /// <summary>One digit or more, whichever the alternative wants.</summary>
    private static bool[] IndexStep(string alternative, bool[] states)
    {
        var reached = Move(alternative, states, p => p == '?' || p is >= '0' and <= '9');
        for (var next = reached; ;)
        {
            next = Move(alternative, next, p => p == '?' || p is >= '0' and <= '9');
            bool grew = false;
            for (int i = 0; i < next.Length; i++)
            {
                grew |= next[i] && !reached[i];
                reached[i] |= next[i];
            }
            if (!grew) return reached;
        }
    }

    private static bool[] SwallowStep(string alternative, bool[] states) => Move(alternative, states, _ => false);

    private static bool[] Move(string alternative, bool[] states, Func<char, bool> takes)
    {
        var next = new bool[states.Length];
        for (int i = 0; i < alternative.Length; i++)
        {
            if (!states[i]) continue;
            if (alternative[i] == '*') next[i] = true;
            else if (takes(alternative[i])) next[i + 1] = true;
        }
        return Close(alternative, next);
    }

    /// <summary>A <c>*</c> may stand for nothing.</summary>
    private static bool[] Close(string alternative, bool[] states)
    {
        for (int i = 0; i < alternative.Length; i++)
            if (states[i] && alternative[i] == '*') states[i + 1] = true;
        return states;
    }
}
