using System.Globalization;
using AdaLoRA.Gen.Adapters;
using Spectre.Console;

namespace AdaLoRA.Gen.Hosting;

/// <summary>The ranks that a budget chose, as a table: one row a kind of layer, one column an index of the list they stand in.</summary>
public static class RankMap
{
    /// <summary>Draws the map.</summary>
    /// <param name="adapters">The adapters of a model.</param>
    public static Table Render(AdapterSet adapters)
    {
        ArgumentNullException.ThrowIfNull(adapters);
        var cells = adapters.Adapters.Select(a => (Position: Split(a.Path), a.Rank)).ToList();
        var columns = cells.Select(c => c.Position.Index).Where(i => i >= 0).Distinct().Order().ToList();
        bool hasSingle = cells.Any(c => c.Position.Index < 0);
        int most = Math.Max(1, cells.Max(c => c.Rank));

        var table = new Table { Border = TableBorder.Rounded, Title = new TableTitle(Title(adapters)) };
        table.AddColumn("layer");
        if (hasSingle) table.AddColumn(new TableColumn("rank").RightAligned());
        foreach (int column in columns) table.AddColumn(new TableColumn(Text(column)).RightAligned());
        table.AddColumn(new TableColumn("Σ").RightAligned());
        foreach (var row in cells.GroupBy(c => c.Position.Kind))
        {
            var byIndex = row.ToDictionary(c => c.Position.Index, c => c.Rank);
            var texts = new List<string> { Markup.Escape(row.Key) };
            if (hasSingle) texts.Add(Cell(byIndex, -1, most));
            texts.AddRange(columns.Select(c => Cell(byIndex, c, most)));
            texts.Add(Text(row.Sum(c => c.Rank)));
            table.AddRow([.. texts]);
        }
        return table;
    }

    // Where the budget is in parameters, the number of triplets says nothing of how much of it was spent.
    private static string Title(AdapterSet adapters)
    {
        string triplets = $"{Text(adapters.TotalRank)} of {Text(adapters.InitialRank * adapters.Adapters.Count)} triplets live";
        if (ProgressText.Unit(adapters).Length == 0) return triplets;
        long spent = adapters.Adapters.Sum(a => a.Rank * AdapterSizing.Cost(a.Layer));
        return string.Create(CultureInfo.InvariantCulture, $"{triplets}: {spent} parameters of a budget of {adapters.Options.Budget}");
    }

    /// <summary>Cuts a path at its first whole number: "encoder.layer.3.query" → ("encoder.layer.*.query", 3).</summary>
    internal static (string Kind, int Index) Split(string path)
    {
        string[] segments = path.Split('.');
        for (int i = 0; i < segments.Length; i++)
        {
            if (!int.TryParse(segments[i], NumberStyles.None, CultureInfo.InvariantCulture, out int index)) continue;
            segments[i] = "*";
            return (string.Join('.', segments), index);
        }
        return (path, -1);
    }

    private static string Cell(Dictionary<int, int> ranks, int index, int most)
    {
        if (!ranks.TryGetValue(index, out int rank)) return "";
        string colour = rank == 0 ? "grey" : rank * 3 <= most ? "blue" : rank * 3 <= most * 2 ? "yellow" : "green";
        return $"[{colour}]{Text(rank)}[/]";
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
