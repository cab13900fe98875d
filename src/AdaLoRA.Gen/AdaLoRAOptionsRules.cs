using AdaLoRA.Gen.Adapters;
using AdaLoRA.Gen.Budget;
using System.Globalization;

namespace AdaLoRA.Gen;

/// <summary>The rules on <see cref="AdaLoRAOptions"/> that need no model. Those that the analyzer states at compile time have a page in generators/rules.</summary>
internal static class AdaLoRAOptionsRules
{
    public static IReadOnlyList<string> Check(AdaLoRAOptions o)
    {
        var broken = new List<string>();
        void Rule(bool holds, FormattableString sentence)
        {
            if (!holds) broken.Add(sentence.ToString(CultureInfo.InvariantCulture));
        }

        Rule(Enum.IsDefined(o.Method), $"Method is {o.Method}; it must be AdaLoRA or LoRA.");
        Rule(Enum.IsDefined(o.Fidelity), $"Fidelity is {o.Fidelity}; it must be Reference or Paper.");
        IList<string> targets = o.Targets ?? [], trainable = o.Trainable ?? [], limits = o.RankLimits ?? [];
        Rule(targets.Count > 0, $"Targets is empty; name at least one pattern, such as \"*.query\".");
        Rule(targets.All(p => !string.IsNullOrWhiteSpace(p)), $"Targets holds an empty pattern; remove it.");
        Rule(trainable.All(p => !string.IsNullOrWhiteSpace(p)), $"Trainable holds an empty pattern; remove it.");
        Rule(o.Trainable is not null, $"Trainable is null; an empty list trains the adapters alone.");
        Rule(o.RankLimits is not null, $"RankLimits is null; an empty list limits nothing.");
        Readable("Targets", targets.Where(p => !string.IsNullOrWhiteSpace(p)), p => PathPattern.Parse(p));
        Readable("Trainable", trainable.Where(p => !string.IsNullOrWhiteSpace(p)), p => PathPattern.Parse(p));
        Rule(o.InitialRank >= 0, $"InitialRank is {o.InitialRank}; it must be at least 1, or 0 to let the budget decide.");
        Rule(double.IsFinite(o.Alpha) && o.Alpha >= 0, $"Alpha is {o.Alpha}; it must be positive, or 0 for the default.");
        Rule(o.Dropout is >= 0 and < 1, $"Dropout is {o.Dropout}; it must be at least 0 and below 1.");
        Rule(Enum.IsDefined(o.Bias), $"Bias is {o.Bias}; it must be None, All or AdapterOnly.");
        if (o.Method == AdapterMethod.LoRA)
        {
            Rule(o.InitialRank > 0 || o.Budget > 0, $"InitialRank is {o.InitialRank} and Budget is {o.Budget}; LoRA needs a rank: set InitialRank (or Budget, the triplets of all targets together) to at least 1.");
            return broken;
        }
        Rule(o.Budget >= 1, $"Budget is {o.Budget}; it must be at least 1: it is the number of triplets (or parameters) kept over all targets.");
        Rule(Enum.IsDefined(o.Score), $"Score is {o.Score}; it must be Product, Sensitivity, Magnitude or SignalToNoise.");
        Rule(Enum.IsDefined(o.BudgetUnit), $"BudgetUnit is {o.BudgetUnit}; it must be Triplets or Parameters.");
        Readable("RankLimits", limits.Select(l => l ?? ""), limit =>
        {
            if (RankLimit.Parse(limit) is null) broken.Add(RankLimit.Malformed(limit));
        });
        Rule(o.Interval >= 1, $"Interval is {o.Interval}; it must be at least 1 step.");
        Rule(o.Beta1 is > 0 and < 1, $"Beta1 is {o.Beta1}; it must lie between 0 and 1, both excluded.");
        Rule(o.Beta2 is > 0 and < 1, $"Beta2 is {o.Beta2}; it must lie between 0 and 1, both excluded.");
        Rule(double.IsFinite(o.OrthogonalWeight) && o.OrthogonalWeight >= 0, $"OrthogonalWeight is {o.OrthogonalWeight}; it must be at least 0.");
        Rule(IsDuration(o.InitialWarmup), $"InitialWarmup is {o.InitialWarmup}; it must be a fraction of the run below 1, or whole steps from 1 on.");
        Rule(IsDuration(o.FinalWarmup), $"FinalWarmup is {o.FinalWarmup}; it must be a fraction of the run below 1, or whole steps from 1 on.");
        if (o.InitialWarmup is >= 0 and < 1 && o.FinalWarmup is >= 0 and < 1)
        {
            Rule(o.InitialWarmup + o.FinalWarmup < 1,
                $"InitialWarmup {o.InitialWarmup} and FinalWarmup {o.FinalWarmup} leave no budgeting phase between them; together they must be below 1.");
        }
        return broken;

        // A brace that is not closed is found only by reading.
        void Readable(string option, IEnumerable<string> texts, Action<string> read)
        {
            foreach (string text in texts)
            {
                try
                {
                    read(text);
                }
                catch (AdaLoRAException e)
                {
                    broken.Add($"{option}: {e.Message}");
                }
            }
        }
    }

    private static bool IsDuration(double value) => value >= 0 && (value < 1 || (value == Math.Floor(value) && value <= int.MaxValue));
}
