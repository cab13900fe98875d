namespace AdaLoRA.Gen.Reports.Drawing;

/// <summary>A picture as marks on paper, drawn once and written by <see cref="SvgWriter"/> and <see cref="PngWriter"/>.</summary>
/// <param name="Name">File name without extension.</param>
/// <param name="Title">What it shows.</param>
/// <param name="Description">The same in numbers, for those who cannot see it.</param>
/// <param name="Width">In pixels at scale 1.</param>
/// <param name="Height">Likewise.</param>
internal sealed record Picture(string Name, string Title, string Description, double Width, double Height)
{
    /// <summary>Empty paper at the left, in pixels; a page cuts it off, since its own text begins there.</summary>
    public const double Inset = 12;

    /// <summary>From back to front.</summary>
    public List<Mark> Marks { get; } = [];

    public void Box(double x, double y, double width, double height, Ink fill, string? tip = null, Ink? stroke = null) => Marks.Add(new Box(x, y, width, height, fill, stroke, tip));

    public void Line(double x1, double y1, double x2, double y2, Ink ink, double width = 1, bool isDashed = false) => Marks.Add(new Stroke([new(x1, y1), new(x2, y2)], ink, width, isDashed, 1));

    public void Curve(IReadOnlyList<Spot> spots, Ink ink, double width = 1.75, bool isDashed = false, double opacity = 1) => Marks.Add(new Stroke(spots, ink, width, isDashed, opacity));

    public void Dot(double x, double y, double radius, Ink ink, string? tip = null) => Marks.Add(new Dot(x, y, radius, ink, tip));

    public void Label(double x, double y, string text, Ink ink, double size = 11, Side side = Side.Left, bool isBold = false, string? tip = null) => Marks.Add(new Label(x, y, text, ink, size, side, isBold, tip));
}

/// <summary>A place on the paper, in pixels from the top left.</summary>
internal readonly record struct Spot(double X, double Y);

/// <summary>Where a text's anchor is.</summary>
internal enum Side
{
    Left,
    Centre,
    Right,
}

/// <summary>Something on the paper.</summary>
internal abstract record Mark;

/// <summary>A rectangle; its tip shows when one points at it.</summary>
internal sealed record Box(double X, double Y, double Width, double Height, Ink Fill, Ink? Stroke, string? Tip) : Mark;

/// <summary>Many rectangles of one size and ink, as one mark: a small map has hundreds.</summary>
internal sealed record Mosaic(IReadOnlyList<Spot> Corners, double Width, double Height, Ink Fill) : Mark;

/// <summary>A line through places.</summary>
internal sealed record Stroke(IReadOnlyList<Spot> Spots, Ink Ink, double Width, bool IsDashed, double Opacity) : Mark;

/// <summary>A disc.</summary>
internal sealed record Dot(double X, double Y, double Radius, Ink Ink, string? Tip) : Mark;

/// <summary>Text on a base line.</summary>
internal sealed record Label(double X, double Y, string Text, Ink Ink, double Size, Side Side, bool IsBold, string? Tip) : Mark;
