namespace AdaLoRA.Gen.Reports.Drawing;

/// <summary>A colour by what it is for; <see cref="Palette"/> says how it looks on light and on dark paper.</summary>
internal enum Ink
{
    /// <summary>The paper.</summary>
    Surface,

    /// <summary>What is to be read.</summary>
    Text,

    /// <summary>What explains: axes' numbers, captions.</summary>
    Muted,

    /// <summary>Grid lines, borders.</summary>
    Faint,

    /// <summary>The curve that matters.</summary>
    First,

    /// <summary>The curve beside it.</summary>
    Second,

    /// <summary>What went wrong.</summary>
    Alert,

    /// <summary>Rank 0.</summary>
    Heat0,

    /// <summary>The lowest of eight steps from few to many.</summary>
    Heat1,

    /// <summary>Step 2.</summary>
    Heat2,

    /// <summary>Step 3.</summary>
    Heat3,

    /// <summary>Step 4.</summary>
    Heat4,

    /// <summary>Step 5.</summary>
    Heat5,

    /// <summary>Step 6.</summary>
    Heat6,

    /// <summary>Step 7.</summary>
    Heat7,

    /// <summary>The highest.</summary>
    Heat8,

    /// <summary>Text on <see cref="Heat0"/> to <see cref="Heat5"/>.</summary>
    OnLow,

    /// <summary>Text on <see cref="Heat6"/> to <see cref="Heat8"/>.</summary>
    OnHigh,
}
