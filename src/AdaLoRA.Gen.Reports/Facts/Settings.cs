using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Reports.Facts;

/// <summary>The options of a run: which differ from the defaults, and the configuration that gives them again.</summary>
internal static class Settings
{
    private static readonly Lazy<Dictionary<string, string>> Defaults = new(() =>
    {
        var options = new TrainingOptions();
        return OptionsTable.Paths.ToDictionary(p => p, p => OptionsTable.Read(options, p));
    });

    // They say where a run writes and how it shows, not what it learns.
    private static readonly string[] Unimportant = [nameof(TrainingOptions.Resume), nameof(TrainingOptions.Progress), nameof(TrainingOptions.RunLog)];

    /// <summary>Options with another value than the default, by name.</summary>
    public static IReadOnlyList<(string Name, string Value, string Default)> Changed(RunStarted started) =>
        [.. started.Options.Where(o => Defaults.Value.GetValueOrDefault(o.Key) != o.Value).OrderBy(o => o.Key, StringComparer.Ordinal).Select(o => (o.Key, o.Value, Defaults.Value.GetValueOrDefault(o.Key, "")))];

    /// <summary>The others.</summary>
    public static IReadOnlyList<(string Name, string Value)> Unchanged(RunStarted started) =>
        [.. started.Options.Where(o => Defaults.Value.GetValueOrDefault(o.Key) == o.Value).OrderBy(o => o.Key, StringComparer.Ordinal).Select(o => (o.Key, o.Value))];

    /// <summary>The section of appsettings.json that makes this run again.</summary>
    public static string Configuration(RunStarted started)
    {
        var changed = Changed(started).Where(c => !Unimportant.Contains(c.Name)).ToList();
        // Both are needed, whatever the defaults of a later version are.
        foreach (string name in new[] { nameof(TrainingOptions.Seed), nameof(TrainingOptions.Threads) })
        {
            string value = name == nameof(TrainingOptions.Threads) ? started.Threads.ToString(CultureInfo.InvariantCulture) : started.Options.GetValueOrDefault(name, "");
            changed.RemoveAll(c => c.Name == name);
            if (value.Length > 0) changed.Add((name, value, ""));
        }
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartObject("AdaLoRA");
            json.WriteStartObject(started.Name);
            foreach (var (name, value, _) in changed.Where(c => !c.Name.Contains(':', StringComparison.Ordinal))) Write(json, name, name, value);
            json.WriteStartObject(OptionsTable.AdapterSection);
            foreach (var (name, value, _) in changed.Where(c => c.Name.StartsWith(OptionsTable.AdapterSection + ":", StringComparison.Ordinal))) Write(json, name[(OptionsTable.AdapterSection.Length + 1)..], name, value);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }
        // .NET 8's writer takes the platform's line ends.
        return Encoding.UTF8.GetString(buffer.ToArray()).Replace("\r\n", "\n", StringComparison.Ordinal);
    }

    private static void Write(Utf8JsonWriter json, string key, string path, string value)
    {
        if (OptionsTable.IsList(path))
        {
            json.WriteStartArray(key);
            foreach (string item in Items(value)) json.WriteStringValue(item);
            json.WriteEndArray();
        }
        else if (bool.TryParse(value, out bool yes)) json.WriteBoolean(key, yes);
        else if (long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole)) json.WriteNumber(key, whole);
        else if (double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)) json.WriteNumber(key, number);
        else if (value.Length == 0) json.WriteNull(key);
        else json.WriteString(key, value);
    }

    /// <summary>The items of a list as the run's log joins them; a comma within braces belongs to a pattern.</summary>
    internal static List<string> Items(string joined)
    {
        var items = new List<string>();
        int depth = 0, start = 0;
        for (int i = 0; i < joined.Length; i++)
        {
            if (joined[i] == '{') depth++;
            else if (joined[i] == '}') depth--;
            else if (depth <= 0 && joined[i] == ',' && i + 1 < joined.Length && joined[i + 1] == ' ')
            {
                items.Add(joined[start..i]);
                start = i + 2;
            }
        }
        if (joined.Length > start) items.Add(joined[start..]);
        return items;
    }
}
