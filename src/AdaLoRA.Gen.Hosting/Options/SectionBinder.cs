using Microsoft.Extensions.Configuration;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// Reads a configuration section onto options that already hold the attribute's values. Not the framework's binder, since that one stops at the first value it cannot convert, says
/// nothing of a misspelt key, and adds a list's items to the attribute's instead of replacing them.
/// </summary>
internal static class SectionBinder
{
    /// <summary>Sets what can be read; what cannot is noted in <see cref="TrainingOptions.Unreadable"/>.</summary>
    public static void Bind(IConfiguration section, TrainingOptions options)
    {
        options.Section = (section as IConfigurationSection)?.Path;
        foreach (var child in section.GetChildren())
        {
            if (child.Key == TrainingArguments.Wrong)
            {
                options.WrongArguments.AddRange(child.GetChildren().Select(c => c.Value ?? ""));
            }
            else if (child.Key.Equals(OptionsTable.AdapterSection, StringComparison.OrdinalIgnoreCase))
            {
                foreach (var grandchild in child.GetChildren()) Set(options, grandchild, $"{OptionsTable.AdapterSection}:{grandchild.Key}");
            }
            else
            {
                Set(options, child, child.Key);
            }
        }
    }

    private static void Set(TrainingOptions options, IConfigurationSection value, string path)
    {
        if (OptionsTable.Canonical(path) is not { } known)
        {
            options.Unreadable.Add($"{path} is not an option; {NearestName.Advice(path)}");
        }
        else if (OptionsTable.IsList(known))
        {
            string[] items = value.Value is { Length: > 0 } joined ? joined.Split(';', StringSplitOptions.TrimEntries) : [.. value.GetChildren().Select(c => c.Value ?? "")];
            OptionsTable.WriteList(options, known, items);
        }
        else if (value.Value is null && value.GetChildren().Any())
        {
            options.Unreadable.Add($"{known} is a section; it must be a single value: {OptionsTable.Expected(known)}.");
        }
        else if (!OptionsTable.Write(options, known, value.Value ?? ""))
        {
            options.Unreadable.Add($"{known} is '{value.Value}'; it must be {OptionsTable.Expected(known)}.");
        }
    }
}
