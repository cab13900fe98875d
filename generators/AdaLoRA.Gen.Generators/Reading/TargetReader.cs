using AdaLoRA.Gen.Generators.Diagnostics;
using AdaLoRA.Gen.Generators.Models;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Holds the patterns of an attribute against the module tree.</summary>
internal sealed class TargetReader(AdapterAttribute attribute, string modelName, ModuleNode root, List<Finding> findings)
{
    private readonly List<ModuleNode> _nodes = [.. root.Descendants()];

    public TargetSelection ReadTargets(Func<ModuleNode, bool> isReachable)
    {
        var selection = new TargetSelection(_nodes, isReachable);
        var patterns = attribute.Texts("Targets");
        if (patterns.Count == 0 && !attribute.IsBroken("Targets"))
        {
            string? proposed = PatternProposal.ForAny(_nodes);
            findings.Add(new Finding(Rules.NoTargets, FindingPlace.OnArgument(attribute, "Targets"), modelName,
                proposed is null ? "add at least one pattern, such as Targets = [\"*.query\"]" : $"add at least one pattern, such as Targets = [\"{proposed}\"]")
            {
                Statement = proposed is null ? null : ("Targets", $"[\"{proposed}\"]"),
            });
            selection.IsBroken = true;
        }
        for (int i = 0; i < patterns.Count; i++)
            if (patterns[i] is { } text) ReadPattern(text, i, selection);
        return selection;
    }

    /// <summary>What one pattern chooses by itself.</summary>
    public TargetSelection ReadTarget(int element, Func<ModuleNode, bool> isReachable)
    {
        var selection = new TargetSelection(_nodes, isReachable);
        if (attribute.Texts("Targets")[element] is { } text) ReadPattern(text, element, selection);
        return selection;
    }

    /// <summary>Patterns and paths that mean modules of any kind, or (<c>Trainable</c>) parameters.</summary>
    public void CheckModules(string argument)
    {
        var texts = argument == "CheckpointRoot" ? [attribute.Text(argument)] : attribute.Texts(argument);
        for (int i = 0; i < texts.Count; i++)
        {
            if (texts[i] is not { } text || (argument == "CheckpointRoot" && text.Length == 0)) continue;
            var pattern = PathPattern.Parse(text);
            ReportError(pattern, argument, i);
            foreach (var alternative in pattern.Alternatives)
                if (!_nodes.Exists(n => IndexSolver.CanMatch(alternative.Text, n)) && !MayReachHidden(alternative.Text) && !(argument == "Trainable" && MatchesParameter(alternative.Text)))
                    Report(alternative, argument, i, "module", _ => true);
        }
    }

    private void ReadPattern(string text, int element, TargetSelection selection)
    {
        var pattern = PathPattern.Parse(text);
        if (ReportError(pattern, "Targets", element)) selection.IsBroken = true;
        var residuals = new List<string>();
        var unseen = new List<PatternAlternative>();
        foreach (var alternative in pattern.Alternatives)
        {
            bool residual = MayReachHidden(alternative.Text), adds = false;
            var matched = new List<SelectedLayer>();
            foreach (var layer in selection.Layers)
            {
                var (answer, sets) = IndexSolver.Solve(alternative.Text, layer.Node.Path, layer.Node.ListLengths());
                if (answer != IndexAnswer.NoMatch) matched.Add(layer);
                if (answer is IndexAnswer.All or IndexAnswer.Some) adds |= layer.Add(sets);
                if (answer == IndexAnswer.Undecided) layer.IsSeen = true;
                residual |= answer == IndexAnswer.Undecided || (answer != IndexAnswer.NoMatch && !layer.IsReachable);
            }
            // A path that is written out in full is that of one module.
            if (residual && alternative.Text.IndexOfAny(['*', '?']) < 0 && selection.Layers.Any(l => l.IsReachable && IndexSolver.Solve(alternative.Text, l.Node.Path, l.Node.ListLengths()).Answer is IndexAnswer.All or IndexAnswer.Some)) residual = false;
            if (residual) unseen.Add(alternative);
            if (matched.Count == 0 && !residual) residual = ReportNothing(alternative, element, selection);
            if (residual) residuals.Add(alternative.Text);
            selection.Uses.Add(new AlternativeUse(element, pattern, alternative, matched, AddsNothing: matched.Count > 0 && !residual && !adds));
        }
        foreach (var finding in VisibilityRules.Check(attribute, element, pattern, unseen, [root, .. _nodes], modelName, selection)) AddOnce(finding);
        selection.Residuals.AddRange(residuals.Count == pattern.Alternatives.Count && residuals.Count > 0 ? [text] : residuals);
    }

    /// <returns>Whether the alternative is left to the run: a private module of another assembly could still match.</returns>
    private bool ReportNothing(PatternAlternative alternative, int element, TargetSelection selection)
    {
        if (_nodes.Find(n => n.Kind == NodeKind.NotAdaptable && IndexSolver.CanMatch(alternative.Text, n)) is { Type: { } type } layer)
        {
            var place = FindingPlace.InPattern(attribute, "Targets", element, alternative.SourceOf(0, alternative.Text.Length));
            AddOnce(new Finding(Rules.NotAdaptable, place, alternative.Text, PatternAdvice.Shown(layer.Path), Names.Short(type), PatternProposal.Near(layer, _nodes)));
            selection.IsBroken = true;
            return false;
        }
        bool hidden = MayReachPrivate(alternative.Text);
        Report(alternative, "Targets", element, "adaptable layer", n => n.Kind == NodeKind.Adaptable);
        selection.IsBroken |= !hidden;
        return hidden;
    }

    private void Report(PatternAlternative alternative, string argument, int element, string sought, Func<ModuleNode, bool> isGoal)
    {
        var advice = PatternAdvice.For(alternative, root, isGoal);
        var place = FindingPlace.InPattern(attribute, argument, element, alternative.SourceOf(advice.Start, advice.End));
        AddOnce(new Finding(Rules.MatchesNothing, place, alternative.Text, sought, modelName, advice.Sentence) { Replacement = advice.Replacement });
    }

    private bool ReportError(PathPattern pattern, string argument, int element)
    {
        if (pattern.Error is not { } error) return false;
        AddOnce(new Finding(Rules.MatchesNothing, FindingPlace.InPattern(attribute, argument, element, (0, pattern.Text.Length)), pattern.Text, "module", modelName, error));
        return true;
    }

    /// <summary>Alternatives that fail on the same characters are one mistake.</summary>
    private void AddOnce(Finding finding)
    {
        if (!findings.Exists(f => f.Rule == finding.Rule && f.Place == finding.Place)) findings.Add(finding);
    }

    /// <summary>A parameter of a module that is walked, or any of a layer whose parameters are TorchSharp's own.</summary>
    private bool MatchesParameter(string alternative) => _nodes.Prepend(root).Any(n =>
        (n.Kind == NodeKind.NotAdaptable && PatternMatcher.CanReachBelow(alternative, n.Path))
        || n.Parameters.Exists(p => PatternMatcher.CanMatch(alternative, n.Path.Length == 0 ? p : n.Path + "." + p)));

    /// <summary>Whether the alternative could match a module that only the run sees.</summary>
    public bool MayReachUnseen(string alternative) => MayReachHidden(alternative) || MayReachPrivate(alternative);

    private bool MayReachPrivate(string alternative) => _nodes.Exists(n => n.HidesPrivateMembers && PatternMatcher.CanReachBelow(alternative, n.Path));

    private bool MayReachHidden(string alternative) => VisibilityRules.MayMatchHidden(alternative, root) || _nodes.Exists(n => VisibilityRules.MayMatchHidden(alternative, n));
}
