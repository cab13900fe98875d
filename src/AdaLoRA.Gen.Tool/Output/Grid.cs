using Spectre.Console;

namespace AdaLoRA.Gen.Tool.Output;

/// <summary>A table: drawn on a terminal, columns of plain text elsewhere.</summary>
internal sealed class Grid(string? title, params string[] columns)
{
    private readonly List<string[]> _rows = [];

    /// <summary>The first column reads from the left, the others from the right, unless they are named here.</summary>
    public HashSet<int> LeftAligned { get; init; } = [0];

    public int Count => _rows.Count;

    public void Add(params string[] cells) => _rows.Add(cells);

    public void Write(Terminal terminal)
    {
        if (_rows.Count == 0) return;
        if (terminal.IsRich) Draw(terminal);
        else WritePlain(terminal);
    }

    private void Draw(Terminal terminal)
    {
        var table = new Table { Border = TableBorder.Rounded };
        if (title is not null) table.Title = new TableTitle(Markup.Escape(title));
        for (int i = 0; i < columns.Length; i++)
        {
            var column = new TableColumn(Markup.Escape(columns[i]));
            table.AddColumn(LeftAligned.Contains(i) ? column : column.RightAligned().NoWrap());
        }
        foreach (string[] row in _rows) table.AddRow([.. row.Select(Markup.Escape)]);
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(terminal.Out) }).Write(table);
    }

    private void WritePlain(Terminal terminal)
    {
        if (title is not null) terminal.Out.WriteLine(title);
        int[] widths = [.. columns.Select((name, i) => _rows.Select(row => row[i].Length).Append(name.Length).Max())];
        foreach (string[] row in _rows.Prepend(columns))
        {
            terminal.Out.WriteLine(string.Join("  ", row.Select((cell, i) => LeftAligned.Contains(i) ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))).TrimEnd());
        }
    }
}
