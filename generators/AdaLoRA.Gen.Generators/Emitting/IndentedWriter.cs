using System.Text;

namespace AdaLoRA.Gen.Generators.Emitting;

/// <summary>Text with indentation. Line ends are \n on every machine, so that equal models give equal files.</summary>
internal sealed class IndentedWriter
{
    private readonly StringBuilder _text = new();
    private int _depth;

    /// <summary>Writes one line, or several given as one raw string; each is indented.</summary>
    public IndentedWriter Line(string text = "")
    {
        foreach (string line in text.Replace("\r\n", "\n").Split('\n'))
        {
            if (line.Length > 0) _text.Append(' ', 4 * _depth).Append(line);
            _text.Append('\n');
        }
        return this;
    }

    /// <summary>A line and braces below it, until the result is disposed of.</summary>
    public Scope Block(string head, string end = "}")
    {
        Line(head).Line("{");
        _depth++;
        return new Scope(this, end);
    }

    /// <summary>Deeper lines without braces, until the result is disposed of.</summary>
    public Scope Indent()
    {
        _depth++;
        return new Scope(this, null);
    }

    public override string ToString() => _text.ToString();

    internal readonly struct Scope(IndentedWriter writer, string? end) : IDisposable
    {
        public void Dispose()
        {
            writer._depth--;
            if (end is not null) writer.Line(end);
        }
    }
}
