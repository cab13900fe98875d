using System.Globalization;
using System.Text;

namespace AdaLoRA.Gen.Reports.Drawing;

/// <summary>Writes a picture as SVG: text stays text, colours are classes that follow the reader's preference for light or dark. The same picture gives the same bytes.</summary>
internal static class SvgWriter
{
    private const string Fonts = "Inter,system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif";

    /// <summary>A file that stands alone.</summary>
    public static string File(Picture picture)
    {
        var svg = new StringBuilder("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {N(picture.Width)} {N(picture.Height)}\" width=\"{N(picture.Width)}\" height=\"{N(picture.Height)}\" role=\"img\" font-family=\"{Fonts}\">\n");
        svg.Append(CultureInfo.InvariantCulture, $"<title>{Markup.Escape(picture.Title)}</title>\n<desc>{Markup.Escape(picture.Description)}</desc>\n<style>{Palette.Css("svg")}</style>\n");
        svg.Append("<rect class=\"f-surface\" width=\"100%\" height=\"100%\"/>\n");
        Write(svg, picture.Marks);
        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>An element for a page that has <see cref="Palette.Css"/>. Without ids, so that many stand in one page.</summary>
    /// <param name="picture">What to write.</param>
    /// <param name="inset">Empty paper at its left that is cut off.</param>
    public static string Inline(Picture picture, double inset = 0)
    {
        var svg = new StringBuilder();
        double width = picture.Width - inset;
        svg.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"{N(inset)} 0 {N(width)} {N(picture.Height)}\" width=\"{N(width)}\" height=\"{N(picture.Height)}\" role=\"img\" aria-label=\"{Markup.Escape($"{picture.Title}. {picture.Description}")}\">\n");
        Write(svg, picture.Marks);
        return svg.Append("</svg>").ToString();
    }

    private static void Write(StringBuilder svg, List<Mark> marks)
    {
        foreach (var mark in marks)
        {
            switch (mark)
            {
                case Box b:
                    string border = b.Stroke is { } ink ? $" s-{Palette.Name(ink)}" : "";
                    svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"f-{Palette.Name(b.Fill)}{border}\" x=\"{N(b.X)}\" y=\"{N(b.Y)}\" width=\"{N(b.Width)}\" height=\"{N(b.Height)}\"");
                    End(svg, "rect", b.Tip);
                    break;
                case Mosaic m:
                    svg.Append(CultureInfo.InvariantCulture, $"<path class=\"f-{Palette.Name(m.Fill)}\" d=\"");
                    foreach (var corner in m.Corners) svg.Append(CultureInfo.InvariantCulture, $"M{N(corner.X)} {N(corner.Y)}h{N(m.Width)}v{N(m.Height)}h-{N(m.Width)}z");
                    svg.Append("\"/>\n");
                    break;
                case Stroke s:
                    svg.Append(CultureInfo.InvariantCulture, $"<path class=\"s-{Palette.Name(s.Ink)}\" fill=\"none\" stroke-width=\"{N(s.Width)}\" stroke-linejoin=\"round\"");
                    if (s.IsDashed) svg.Append(" stroke-dasharray=\"4 3\"");
                    if (s.Opacity < 1) svg.Append(CultureInfo.InvariantCulture, $" opacity=\"{N(s.Opacity)}\"");
                    svg.Append(" d=\"");
                    for (int i = 0; i < s.Spots.Count; i++) svg.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? 'M' : 'L')}{N(s.Spots[i].X)} {N(s.Spots[i].Y)}");
                    svg.Append("\"/>\n");
                    break;
                case Dot d:
                    svg.Append(CultureInfo.InvariantCulture, $"<circle class=\"f-{Palette.Name(d.Ink)}\" cx=\"{N(d.X)}\" cy=\"{N(d.Y)}\" r=\"{N(d.Radius)}\"");
                    End(svg, "circle", d.Tip);
                    break;
                case Label l:
                    svg.Append(CultureInfo.InvariantCulture, $"<text class=\"f-{Palette.Name(l.Ink)}\" x=\"{N(l.X)}\" y=\"{N(l.Y)}\" font-size=\"{N(l.Size)}\"");
                    if (l.Side != Side.Left) svg.Append(l.Side == Side.Centre ? " text-anchor=\"middle\"" : " text-anchor=\"end\"");
                    if (l.IsBold) svg.Append(" font-weight=\"600\"");
                    svg.Append('>').Append(Markup.Escape(l.Text));
                    if (l.Tip is not null) svg.Append(CultureInfo.InvariantCulture, $"<title>{Markup.Escape(l.Tip)}</title>");
                    svg.Append("</text>\n");
                    break;
            }
        }
    }

    private static void End(StringBuilder svg, string element, string? tip)
    {
        if (tip is null) svg.Append("/>\n");
        else svg.Append(CultureInfo.InvariantCulture, $"><title>{Markup.Escape(tip)}</title></{element}>\n");
    }

    // Hundredths of a pixel: more nobody sees, and the last bits of a sine or a logarithm differ between machines.
    private static string N(double value) => (Math.Round(value, 2) + 0.0).ToString("0.##", CultureInfo.InvariantCulture);
}
