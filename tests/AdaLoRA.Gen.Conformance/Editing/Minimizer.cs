using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Conformance.Editing;

/// <summary>Drops edits and files of a failing sequence for as long as it still fails.</summary>
internal static class Minimizer
{
    public static (EditSequence Sequence, SequenceResult Result) Shrink(EditSequence sequence, SequenceResult result, CSharpCompilation corpus, FreshRun fresh)
    {
        bool again = true;
        while (again)
        {
            again = false;
            // What comes after the failure goes first, then one edit or file at a time.
            foreach (var smaller in Smaller(sequence with { Edits = [.. sequence.Edits.TakeWhile(e => e != result.FailsAt), .. sequence.Edits.Where(e => e == result.FailsAt)] }))
            {
                var outcome = smaller.Run(corpus, fresh);
                if (outcome.Ok) continue;
                (sequence, result, again) = (smaller, outcome, true);
                break;
            }
        }
        return (sequence, result);
    }

    private static IEnumerable<EditSequence> Smaller(EditSequence sequence)
    {
        for (int i = sequence.Edits.Count - 1; i >= 0; i--) yield return sequence with { Edits = [.. sequence.Edits.Where((_, at) => at != i)] };
        if (sequence.Files.Count == 1) yield break;
        for (int i = 0; i < sequence.Files.Count; i++) yield return sequence with { Files = [.. sequence.Files.Where((_, at) => at != i)] };
    }
}
