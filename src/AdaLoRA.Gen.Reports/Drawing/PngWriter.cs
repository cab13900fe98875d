using System.Text;
using SkiaSharp;

namespace AdaLoRA.Gen.Reports.Drawing;

/// <summary>Writes a picture as PNG on light paper, through Skia. The font is a resource of this assembly, so a machine without any draws the same; what it lacks (Chinese, say) is looked for among the machine's.</summary>
internal static class PngWriter
{
    private const double MostPixels = 16e6;

    private static readonly Lazy<SKTypeface> Inter = new(() =>
    {
        using var stream = typeof(PngWriter).Assembly.GetManifestResourceStream("Inter-Regular.ttf")!;
        return SKTypeface.FromStream(stream);
    });

    private static readonly Lazy<SKFont> InterFont = new(() => new SKFont(Inter.Value));

    /// <summary>Draws at twice the size, a very large picture at less.</summary>
    public static byte[] File(Picture picture)
    {
        double scale = Math.Min(2, Math.Sqrt(MostPixels / (picture.Width * picture.Height)));
        using var bitmap = new SKBitmap(new SKImageInfo(Math.Max(1, (int)Math.Ceiling(picture.Width * scale)), Math.Max(1, (int)Math.Ceiling(picture.Height * scale)), SKColorType.Rgba8888, SKAlphaType.Premul));
        using var canvas = new SKCanvas(bitmap);
        canvas.Clear(Colour(Ink.Surface));
        canvas.Scale((float)scale);
        using var paint = new SKPaint { IsAntialias = true };
        foreach (var mark in picture.Marks) Draw(canvas, paint, mark);
        canvas.Flush();
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    private static void Draw(SKCanvas canvas, SKPaint paint, Mark mark)
    {
        switch (mark)
        {
            case Box b:
                Fill(paint, b.Fill);
                var rectangle = SKRect.Create((float)b.X, (float)b.Y, (float)b.Width, (float)b.Height);
                canvas.DrawRect(rectangle, paint);
                if (b.Stroke is not { } border) break;
                Line(paint, border, 1, 1);
                canvas.DrawRect(rectangle, paint);
                break;
            case Mosaic m:
                Fill(paint, m.Fill);
                foreach (var corner in m.Corners) canvas.DrawRect((float)corner.X, (float)corner.Y, (float)m.Width, (float)m.Height, paint);
                break;
            case Stroke s:
                Line(paint, s.Ink, s.Width, s.Opacity);
                using (var dashes = s.IsDashed ? SKPathEffect.CreateDash([4, 3], 0) : null)
                {
                    paint.PathEffect = dashes;
                    using var path = new SKPath();
                    path.AddPoly([.. s.Spots.Select(p => new SKPoint((float)p.X, (float)p.Y))], close: false);
                    canvas.DrawPath(path, paint);
                    paint.PathEffect = null;
                }
                break;
            case Dot d:
                Fill(paint, d.Ink);
                canvas.DrawCircle((float)d.X, (float)d.Y, (float)d.Radius, paint);
                break;
            case Label l:
                Fill(paint, l.Ink);
                Write(canvas, paint, l);
                break;
        }
    }

    // Runs of characters that one font has, one after another.
    private static void Write(SKCanvas canvas, SKPaint paint, Label label)
    {
        var runs = new List<(SKFont Font, string Text, float Width)>();
        foreach (var (typeface, text) in Runs(label.Text))
        {
            var font = new SKFont(typeface, (float)label.Size) { Embolden = label.IsBold, Subpixel = true, Hinting = SKFontHinting.None, Edging = SKFontEdging.Antialias };
            runs.Add((font, text, font.MeasureText(text)));
        }
        float x = (float)label.X - label.Side switch { Side.Left => 0, Side.Centre => runs.Sum(r => r.Width) / 2, _ => runs.Sum(r => r.Width) };
        foreach (var (font, text, width) in runs)
        {
            canvas.DrawText(text, x, (float)label.Y, SKTextAlign.Left, font, paint);
            x += width;
            font.Dispose();
        }
    }

    private static IEnumerable<(SKTypeface Typeface, string Text)> Runs(string text)
    {
        var run = new StringBuilder();
        var typeface = Inter.Value;
        foreach (var rune in text.EnumerateRunes())
        {
            var next = InterFont.Value.ContainsGlyph(rune.Value) || Rune.IsControl(rune) ? Inter.Value : SKFontManager.Default.MatchCharacter(rune.Value) ?? Inter.Value;
            if (next != typeface && run.Length > 0)
            {
                yield return (typeface, run.ToString());
                run.Clear();
            }
            typeface = next;
            run.Append(rune.ToString());
        }
        if (run.Length > 0) yield return (typeface, run.ToString());
    }

    private static void Fill(SKPaint paint, Ink ink)
    {
        paint.Style = SKPaintStyle.Fill;
        paint.Color = Colour(ink);
    }

    private static void Line(SKPaint paint, Ink ink, double width, double opacity)
    {
        paint.Style = SKPaintStyle.Stroke;
        paint.StrokeWidth = (float)width;
        paint.StrokeJoin = SKStrokeJoin.Round;
        paint.Color = Colour(ink).WithAlpha((byte)Math.Round(255 * opacity));
    }

    private static SKColor Colour(Ink ink) => SKColor.Parse(Palette.Light(ink));
}
