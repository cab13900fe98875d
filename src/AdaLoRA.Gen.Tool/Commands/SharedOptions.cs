using System.CommandLine;

namespace AdaLoRA.Gen.Tool.Commands;

/// <summary>Options that several commands have.</summary>
internal static class SharedOptions
{
    public static Option<bool> Json() => new("--json") { Description = "Write one JSON object to standard output, and nothing else there." };

    public static Option<string> Output(string what) => new("--output", "-o") { Description = what, Required = true, HelpName = "path" };

    public static Option<bool> Force() => new("--force") { Description = "Replace an output that is there. It is replaced only when the new one is complete." };

    public static Option<string?> Base(string what) => new("--base") { Description = what, HelpName = "folder" };

    public static Option<string?> DType()
    {
        var dtype = new Option<string?>("--dtype") { Description = "Type of the floats that are written. Default: each tensor's own; float32 for int8 rows.", HelpName = "float32|bfloat16|float16|float64" };
        dtype.AcceptOnlyFromAmong("float32", "bfloat16", "float16", "float64");
        return dtype;
    }
}
