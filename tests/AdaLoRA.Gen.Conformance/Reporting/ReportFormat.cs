using System.CommandLine;

namespace AdaLoRA.Gen.Conformance;

/// <summary>Where cases are printed, and the option that chooses how.</summary>
internal sealed class ReportFormat(TextWriter output)
{
    /// <summary><c>--json</c>, for every subcommand.</summary>
    public Option<bool> Json { get; } = new("--json") { Description = "One JSON object a line and case, for machines.", Recursive = true };

    /// <summary>Prints cases as they come.</summary>
    /// <returns>The exit code: 0 when there was a case and all held, otherwise 1.</returns>
    public int Print(ParseResult arguments, IEnumerable<CaseResult> cases)
    {
        bool json = arguments.GetValue(Json), ok = true, any = false;
        foreach (var result in cases)
        {
            output.WriteLine(json ? CaseText.Json(result) : CaseText.Line(result));
            output.Flush();
            ok &= result.Ok;
            any = true;
        }
        if (!any) Console.Error.WriteLine("There was nothing to check.");
        return ok && any ? 0 : 1;
    }
}
