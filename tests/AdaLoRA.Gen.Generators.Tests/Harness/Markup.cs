using System.Text;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.Generators.Tests.Harness;

/// <summary>Source in which <c>{|ID:text|}</c> marks where a diagnostic is expected.</summary>
internal sealed record Markup(string Source, IReadOnlyList<(string Id, TextSpan Span, string Text)> Expected)
{
    public static Markup Parse(string marked)
    {
        var source = new StringBuilder();
        var open = new Stack<(string Id, int Start)>();
        var expected = new List<(string, TextSpan, string)>();
        for (int i = 0; i < marked.Length; i++)
        {
            if (marked.AsSpan(i).StartsWith("{|"))
            {
                int colon = marked.IndexOf(':', i);
                open.Push((marked[(i + 2)..colon], source.Length));
                i = colon;
            }
            else if (marked.AsSpan(i).StartsWith("|}"))
            {
                var (id, start) = open.Pop();
                expected.Add((id, TextSpan.FromBounds(start, source.Length), source.ToString()[start..]));
                i++;
            }
            else
            {
                source.Append(marked[i]);
            }
        }
        return new Markup(source.ToString(), expected);
    }

    /// <summary>The text without the marks of one id.</summary>
    public static string Without(string id, string marked)
    {
        var text = new StringBuilder();
        var open = new Stack<bool>();
        for (int i = 0; i < marked.Length; i++)
        {
            bool opens = marked.AsSpan(i).StartsWith("{|"), closes = marked.AsSpan(i).StartsWith("|}");
            int length = opens ? marked.IndexOf(':', i) + 1 - i : closes ? 2 : 1;
            if (opens) open.Push(marked[(i + 2)..(i + length - 1)] != id);
            if ((!opens && !closes) || (opens ? open.Peek() : open.Pop())) text.Append(marked, i, length);
            i += length - 1;
        }
        return text.ToString();
    }
}
