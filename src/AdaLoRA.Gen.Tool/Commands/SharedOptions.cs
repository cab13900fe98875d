using System.CommandLine;
using System.Globalization;

namespace AdaLoRA.Gen.Tool.Commands;

/// <summary>Options that several commands have.</summary>
internal static class SharedOptions
{
    public static Option<bool> Json() => new("--json") { Description = "Write one JSON object to standard output, and nothing else there." };

    public static Option<string> Output(string what) => new("--output", "-o") { Description = what, Required = true, HelpName = "path" };

    public static Option<bool> Force() => new("--force") { Description = "Replace an output that is there. It is replaced only when the new one is complete." };

    public static Option<string?> Base(string what) => new("--base") { Description = what, HelpName = "folder" };

    /// <summary>A whole number with a default, which the help prints. Not a validator: one that reads the value throws where the text is no number.</summary>
    public static Option<int> Whole(string name, string description, int from, int to, int standard) => new(name)
    {
        Description = description,
        HelpName = "n",
        DefaultValueFactory = _ => standard,
        CustomParser = argument =>
        {
            if (int.TryParse(argument.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= from && value <= to) return value;
            argument.AddError($"{name} is '{argument.Tokens[0].Value}'; it must be a whole number from {from} to {to}.");
            return standard;
        },
    };

    public static Option<string?> DType()
    {
        var dtype = new Option<string?>("--dtype") { Description = "Type of the floats that are written. Default: each tensor's own; float32 for int8 rows.", HelpName = "float32|bfloat16|float16|float64" };
        dtype.AcceptOnlyFromAmong("float32", "bfloat16", "float16", "float64");
        return dtype;
    }
}
