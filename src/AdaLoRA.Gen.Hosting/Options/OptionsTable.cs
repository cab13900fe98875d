using System.Collections;
using System.ComponentModel;
using System.Globalization;
using System.Reflection;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// The settable values of <see cref="TrainingOptions"/> and of its <c>Adapter</c> by their configuration names. One table serves the section binder, the command line and the
/// checkpoint's record of options, so a new option is known to all three.
/// </summary>
internal static class OptionsTable
{
    /// <summary>Name of the sub-section with the adapters' values.</summary>
    public const string AdapterSection = nameof(TrainingOptions.Adapter);

    // typeof(…) of a known type: the trimmer keeps its properties.
    private static readonly Dictionary<string, PropertyInfo> Training = typeof(TrainingOptions).GetProperties()
        .Where(p => p.CanWrite && p.Name != AdapterSection).ToDictionary(p => p.Name, StringComparer.OrdinalIgnoreCase);

    private static readonly Dictionary<string, PropertyInfo> Adapter = typeof(AdaLoRAOptions).GetProperties()
        .Where(p => p.CanWrite).ToDictionary(p => p.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Every configuration path below the model's section: <c>Steps</c>, <c>Adapter:Budget</c>, …</summary>
    public static IEnumerable<string> Paths => Training.Values.Select(p => p.Name).Concat(Adapter.Values.Select(p => $"{AdapterSection}:{p.Name}"));

    /// <summary>Whether a path names a list, whose items have indices below it.</summary>
    public static bool IsList(string path) => Find(path)?.PropertyType == typeof(IList<string>);

    /// <summary>Whether a path names a switch that may stand without a value on a command line.</summary>
    public static bool IsSwitch(string path) => Find(path) is { } property && Plain(property) == typeof(bool);

    /// <summary>Whether a path names a text, which sentences put in quotes.</summary>
    public static bool IsText(string path) => Find(path)?.PropertyType == typeof(string);

    /// <summary>The correctly spelt path, or null when there is no such value.</summary>
    public static string? Canonical(string path) => Find(path) is not { } property ? null
        : property.DeclaringType == typeof(AdaLoRAOptions) ? $"{AdapterSection}:{property.Name}" : property.Name;

    /// <summary>An option as a command line spells it: <c>--learning-rate</c>, <c>--budget</c>; with the section's name where both have one, <c>--adapter:seed</c>.</summary>
    public static string Argument(string path)
    {
        string name = path[(path.LastIndexOf(':') + 1)..];
        string dashed = string.Concat(name.Select((c, i) => char.IsUpper(c) ? $"{(i > 0 ? "-" : "")}{char.ToLowerInvariant(c)}" : $"{c}"));
        return path.Contains(':', StringComparison.Ordinal) && Training.ContainsKey(name) ? $"--{AdapterSection.ToLowerInvariant()}:{dashed}" : $"--{dashed}";
    }

    /// <summary>The present value as configuration would spell it.</summary>
    public static string Read(TrainingOptions options, string path)
    {
        object? value = Find(path)!.GetValue(Owner(options, path));
        return value switch
        {
            null => "",
            IEnumerable<string> list => string.Join(", ", list),
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };
    }

    /// <summary>Sets one value from text.</summary>
    /// <returns>Whether the text is of the option's kind; see <see cref="Expected"/>. Empty text is "not set" where there is such a thing.</returns>
    public static bool Write(TrainingOptions options, string path, string text)
    {
        var property = Find(path)!;
        bool isUnset = text.Length == 0 && Nullable.GetUnderlyingType(property.PropertyType) is not null;
        object? value = isUnset ? null : Parse(Plain(property), text);
        if (value is null && !isUnset) return false;
        property.SetValue(Owner(options, path), value);
        return true;
    }

    /// <summary>What an option must be, its range included, as the end of a sentence: "a whole number up to 2147483647: at least 1".</summary>
    /// <param name="path">The option.</param>
    /// <param name="withKind">False leaves out what anybody sees who has a value of that kind: "at least 1".</param>
    public static string Expected(string path, bool withKind = true)
    {
        string range = OptionTexts.Of(Canonical(path)!).Range, kind = Kind(Plain(Find(path)!), hasRange: range.Length > 0);
        return range.Length == 0 ? kind : kind.Length == 0 || !withKind ? range : $"{kind}: {range}";
    }

    /// <summary>Replaces a list as a whole; a list in configuration does not add to the attribute's.</summary>
    public static void WriteList(TrainingOptions options, string path, IEnumerable<string> items) => Find(path)!.SetValue(Owner(options, path), items.ToList());

    private static PropertyInfo? Find(string path)
    {
        const string prefix = AdapterSection + ":";
        return path.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? Adapter.GetValueOrDefault(path[prefix.Length..]) : Training.GetValueOrDefault(path);
    }

    private static Type Plain(PropertyInfo property) => Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;

    private static object Owner(TrainingOptions options, string path) => path.Contains(':', StringComparison.Ordinal) ? options.Adapter : options;

    private static object? Parse(Type type, string text)
    {
        if (type == typeof(string)) return text;
        if (type == typeof(int)) return int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out int i) ? i : null;
        if (type == typeof(double)) return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double d) && double.IsFinite(d) ? d : null;
        if (type == typeof(bool)) return bool.TryParse(text, out bool b) ? b : null;
        // "cosine_with_restarts", the spelling of the Python world, is CosineWithRestarts here. A bare number would pass Enum.TryParse unseen.
        string name = text.Replace("_", "", StringComparison.Ordinal);
        return Enum.GetNames(type).FirstOrDefault(n => n.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } known ? Enum.Parse(type, known) : null;
    }

    private static string Kind(Type type, bool hasRange) =>
        type == typeof(int) ? string.Create(CultureInfo.InvariantCulture, $"a whole number {(hasRange ? "up" : $"from {int.MinValue}")} to {int.MaxValue}")
        : type == typeof(double) ? "a number"
        : type == typeof(bool) ? "true or false"
        : type.IsEnum ? "one of " + string.Join(", ", Enum.GetNames(type))
        : "";
}
