using System.Globalization;
using System.Text;

namespace AdaLoRA.Gen.Hosting;

/// <summary>What <c>--help</c> shows: every option with its meaning, range and default, from the tables that the options are read and refused by.</summary>
internal static class OptionHelp
{
    private const int Indent = 32;

    /// <summary>The whole text.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="adapter">The attribute's values.</param>
    public static string Of(string model, AdaLoRAOptions adapter)
    {
        var defaults = new TrainingOptions { Adapter = adapter };
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"Options of {model}, each also a value of the configuration section {AdaLoRAServiceCollectionExtensions.RootSection}:{model}; what is given here wins.\n\n");
        foreach (string path in OptionsTable.Paths) Line(text, defaults, path);
        return text.Append('\n').Append(
            """
            Lists are written with semicolons: --targets "*.query;*.value". Other settings of the app are written with their full path: --Logging:LogLevel:Default Debug.
            Exit codes: 0 done, 1 failed, 2 these options cannot be used, 130 interrupted (the next start goes on).
            """.ReplaceLineEndings("\n")).ToString();
    }

    private static void Line(StringBuilder text, TrainingOptions defaults, string path)
    {
        string name = $"  {OptionsTable.Argument(path)}{(OptionsTable.IsSwitch(path) ? " [true|false]" : " <value>")}";
        text.Append(name);
        if (name.Length >= Indent) text.Append('\n').Append(' ', Indent);
        else text.Append(' ', Indent - name.Length);
        var words = OptionTexts.Of(path);
        string value = OptionsTable.Read(defaults, path);
        text.Append(words.Help).Append(" (").Append(OptionsTable.IsSwitch(path) ? "" : OptionsTable.Expected(path, withKind: false) + "; ")
            .Append("default: ").Append(value.Length == 0 ? "none" : value).Append(")\n");
    }
}
