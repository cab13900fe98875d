using System.Globalization;
using System.Runtime.CompilerServices;
using System.Xml.Linq;
using AdaLoRA.Gen.Reports.Charts;
using AdaLoRA.Gen.Reports.Drawing;
using AdaLoRA.Gen.Reports.Facts;
using AdaLoRA.Gen.Testing;
using SkiaSharp;

namespace AdaLoRA.Gen.Reports.Tests;

public sealed class PictureTests
{
    public static TheoryData<string> Cases => [.. EdgeCases.All.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_mark_lies_on_the_paper(string name)
    {
        foreach (var picture in Pictures(name))
        {
            Assert.InRange(picture.Width, 1, 8000);
            Assert.InRange(picture.Height, 1, 8000);
            foreach (var (x, y) in picture.Marks.SelectMany(m => Corners(m)))
            {
                Assert.True(x >= -0.5 && x <= picture.Width + 0.5 && y >= -0.5 && y <= picture.Height + 0.5, $"{picture.Name} of '{name}': ({x}, {y}) is not on {picture.Width} × {picture.Height}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Svg_files_are_XML_that_says_what_it_shows(string name)
    {
        foreach (var picture in Pictures(name))
        {
            var svg = XDocument.Parse(SvgWriter.File(picture)).Root!;
            Assert.Equal("svg", svg.Name.LocalName);
            Assert.NotEmpty(svg.Element(svg.Name.Namespace + "title")!.Value);
            Assert.NotEmpty(svg.Element(svg.Name.Namespace + "desc")!.Value);
            Assert.DoesNotContain(svg.Descendants(), e => e.Name.LocalName is "script" or "image" or "use" or "foreignObject" || e.Attributes().Any(a => a.Name.LocalName is "href" || a.Name.LocalName.StartsWith("on", StringComparison.Ordinal)));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Png_files_hold_a_picture_of_that_size(string name)
    {
        foreach (var picture in Pictures(name))
        {
            using var bitmap = SKBitmap.Decode(PngWriter.File(picture));
            Assert.Equal(picture.Width / picture.Height, (double)bitmap.Width / bitmap.Height, 0.02);
            Assert.True(bitmap.Width * (long)bitmap.Height <= 17_000_000);
            Assert.Equal(SKColor.Parse(Palette.Light(Ink.Surface)), bitmap.GetPixel(0, 0));
            Assert.True(Inked(bitmap, new SKRectI(0, 0, bitmap.Width, bitmap.Height)) > 200);
        }
    }

    [Fact]
    public void The_font_that_ships_writes_the_title()
    {
        using var bitmap = SKBitmap.Decode(PngWriter.File(Pictures("whole").Single(p => p.Name == "loss")));
        // "Training loss" at 13 pixels and scale 2 begins at the inset. A font of the machine would run wider or narrower, and boxes for missing glyphs have no shades.
        var title = new SKRectI(0, 16, 500, 48);
        int[] columns = [.. Enumerable.Range(title.Left, title.Width).Where(x => Inked(bitmap, new SKRectI(x, title.Top, x + 1, title.Bottom)) > 0)];
        double width = 2 * TextWidth.Of("Training loss", 13);
        Assert.InRange(columns[0], 2 * Picture.Inset - 1, 2 * Picture.Inset + 3);
        Assert.InRange(columns[^1] - columns[0], width - 6, width + 3);
        var shades = new HashSet<SKColor>();
        for (int x = title.Left; x < title.Right; x++)
        {
            for (int y = title.Top; y < title.Bottom; y++) shades.Add(bitmap.GetPixel(x, y));
        }
        Assert.True(shades.Count > 15, $"only {shades.Count} shades");
    }

    [Fact]
    public void A_rank_is_drawn_in_its_colour()
    {
        var picture = Pictures("whole").Single(p => p.Name == "rank-map");
        using var bitmap = SKBitmap.Decode(PngWriter.File(picture));
        foreach (var box in picture.Marks.OfType<Box>().Where(b => b.Tip is not null))
        {
            Assert.Equal(SKColor.Parse(Palette.Light(box.Fill)), bitmap.GetPixel((int)(2 * box.X) + 4, (int)(2 * box.Y) + 4));
        }
    }

    [Fact]
    public void Widths_are_those_of_the_font()
    {
        using var stream = typeof(PngWriter).Assembly.GetManifestResourceStream("Inter-Regular.ttf")!;
        using var typeface = SKTypeface.FromStream(stream);
        using var font = new SKFont(typeface, 1000) { Hinting = SKFontHinting.None, Subpixel = true, LinearMetrics = true };
        for (char c = ' '; c <= '~'; c++) Assert.Equal(font.MeasureText(c.ToString()), TextWidth.Of(c.ToString(), 1000), 1.0);
    }

    [Theory]
    [InlineData("encoder.layer.query", 200, "encoder.layer.query")]
    [InlineData("encoder.layer.query", 50, "…er.query")]
    [InlineData("日本語日本語", 40, "…語")]
    [InlineData("😀😀😀😀", 40, "…😀😀")]
    public void A_long_text_keeps_its_end(string text, double width, string expected)
    {
        string kept = TextWidth.KeepEnd(text, 11, width);
        Assert.True(TextWidth.Of(kept, 11) <= width);
        if (width == 200) Assert.Equal(expected, kept);
        else Assert.EndsWith(expected[^1..], kept, StringComparison.Ordinal);
        Assert.DoesNotContain('\ufffd', Markup.Escape(kept));
    }

    [Fact]
    public void Colours_can_be_told_apart_on_light_and_on_dark_paper()
    {
        foreach (var paper in new Func<Ink, string>[] { Palette.Light, Palette.Dark })
        {
            foreach (var ink in new[] { Ink.Text, Ink.Muted, Ink.First, Ink.Second, Ink.Alert }) Assert.True(Contrast(paper(ink), paper(Ink.Surface)) >= 4.5, $"{ink} on paper");
            for (var heat = Ink.Heat0; heat <= Ink.Heat8; heat++) Assert.True(Contrast(paper(Palette.On(heat)), paper(heat)) >= 4.5, $"text on {heat}");
        }
    }

    [Theory]
    [InlineData(0, 8, Ink.Heat0)]
    [InlineData(1, 8, Ink.Heat1)]
    [InlineData(8, 8, Ink.Heat8)]
    [InlineData(1, 1, Ink.Heat8)]
    [InlineData(1, 64, Ink.Heat1)]
    [InlineData(64, 64, Ink.Heat8)]
    [InlineData(99, 64, Ink.Heat8)]
    internal void Heat_goes_from_rank_1_to_the_largest(int rank, int most, Ink heat) => Assert.Equal(heat, Palette.Heat(rank, most));

    [Fact]
    public void Rank_map() => Verify(SvgWriter.File(Pictures("whole").Single(p => p.Name == "rank-map")));

    [Fact]
    public void Loss() => Verify(SvgWriter.File(Pictures("losses that are no numbers").Single(p => p.Name == "loss")));

    [Fact]
    public void Budget() => Verify(SvgWriter.File(Pictures("whole").Single(p => p.Name == "budget")));

    internal static IReadOnlyList<Picture> Pictures(string name)
    {
        var run = new RunFacts(EdgeCases.All[name]());
        return [.. Curves.Of(run), .. new[] { run.Started.Targets.Count == 0 ? null : RankMapPicture.Draw(run, run.FinalRanks), SpectrumPicture.Draw(run) }.OfType<Picture>()];
    }

    private static IEnumerable<(double X, double Y)> Corners(Mark mark) => mark switch
    {
        Box b => [(b.X, b.Y), (b.X + b.Width, b.Y + b.Height)],
        Mosaic m => m.Corners.SelectMany(c => new[] { (c.X, c.Y), (c.X + m.Width, c.Y + m.Height) }),
        Stroke s => s.Spots.Select(p => (p.X, p.Y)),
        Dot d => [(d.X, d.Y)],
        Label l => [(l.X - TextWidth.Of(l.Text, l.Size) * (l.Side switch { Side.Left => 0, Side.Centre => 0.5, _ => 1 }), l.Y), (l.X + TextWidth.Of(l.Text, l.Size) * (l.Side switch { Side.Left => 1, Side.Centre => 0.5, _ => 0 }), l.Y)],
        _ => throw new InvalidOperationException(mark.GetType().Name),
    };

    private static int Inked(SKBitmap bitmap, SKRectI area)
    {
        var paper = SKColor.Parse(Palette.Light(Ink.Surface));
        int count = 0;
        for (int x = area.Left; x < area.Right; x++)
        {
            for (int y = area.Top; y < area.Bottom; y++) if (bitmap.GetPixel(x, y) != paper) count++;
        }
        return count;
    }

    // WCAG 2.2.
    private static double Contrast(string a, string b)
    {
        double[] lights = [.. new[] { a, b }.Select(Light).Order()];
        return (lights[1] + 0.05) / (lights[0] + 0.05);

        static double Light(string colour)
        {
            double[] parts = [.. Enumerable.Range(0, 3).Select(i => int.Parse(colour.AsSpan(1 + 2 * i, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0).Select(c => c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4))];
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
        }
    }

    /// <summary>Expected pictures in files: <c>PictureTests.Test.verified.svg</c>. On a mismatch the picture is written to <c>.received.svg</c>; to accept it, rename that file.</summary>
    private static void Verify(string svg, [CallerMemberName] string test = "")
    {
        string stem = RepositoryRoot.Combine("tests", "AdaLoRA.Gen.Reports.Tests", $"{nameof(PictureTests)}.{test}");
        string verified = stem + ".verified.svg", received = stem + ".received.svg";
        if (File.Exists(verified) && File.ReadAllText(verified).Replace("\r\n", "\n", StringComparison.Ordinal) == svg)
        {
            File.Delete(received);
            return;
        }
        File.WriteAllText(received, svg);
        Assert.Fail($"{Path.GetFileName(received)} differs from {Path.GetFileName(verified)}; look at it, and rename it to accept.");
    }
}
