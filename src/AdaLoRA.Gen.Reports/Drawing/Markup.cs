using System.Text;

namespace AdaLoRA.Gen.Reports.Drawing;

/// <summary>Text as it may stand in HTML and in XML, between tags and in quotes.</summary>
internal static class Markup
{
    /// <summary>Escapes what has a meaning in markup, and replaces by U+FFFD what XML cannot hold (control characters, halves of a surrogate pair) and what turns the direction of the text that follows.</summary>
    public static string Escape(string? text)
    {
        if (string.IsNullOrEmpty(text)) return "";
        if (!text.AsSpan().ContainsAny(Special) && text.All(IsPlain)) return text;
        var escaped = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '&': escaped.Append("&amp;"); break;
                case '<': escaped.Append("&lt;"); break;
                case '>': escaped.Append("&gt;"); break;
                case '"': escaped.Append("&quot;"); break;
                case '\'': escaped.Append("&#39;"); break;
                case '\t' or '\n' or '\r': escaped.Append((char)rune.Value); break;
                case < ' ' or (>= 0x7f and < 0xa0) or 0xfffe or 0xffff or (>= 0x202a and <= 0x202e) or (>= 0x2066 and <= 0x2069): escaped.Append('\ufffd'); break;
                default: escaped.Append(rune.ToString()); break;
            }
        }
        return escaped.ToString();
    }

    private const string Special = "&<>\"'";

    private static bool IsPlain(char c) => c is (>= ' ' and < '\u007f') or (>= '\u00a0' and < '\u2000');
}
