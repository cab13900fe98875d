using System.CommandLine;

namespace PredictorSample;

/// <summary>Options that are numbers. They parse the text themselves: a validator that reads the value throws where the text is no number.</summary>
internal static class Numbers
{
    public static Option<int> Whole(string name, string description, int from, int to, int standard) => new(name)
    {
        Description = description,
        HelpName = "n",
        DefaultValueFactory = _ => standard,
        CustomParser = argument =>
        {
            if (int.TryParse(argument.Tokens[0].Value, out int n) && n >= from && n <= to) return n;
            argument.AddError($"{name} is '{argument.Tokens[0].Value}'; it must be a whole number from {from} to {to}.");
            return standard;
        },
    };

    /// <summary>Without a default: predictor.json or the options have it.</summary>
    public static Option<int?> WholeOrNone(string name, string description, int from) => new(name)
    {
        Description = description,
        HelpName = "n",
        CustomParser = argument =>
        {
            if (int.TryParse(argument.Tokens[0].Value, out int n) && n >= from) return n;
            argument.AddError($"{name} is '{argument.Tokens[0].Value}'; it must be a whole number of at least {from}.");
            return null;
        },
    };

    public static Option<double> Seconds(string name, string description, double most, double standard) => new(name)
    {
        Description = description,
        HelpName = "x",
        DefaultValueFactory = _ => standard,
        CustomParser = argument =>
        {
            if (double.TryParse(argument.Tokens[0].Value, out double x) && x > 0 && x <= most) return x;
            argument.AddError($"{name} is '{argument.Tokens[0].Value}'; it must be a number above 0 and at most {most}.");
            return standard;
        },
    };
}
