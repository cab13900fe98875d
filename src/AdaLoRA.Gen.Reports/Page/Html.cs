using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using AdaLoRA.Gen.Reports.Drawing;

namespace AdaLoRA.Gen.Reports.Page;

/// <summary>Markup that is safe to stand in a page. It is made from an interpolated string whose holes are escaped unless they are <see cref="Html"/> themselves, so no text reaches a page as markup by oversight.</summary>
/// <param name="Text">The markup.</param>
internal readonly record struct Html(string Text)
{
    /// <summary>Nothing.</summary>
    public static readonly Html Empty = new("");

    /// <summary>Markup with text in it.</summary>
    public static Html Of(Writer writer) => new(writer.ToString());

    /// <summary>One after another.</summary>
    public static Html Join(IEnumerable<Html> parts) => new(string.Concat(parts.Select(p => p.Text)));

    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <summary>What the compiler turns an interpolated string into.</summary>
    [InterpolatedStringHandler]
    internal readonly ref struct Writer
    {
        private readonly StringBuilder _text;

        public Writer(int literalLength, int formattedCount) => _text = new StringBuilder(literalLength + 32 * formattedCount);

        public void AppendLiteral(string markup) => _text.Append(markup);

        public void AppendFormatted(string? text) => _text.Append(Markup.Escape(text));

        public void AppendFormatted(Html markup) => _text.Append(markup.Text);

        public void AppendFormatted(IEnumerable<Html> parts)
        {
            foreach (var part in parts) _text.Append(part.Text);
        }

        public void AppendFormatted(int number) => _text.Append(number.ToString(CultureInfo.InvariantCulture));

        public override string ToString() => _text.ToString();
    }
}
