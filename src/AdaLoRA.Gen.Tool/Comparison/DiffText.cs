using AdaLoRA.Gen.Tool.Output;

namespace AdaLoRA.Gen.Tool.Comparison;

/// <summary>A comparison for people.</summary>
internal static class DiffText
{
    private const int NamesShown = 3;

    public static void Write(DiffReport report, Terminal terminal)
    {
        var to = terminal.Out;
        if (report.IdenticalBytes)
        {
            to.WriteLine($"{report.A} and {report.B} are the same bytes.");
            if (report.Config.Count == 0) return;
        }
        var config = new Grid("config", "field", "a", "b") { LeftAligned = [0, 1, 2] };
        foreach (var field in report.Config) config.Add(field.Field, Short(field.A), Short(field.B));
        config.Write(terminal);
        OnlyIn("a", report.OnlyInA);
        OnlyIn("b", report.OnlyInB);
        var targets = new Grid("targets that differ", "target", "rank a", "rank b", "|dW a|", "|dW b|", "|dW a - dW b|", "relative", "cosine", "note") { LeftAligned = [0, 8] };
        foreach (var t in report.Targets.Where(t => !t.IdenticalBytes))
        {
            targets.Add(t.Path, $"{t.RankA}", $"{t.RankB}", Text.Number(t.NormA), Text.Number(t.NormB), Text.Number(t.Change), Text.Number(t.RelativeChange), Text.Number(t.Cosine), t.Note ?? "");
        }
        targets.Write(terminal);
        int same = report.Targets.Count(t => t.IdenticalBytes);
        if (same > 0 && !report.IdenticalBytes) to.WriteLine($"{same} of {report.Targets.Count} targets of both are the same, bit for bit.");
        var modules = new Grid("modules trained in full that differ", "parameter", "in", "relative") { LeftAligned = [0, 1] };
        foreach (var module in report.Modules) modules.Add(module.Name, module.Where, Text.Number(module.RelativeChange));
        modules.Write(terminal);
        if (!report.IdenticalBytes && report.RelativeChange is { } change) to.WriteLine($"Over the targets of both: |dW a - dW b| / |dW a| = {Text.Number(change)}.");
        to.WriteLine(report.Same ? "They are the same." : "They differ.");

        // Adapters of different models share no target; --json has the whole list.
        void OnlyIn(string which, IReadOnlyList<string> paths)
        {
            foreach (string path in paths.Take(NamesShown)) to.WriteLine($"only in {which}: {path}");
            if (paths.Count > NamesShown) to.WriteLine($"only in {which}: … and {paths.Count - NamesShown} more");
        }
    }

    private static string Short(string? value) => value is null ? "-" : value.Length <= 60 ? value : value[..60] + "…";
}
