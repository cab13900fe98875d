namespace AdaLoRA.Gen.Reports;

/// <summary>What <see cref="RunReport.Write"/> wrote.</summary>
public sealed record ReportFiles
{
    /// <summary>The page: <c>report.html</c> in the output folder, the one written last. Full path.</summary>
    public required string Page { get; init; }

    /// <summary>The run's own folder, <c>reports/RUN</c> in the output folder: the same page, and the pictures. Full path.</summary>
    public required string Folder { get; init; }

    /// <summary>Names of the pictures in <see cref="Folder"/>: <c>loss.svg</c>, <c>loss.png</c>, <c>rank-map.svg</c>, …</summary>
    public required IReadOnlyList<string> Pictures { get; init; }

    /// <summary>Why there are no PNG pictures, a sentence; null when there are. Page and SVG need no native library, PNG needs Skia's.</summary>
    public string? Missing { get; init; }
}
